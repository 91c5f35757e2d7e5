"""Collecting from an empty loop gives an empty list."""

from typing import List

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='collected-empty')
def pipeline(items: List[str] = []) -> str:
    with dsl.ParallelFor(items) as item:
        g = grow(text=item)
    return show_list(items=dsl.Collected(g.output)).output

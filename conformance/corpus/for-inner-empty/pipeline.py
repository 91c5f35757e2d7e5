"""Inner loops of different lengths, one of them empty."""

from typing import List

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='for-inner-empty')
def pipeline(groups: List[list]) -> str:
    with dsl.ParallelFor(groups) as group:
        with dsl.ParallelFor(group) as item:
            s = say(text=item)
    return show_list(items=dsl.Collected(s.output)).output

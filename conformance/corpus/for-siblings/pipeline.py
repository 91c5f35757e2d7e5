"""Two loops over the same parameter side by side, and a task after both."""

from typing import List

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='for-siblings')
def pipeline(items: List[str] = ['a', 'b']) -> str:
    with dsl.ParallelFor(items) as x:
        s = say(text=x)
    with dsl.ParallelFor(items) as y:
        g = grow(text=y)
    return join(a=show_list(items=dsl.Collected(s.output)).output, b=show_list(items=dsl.Collected(g.output)).output).output

"""Outputs of the pipeline from a nested pipeline inside another, and from a loop in it."""

from typing import List, NamedTuple

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner(items: List[str]) -> NamedTuple('O', [('one', str), ('all', List[str])]):
    with dsl.ParallelFor(items) as item:
        g = grow(text=item)
    O = NamedTuple('O', [('one', str), ('all', List[str])])
    return O(say(text='one').output, dsl.Collected(g.output))


@dsl.pipeline(name='output-from-group')
def pipeline() -> NamedTuple('O', [('one', str), ('all', List[str])]):
    i = inner(items=['p', 'q'])
    O = NamedTuple('O', [('one', str), ('all', List[str])])
    return O(i.outputs['one'], i.outputs['all'])

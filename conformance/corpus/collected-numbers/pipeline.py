"""Collected numbers keep their kind."""

from typing import List, NamedTuple

from kfp import dsl


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline
def inner(words: List[str]) -> List[int]:
    with dsl.ParallelFor(words) as word:
        c = count(text=word)
    return dsl.Collected(c.output)


@dsl.pipeline(name='collected-numbers')
def pipeline() -> NamedTuple('O', [('list', List[int]), ('text', str)]):
    O = NamedTuple('O', [('list', List[int]), ('text', str)])
    lengths = inner(words=['a', 'bbb']).output
    return O(lengths, show_list(items=lengths).output)

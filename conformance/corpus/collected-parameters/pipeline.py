"""The outputs of all iterations as one list, in the order of the items."""

from typing import List, NamedTuple

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='collected-parameters')
def pipeline() -> NamedTuple('O', [('all', List[str]), ('text', str)]):
    with dsl.ParallelFor(['c', 'a', 'b']) as item:
        g = grow(text=item)
    O = NamedTuple('O', [('all', List[str]), ('text', str)])
    return O(dsl.Collected(g.output), show_list(items=dsl.Collected(g.output)).output)

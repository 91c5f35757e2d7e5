"""An optional list: what a loop has given, and nothing."""

from typing import List, NamedTuple, Optional

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])

@dsl.container_component
def join(out: dsl.OutputPath(str), items: Optional[List[str]] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, dsl.IfPresentPlaceholder('items', then=[items], else_=['nothing'])])


@dsl.pipeline(name='collected-optional')
def pipeline(extra: Optional[List[str]] = None) -> NamedTuple('O', [('a', str), ('b', str), ('c', str)]):
    O = NamedTuple('O', [('a', str), ('b', str), ('c', str)])
    with dsl.ParallelFor(['a', 'b']) as item:
        g = grow(text=item)
    return O(join(items=dsl.Collected(g.output)).output, join(items=extra).output, join().output)

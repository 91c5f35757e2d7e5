"""A loop over what another loop has collected."""

from typing import List

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner() -> List[str]:
    with dsl.ParallelFor(['a', 'b']) as x:
        g = grow(text=x)
    return dsl.Collected(g.output)


@dsl.pipeline(name='collected-loop')
def pipeline():
    with dsl.ParallelFor(inner().output) as y:
        grow(text=y)

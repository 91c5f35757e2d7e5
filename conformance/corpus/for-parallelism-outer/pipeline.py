"""Two outer iterations at a time, the inner loop without a limit."""

from typing import List

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='for-parallelism-outer')
def pipeline(outer: List[str] = ['a', 'b', 'c']):
    with dsl.ParallelFor(outer, parallelism=2) as x:
        with dsl.ParallelFor(['1', '2']) as y:
            join(a=x, b=y)

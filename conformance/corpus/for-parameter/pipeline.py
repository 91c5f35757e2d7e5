"""A loop over a parameter of the pipeline, with numbers in it."""

from typing import List

from kfp import dsl


@dsl.container_component
def twice(n: int, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s $(( $0 * 2 )) > "$1"'], args=[n, out])


@dsl.pipeline(name='for-parameter')
def pipeline(numbers: List[int] = [1, 2]):
    with dsl.ParallelFor(numbers) as n:
        twice(n=n)

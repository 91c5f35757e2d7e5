"""A loop over structs of a parameter; a field that is a struct and one that is a number."""

from typing import List

from kfp import dsl


@dsl.container_component
def show(n: int, m: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf "%s %s" "$0" "$1" > "$2"'], args=[n, m, out])


@dsl.pipeline(name='for-dict-parameter')
def pipeline(items: List[dict]):
    with dsl.ParallelFor(items) as item:
        show(n=item.n, m=item.m)

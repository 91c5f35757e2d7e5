"""The inner loop goes over a list in a field of the outer item."""

from typing import List

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='for-nested-field')
def pipeline(items: List[dict]):
    with dsl.ParallelFor(items) as item:
        with dsl.ParallelFor(item.parts) as part:
            join(a=item.title, b=part)

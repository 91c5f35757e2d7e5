"""A loop of 50."""

from typing import List

from kfp import dsl


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-wide')
def pipeline() -> List[int]:
    with dsl.ParallelFor([f'{"i" * (i % 5)}' + str(i) for i in range(50)]) as item:
        n = count(text=item)
    return dsl.Collected(n.output)

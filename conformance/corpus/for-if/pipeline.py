"""A condition on the item: some iterations skip."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-if')
def pipeline():
    with dsl.ParallelFor([1, 2, 3]) as n:
        with dsl.If(n == 2):
            say(text=f'{n}')

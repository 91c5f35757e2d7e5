"""A loop inside a condition that holds, another inside one that does not."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-in-if')
def pipeline(go: bool = True):
    with dsl.If(go == True):
        with dsl.ParallelFor(['a', 'b']) as item:
            say(text=item)
    with dsl.If(go == False):
        with dsl.ParallelFor(['c']) as item:
            say(text=item)

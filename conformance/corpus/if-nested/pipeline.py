"""A condition inside a condition; what stands inside a skipped one has no record."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-nested')
def pipeline(a: int = 1, b: int = 2):
    with dsl.If(a == 1):
        say(text='a')
        with dsl.If(b == 1):
            say(text='a and b')
        with dsl.If(b == 2):
            say(text='a and other b')
    with dsl.If(a == 2):
        with dsl.If(b == 2):
            say(text='never')

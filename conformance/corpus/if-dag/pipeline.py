"""A nested pipeline inside a condition, and a condition inside a nested pipeline."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner(n: int):
    say(text='always')
    with dsl.If(n > 1):
        say(text='more')


@dsl.pipeline(name='if-dag')
def pipeline(n: int = 2):
    with dsl.If(n == 2):
        inner(n=n)
    with dsl.If(n == 3):
        inner(n=n)

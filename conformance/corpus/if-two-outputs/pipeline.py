"""A condition that compares the outputs of two tasks."""

from kfp import dsl


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-two-outputs')
def pipeline(a: str = 'xx', b: str = 'y'):
    left, right = count(text=a), count(text=b)
    with dsl.If(left.output > right.output):
        say(text=f'{left.output}>{right.output}')
    with dsl.Else():
        say(text='no')

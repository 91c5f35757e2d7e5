"""OneOf over parameters: the branch that ran gives the value."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='oneof-parameter')
def pipeline(n: int) -> str:
    with dsl.If(n == 1):
        a = say(text='one')
    with dsl.Elif(n == 2):
        b = say(text='two')
    with dsl.Else():
        c = say(text='many')
    return grow(text=dsl.OneOf(a.output, b.output, c.output)).output

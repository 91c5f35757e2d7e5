"""Text compared in a condition, with spaces and characters that mean something elsewhere."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-quotes')
def pipeline(text: str):
    with dsl.If(text == 'a "b" && c || {d}'):
        say(text='same')
    with dsl.Else():
        say(text='other')

"""The second of three branches runs, the others are skipped."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-elif-else')
def pipeline(n: int):
    with dsl.If(n < 0):
        say(text='negative')
    with dsl.Elif(n == 0):
        say(text='zero')
    with dsl.Else():
        say(text='positive')

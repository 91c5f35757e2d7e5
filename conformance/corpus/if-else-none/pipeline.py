"""No branch of an If with an Elif runs: the run succeeds."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-else-none')
def pipeline(n: int):
    with dsl.If(n == 1):
        say(text='one')
    with dsl.Elif(n == 2):
        say(text='two')

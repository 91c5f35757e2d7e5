"""Two exit handlers in a row: the second group waits for nothing of the first."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.pipeline(name='exit-two')
def pipeline():
    with dsl.ExitHandler(say(text='bye 1')):
        fail()
    with dsl.ExitHandler(say(text='bye 2')):
        say(text='fine')

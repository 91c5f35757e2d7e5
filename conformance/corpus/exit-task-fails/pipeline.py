"""The group succeeds but the exit task fails: the run fails."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.pipeline(name='exit-task-fails')
def pipeline():
    with dsl.ExitHandler(fail()):
        say(text='fine')

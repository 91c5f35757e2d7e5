"""A condition whose input comes from a failed task does not get evaluated."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def broken(out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'exit 1', out])


@dsl.pipeline(name='if-failed-upstream')
def pipeline():
    with dsl.If(broken().output == 1):
        say(text='yes')
    with dsl.Else():
        say(text='no')

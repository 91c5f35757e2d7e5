"""An exit task after a group that succeeded."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='exit-success')
def pipeline():
    with dsl.ExitHandler(say(text='bye')):
        a = say(text='a')
        say(text=a.output)

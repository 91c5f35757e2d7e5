"""A condition inside an exit handler that does not hold: the group has ended well."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='exit-if')
def pipeline(go: bool = False):
    with dsl.ExitHandler(say(text='bye')):
        say(text='first')
        with dsl.If(go == True):
            say(text='second')

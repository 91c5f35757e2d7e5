"""A display name changes what people read, not how tasks are known."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='display-name', display_name='A pipeline with a long name', description='Shows names.')
def pipeline() -> str:
    a = say(text='a').set_display_name('Say something')
    return grow(text=a.output).set_display_name('Say something').output

"""A task with caching off runs anew; what depends on its value hits when the value is the same."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='cache-off')
def pipeline() -> str:
    a = say(text='a').set_caching_options(False)
    return grow(text=a.output).output

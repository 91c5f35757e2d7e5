"""A task that ends well without writing its output parameter has failed."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def forget(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['true', out])


@dsl.pipeline(name='failure-missing-output')
def pipeline():
    say(text=forget().output)

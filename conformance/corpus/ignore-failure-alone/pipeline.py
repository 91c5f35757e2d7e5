"""A task that ignores failures and has nothing before it."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='ignore-failure-alone')
def pipeline():
    say(text='alone').ignore_upstream_failure()

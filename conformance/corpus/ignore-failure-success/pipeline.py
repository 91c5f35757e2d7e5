"""The same when nothing fails."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='ignore-failure-success')
def pipeline(extra: str = 'e'):
    a = say(text='a')
    say(text=extra).after(a).ignore_upstream_failure()

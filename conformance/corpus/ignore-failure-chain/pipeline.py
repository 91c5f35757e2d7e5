"""Only the next task ignores the failure; what lies between is omitted and does not stop it."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='ignore-failure-chain')
def pipeline():
    f = fail()
    middle = say(text='middle').after(f)
    say(text='last').after(middle).ignore_upstream_failure()

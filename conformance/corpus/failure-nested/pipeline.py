"""A failure deep inside fails each pipeline around it."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner():
    fail()
    say(text='inside')


@dsl.pipeline
def outer():
    i = inner()
    say(text='after').after(i)


@dsl.pipeline(name='failure-nested')
def pipeline():
    outer()
    say(text='beside')

"""Order without data: `.after` with one and with two tasks."""

from kfp import dsl


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='after')
def pipeline():
    a = noop()
    b = say(text='b')
    c = say(text='c').after(a, b)
    say(text='d').after(c)

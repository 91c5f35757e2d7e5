"""A run that is cancelled: what runs is stopped, what has not begun does not begin, what has ended stays as it is."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])

@dsl.container_component
def wait(text: str):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'exec sleep 600'], args=[text])


@dsl.pipeline(name='cancel-plain')
def pipeline():
    s = say(text='first')
    w = wait(text=s.output)
    say(text='later').after(w)

"""Work that does not depend on a failed task goes on to its end."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def slow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'sleep 0.5; printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='failure-siblings')
def pipeline():
    f = fail()
    say(text='omitted').after(f)
    s = slow(text='s')
    say(text=s.output)

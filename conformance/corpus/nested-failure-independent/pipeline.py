"""Two nested pipelines, one fails inside; the other and what needs it go on."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def good(text: str) -> str:
    return grow(text=text).output


@dsl.pipeline
def bad() -> str:
    f = fail()
    return say(text='late').after(f).output


@dsl.pipeline(name='nested-failure-independent')
def pipeline():
    b = bad()
    g = good(text='g')
    grow(text=g.output)
    grow(text=b.output)

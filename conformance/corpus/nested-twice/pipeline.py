"""The same pipeline used twice with other arguments."""

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline
def inner(text: str, more: str = '-') -> str:
    return join(a=grow(text=text).output, b=more).output


@dsl.pipeline(name='nested-twice')
def pipeline() -> str:
    return join(a=inner(text='a').output, b=inner(text='b', more='+').output).output

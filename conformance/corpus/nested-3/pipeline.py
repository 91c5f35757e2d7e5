"""Pipelines in pipelines, three deep, with values passed down and up."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.container_component
def wrap(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf "[%s]" "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner(text: str) -> str:
    return grow(text=text).output


@dsl.pipeline
def middle(text: str) -> str:
    return join(a=inner(text=text).output, b='m').output


@dsl.pipeline
def outer(text: str) -> str:
    return middle(text=wrap(text=text).output).output


@dsl.pipeline(name='nested-3')
def pipeline(text: str = 't') -> str:
    return say(text=outer(text=text).output).output

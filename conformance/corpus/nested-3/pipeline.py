"""Pipelines in pipelines, three deep, with values passed down and up."""

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def inner(text: str) -> str:
    return grow(text=text).output


@dsl.pipeline
def middle(text: str) -> str:
    return grow(text=inner(text=text).output).output


@dsl.pipeline
def outer(text: str) -> str:
    return middle(text=grow(text=text).output).output


@dsl.pipeline(name='nested-3')
def pipeline(text: str = '') -> str:
    return grow(text=outer(text=text).output).output

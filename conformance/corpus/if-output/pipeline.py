"""Conditions on what a task has found, one true and one false, with a task inside that uses the value."""

from kfp import dsl


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='if-output')
def pipeline(text: str = 'abc'):
    n = count(text=text)
    with dsl.If(n.output > 2, name='long'):
        grow(text=f'{n.output}')
    with dsl.If(n.output > 5, name='very-long'):
        grow(text=f'{n.output}')

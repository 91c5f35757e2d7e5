"""Defaults of a pipeline, of a nested one and of a component: the nearest given value wins."""

from kfp import dsl


@dsl.container_component
def show(out: dsl.OutputPath(str), a: str = 'component', b: str = 'component', c: str = 'component'):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf "%s %s %s" "$0" "$1" "$2" > "$3"'], args=[a, b, c, out])


@dsl.pipeline
def inner(a: str = 'inner', b: str = 'inner') -> str:
    return show(a=a, b=b).output


@dsl.pipeline(name='nested-defaults-chain')
def pipeline(a: str = 'outer') -> str:
    return inner(a=a).output

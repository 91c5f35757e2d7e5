"""A struct with the same content in another order is the same input; another value is not."""

from kfp import dsl


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.container_component
def show(m: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'date +%N > "$1"'], args=[m, out])


@dsl.pipeline(name='cache-parameter-order')
def pipeline():
    a = show(m={'x': 1, 'y': 2})
    b = show(m={'y': 2, 'x': 1}).after(a)
    show(m={'x': 1, 'y': 3}).after(b)

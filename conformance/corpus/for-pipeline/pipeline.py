"""A loop over a nested pipeline that holds a loop itself."""

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline
def inner(x: str):
    with dsl.ParallelFor(['1', '2']) as y:
        join(a=x, b=y)


@dsl.pipeline(name='for-pipeline')
def pipeline():
    with dsl.ParallelFor(['a', 'b']) as x:
        inner(x=x)

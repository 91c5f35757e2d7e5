"""A loop in a loop; the inner task sees both items."""

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='for-nested')
def pipeline():
    with dsl.ParallelFor(['a', 'b']) as x:
        with dsl.ParallelFor(['1', '2']) as y:
            join(a=x, b=y)

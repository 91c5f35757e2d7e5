"""A loop over structs by the names of their fields."""

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='for-dict')
def pipeline():
    with dsl.ParallelFor([{'a': '1', 'b': 'x'}, {'a': '2', 'b': 'y'}]) as item:
        join(a=item.a, b=item.b)

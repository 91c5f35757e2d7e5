"""Loops over fields of the items of a list that a task made, with texts around them."""

from kfp import dsl


@dsl.container_component
def make(out: dsl.OutputPath(list)):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', '''printf '[{"a":1,"b":[5,6]},{"a":2.5,"b":[]}]' > "$0"''', out])


@dsl.container_component
def show(x: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf "%s" "$0" > "$1"', x, out])


@dsl.pipeline(name='for-upstream-fields')
def pipeline(items: list = ['x', 1.0, True, {'k': 1.0}]):
    with dsl.ParallelFor(make().output) as item:
        show(x=f'<{item.a}>')
        with dsl.ParallelFor(item.b) as inner:
            show(x=f'{item.a}-{inner}')
    with dsl.ParallelFor(items) as item:
        show(x=f'{item}')

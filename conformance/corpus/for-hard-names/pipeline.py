"""Shapes that the SDK compiles carelessly: items and their fields in texts for groups and nested pipelines, a loop
over the list of the loop around it."""

from kfp import dsl


@dsl.container_component
def show(x: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf "%s" "$0" > "$1"', x, out])


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline
def inner(x: str) -> str:
    return show(x=f'({x})').output


@dsl.pipeline(name='for-hard-names')
def pipeline(text: str = 't', fields: list = [{'a': 'f', 'b': [{'a': 'g'}]}], names: list = ['n', 'm']):
    with dsl.ParallelFor(names) as name:
        with dsl.If(text == 't'):
            inner(x=f'{name}{text}')
        with dsl.ParallelFor(names, parallelism=1) as again:
            show(x=f'{again}')
    with dsl.ExitHandler(noop()):
        with dsl.If(text != 'u'):
            with dsl.ParallelFor(fields) as item:
                with dsl.ParallelFor(item.b) as deep:
                    inner(x=f'{item.a}{deep.a}')

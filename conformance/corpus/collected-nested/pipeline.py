"""Nested loops give a list of lists."""

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='collected-nested')
def pipeline() -> str:
    with dsl.ParallelFor(['a', 'b']) as x:
        with dsl.ParallelFor(['1', '2']) as y:
            j = join(a=x, b=y)
    return show_list(items=dsl.Collected(j.output)).output

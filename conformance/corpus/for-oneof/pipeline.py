"""OneOf in each iteration of a loop, collected afterwards."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='for-oneof')
def pipeline() -> str:
    with dsl.ParallelFor(['x', 'y', 'x']) as item:
        with dsl.If(item == 'x'):
            a = say(text='is x')
        with dsl.Else():
            b = grow(text=item)
        g = grow(text=dsl.OneOf(a.output, b.output))
    return show_list(items=dsl.Collected(g.output)).output

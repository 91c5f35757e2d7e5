"""Iterations whose branch did not run contribute nothing."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='collected-skipped')
def pipeline() -> str:
    with dsl.ParallelFor([1, 2, 3]) as n:
        with dsl.If(n != 2):
            s = say(text=f'n{n}')
    return show_list(items=dsl.Collected(s.output)).output

"""A value handed from task to task."""

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='chain')
def pipeline(start: str = 'a') -> str:
    first = grow(text=start)
    second = grow(text=first.output)
    third = grow(text=second.output)
    return third.output

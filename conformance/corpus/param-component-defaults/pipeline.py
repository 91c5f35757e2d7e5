"""A component's own defaults stand for the inputs that are not passed."""

from kfp import dsl


@dsl.container_component
def show(out: dsl.OutputPath(str), s: str = 'dflt', i: int = 7, b: bool = True, l: list = [1, 2]):
    return dsl.ContainerSpec(
        image='busybox', command=['sh', '-c', 'printf "%s|%s|%s|%s" "$0" "$1" "$2" "$3" > "$4"'],
        args=[s, i, b, l, out])


@dsl.pipeline(name='param-component-defaults')
def pipeline() -> str:
    return show(i=8).output

"""Parameters of each type as words of a command: their text forms."""

from kfp import dsl


@dsl.container_component
def show(s: str, i: int, d: float, b: bool, l: list, m: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s|%s|%s|%s|%s|%s" "$0" "$1" "$2" "$3" "$4" "$5" > "$6"'],
        args=[s, i, d, b, l, m, out])


@dsl.pipeline(name='param-types')
def pipeline(s: str, i: int, d: float, b: bool, l: list, m: dict) -> str:
    return show(s=s, i=i, d=d, b=b, l=l, m=m).output

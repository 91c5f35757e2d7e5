"""Empty text, zero, big integers, integral doubles and empty containers keep their text forms."""

from kfp import dsl


@dsl.container_component
def show(s: str, i: int, big: int, d: float, b: bool, l: list, m: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s|%s|%s|%s|%s|%s|%s" "$0" "$1" "$2" "$3" "$4" "$5" "$6" > "$7"'],
        args=[s, i, big, d, b, l, m, out])


@dsl.pipeline(name='param-edge-values')
def pipeline(s: str, i: int, big: int, d: float, b: bool, l: list, m: dict) -> str:
    return show(s=s, i=i, big=big, d=d, b=b, l=l, m=m).output

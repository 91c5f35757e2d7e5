"""OneOf as the value of an optional input, and optional inputs inside its branches."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.pipeline(name='oneof-optional')
def pipeline(n: int = 1) -> str:
    with dsl.If(n == 1):
        a = show(text='one')
    with dsl.Else():
        b = show(text='many')
    return show(text='got', extra=dsl.OneOf(a.output, b.output)).output

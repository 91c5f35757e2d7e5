"""Optional inputs inside a condition: given, and left out."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.pipeline(name='if-optional')
def pipeline(go: bool = True, given: Optional[str] = None):
    with dsl.If(go == True):
        show(text='a', extra=given)
        show(text='b')

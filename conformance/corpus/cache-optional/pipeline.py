"""An absent optional input is the same as one that was passed as null, and another than one that is given."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.pipeline(name='cache-optional')
def pipeline(extra: Optional[str] = None, given: Optional[str] = None):
    one = show(text='a')
    two = show(text='a', extra=extra).after(one)
    three = show(text='a', extra=given).after(two)
    show(text='a', extra='g').after(three)

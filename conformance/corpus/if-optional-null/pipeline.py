"""A null that goes into a group, whose inputs are never optional, fails the group; a nested pipeline takes it."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.pipeline
def inner(extra: Optional[str] = None):
    show(text='inner', extra=extra)


@dsl.pipeline(name='if-optional-null')
def pipeline(go: bool = True, extra: Optional[str] = None):
    inner(extra=extra)
    with dsl.If(go == True):
        show(text='a', extra=extra)
    show(text='b', extra=extra)

"""Optional parameters of a nested pipeline: default taken, given, null reaching a component's IfPresent."""

from typing import NamedTuple, Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox', command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=[extra], else_=['nothing'])])


@dsl.pipeline
def inner(text: str = 'dflt', extra: Optional[str] = None) -> str:
    return show(text=text, extra=extra).output


@dsl.pipeline(name='nested-optional')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(inner().output, inner(text='t', extra='e').output)

"""Optional inputs: left out, given, and passed on as null from the pipeline."""

from typing import NamedTuple, Optional

from kfp import dsl


@dsl.container_component
def show(out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s:%s" "$#" "$*" > "$0"', out,
                 dsl.IfPresentPlaceholder('extra', then=['--extra', extra], else_=['--none'])])


@dsl.pipeline(name='param-optional')
def pipeline(absent: Optional[str] = None, given: Optional[str] = None) -> NamedTuple('O', [('a', str), ('b', str), ('c', str)]):
    O = NamedTuple('O', [('a', str), ('b', str), ('c', str)])
    return O(show().output, show(extra=absent).output, show(extra=given).output)

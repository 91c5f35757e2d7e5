"""Optional inputs inside a loop, left out and given."""

from typing import List, Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.pipeline(name='for-optional')
def pipeline(given: Optional[str] = None) -> List[str]:
    with dsl.ParallelFor(['a', 'b']) as item:
        show(text=item)
        s = show(text=item, extra=given)
    return dsl.Collected(s.output)

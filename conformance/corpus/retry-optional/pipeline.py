"""Optional inputs are the same at each attempt."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def optional_retried(out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge 1 ] && printf "%s" "$*" > "$0"', out, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])


@dsl.pipeline(name='retry-optional')
def pipeline(extra: Optional[str] = None, given: Optional[str] = None):
    optional_retried(extra=extra).set_retry(num_retries=1, backoff_duration='0s')
    optional_retried(extra=given).set_retry(num_retries=1, backoff_duration='0s')

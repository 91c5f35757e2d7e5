"""The third attempt succeeds; attempts know their number."""

from kfp import dsl


@dsl.container_component
def flaky(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox', command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge 2 ] && printf "attempt %s" "$KFP_RETRY_INDEX" > "$0"', out])


@dsl.pipeline(name='retry-success')
def pipeline() -> str:
    return flaky().set_retry(num_retries=4, backoff_duration='0s').output

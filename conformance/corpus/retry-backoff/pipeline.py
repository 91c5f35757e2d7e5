"""The second attempt waits for the back-off."""

from kfp import dsl


@dsl.container_component
def flaky():
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$KFP_RETRY_INDEX" = 1 ]'])


@dsl.pipeline(name='retry-backoff')
def pipeline():
    flaky().set_retry(num_retries=1, backoff_duration='1s', backoff_factor=2.0)

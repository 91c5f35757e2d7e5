"""Retries inside a loop: each iteration counts its own attempts."""

from kfp import dsl


@dsl.container_component
def flaky(least: int):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$0" ]'], args=[least])


@dsl.pipeline(name='for-retry')
def pipeline():
    with dsl.ParallelFor([0, 1, 2]) as n:
        flaky(least=n).set_retry(num_retries=2, backoff_duration='0s')

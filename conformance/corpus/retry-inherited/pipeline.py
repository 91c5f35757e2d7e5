"""A policy on a nested pipeline holds for its tasks that have none of their own."""

from kfp import dsl


@dsl.container_component
def flaky(least: int):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$0" ]'], args=[least])


@dsl.pipeline
def inner():
    flaky(least=1)
    flaky(least=2).set_retry(num_retries=2, backoff_duration='0s')


@dsl.pipeline(name='retry-inherited')
def pipeline():
    inner().set_retry(num_retries=1, backoff_duration='0s')

"""A policy on a pipeline counts for its tasks, through groups and loops, unless they have their own."""

from kfp import dsl


@dsl.container_component
def flaky(least: int):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "${KFP_RETRY_INDEX:-0}" -ge "$0" ]'], args=[least])


@dsl.pipeline
def inner(least: int):
    with dsl.ParallelFor([1]) as item:
        with dsl.If(item == 1):
            flaky(least=least)
    flaky(least=1).set_retry(num_retries=1, backoff_duration='0s')


@dsl.pipeline(name='retry-group')
def pipeline():
    inner(least=2).set_retry(num_retries=2, backoff_duration='0s')

"""Two tasks share a nested pipeline and give it different policies."""

from kfp import dsl


@dsl.container_component
def flaky(least: int):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "${KFP_RETRY_INDEX:-0}" -ge "$0" ]'], args=[least])


@dsl.pipeline
def inner(least: int):
    flaky(least=least)


@dsl.pipeline(name='retry-two-inherit')
def pipeline():
    inner(least=1).set_retry(num_retries=1, backoff_duration='0s')
    inner(least=3).set_retry(num_retries=3, backoff_duration='0s')
    inner(least=0)

"""A Python function that succeeds at its third attempt."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def flaky() -> str:
    import os
    index = os.environ['KFP_RETRY_INDEX']
    if int(index) < 2:
        raise RuntimeError('not yet')
    return index


@dsl.pipeline(name='py-retry')
def pipeline() -> str:
    return flaky().set_retry(num_retries=3, backoff_duration='0s', backoff_max_duration='1s').output

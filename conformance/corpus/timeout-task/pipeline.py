"""A task has a time limit for each attempt; the platform document says so."""

from kfp import dsl


@dsl.container_component
def slow():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'if [ "$KFP_RETRY_INDEX" = 0 ]; then sleep 60; fi'])


@dsl.container_component
def hang():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'sleep 60'])


@dsl.pipeline(name='timeout-task')
def pipeline():
    slow().set_retry(num_retries=1, backoff_duration='0s')
    hang()


PLATFORM = {'deploymentSpec': {'executors': {
    'exec-slow': {'activeDeadlineSeconds': 1},
    'exec-hang': {'activeDeadlineSeconds': 1}}}}

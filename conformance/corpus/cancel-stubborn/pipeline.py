"""A program that handles the request to stop has time to tidy up, and is not started again."""

from kfp import dsl
from kfp.dsl import Artifact, Output


@dsl.container_component
def stubborn(art: Output[Artifact]):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done', art.path])


@dsl.pipeline(name='cancel-stubborn')
def pipeline():
    stubborn().set_retry(num_retries=3, backoff_duration='0s')

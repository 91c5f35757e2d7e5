"""Back-off of a policy on a nested pipeline: each of its tasks waits 0.4 s, then 0.8 s."""

from kfp import dsl


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline
def inner():
    retried(text='a', least=2)


@dsl.pipeline(name='retry-dag-backoff')
def pipeline():
    inner().set_retry(num_retries=2, backoff_duration='1s', backoff_factor=2.0)


def edit(document):
    document['root']['dag']['tasks']['inner']['retryPolicy']['backoffDuration'] = '0.4s'

"""A task that succeeded at its second attempt is taken from the cache without any attempt; one that failed is tried anew."""

from kfp import dsl


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='cache-retry')
def pipeline():
    retried(text='a', least=1).set_retry(num_retries=1, backoff_duration='0s')
    retried(text='b', least=9).set_retry(num_retries=1, backoff_duration='0s')

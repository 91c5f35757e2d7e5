"""Retries inside the group and of the exit task; the group has ended well."""

from kfp import dsl


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='exit-retry')
def pipeline():
    last = retried(text='last', least=1).set_retry(num_retries=1, backoff_duration='0s')
    with dsl.ExitHandler(last):
        retried(text='first', least=2).set_retry(num_retries=2, backoff_duration='0s')

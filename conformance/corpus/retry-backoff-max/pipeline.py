"""Back-off grows by its factor, but never past its maximum: 0.2 s, then 0.5 s twice."""

from kfp import dsl


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='retry-backoff-max')
def pipeline():
    retried(text='a', least=3).set_retry(num_retries=3, backoff_duration='1s', backoff_factor=1000.0, backoff_max_duration='2s')


def edit(document):
    document['root']['dag']['tasks']['retried']['retryPolicy'].update(backoffDuration='0.2s', backoffMaxDuration='0.5s')

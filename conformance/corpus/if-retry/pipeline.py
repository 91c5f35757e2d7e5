"""A condition on what a retried task has found, and a retried task inside a condition."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='if-retry')
def pipeline():
    r = retried(text='ok', least=1).set_retry(num_retries=2, backoff_duration='0s')
    with dsl.If(r.output == 'ok after 1'):
        retried(text='inside', least=2).set_retry(num_retries=2, backoff_duration='0s')
    with dsl.Else():
        say(text='never')

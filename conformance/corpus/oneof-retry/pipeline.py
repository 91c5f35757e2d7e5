"""The branch that OneOf takes its value from succeeded at its second attempt."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])

@dsl.pipeline(name='oneof-retry')
def pipeline(n: int = 1) -> str:
    with dsl.If(n == 1):
        a = retried(text='one', least=1).set_retry(num_retries=1, backoff_duration='0s')
    with dsl.Else():
        b = say(text='many')
    return grow(text=dsl.OneOf(a.output, b.output)).set_retry(num_retries=1).output

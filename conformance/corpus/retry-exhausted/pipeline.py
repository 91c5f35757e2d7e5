"""All attempts fail: the task has failed, once."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='retry-exhausted')
def pipeline():
    f = fail().set_retry(num_retries=2, backoff_duration='0s')
    say(text='never').after(f)

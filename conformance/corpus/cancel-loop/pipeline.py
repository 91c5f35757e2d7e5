"""A cancelled loop: iterations that had ended stay, the one that runs is stopped, the others do not begin."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])

@dsl.container_component
def wait(text: str):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$0" = a ] || exec sleep 600', text])


@dsl.pipeline(name='cancel-loop')
def pipeline():
    with dsl.ParallelFor(['a', 'b', 'c'], parallelism=1) as item:
        w = wait(text=item).set_retry(num_retries=3, backoff_duration='0s')
        say(text=item).after(w)

"""A task that ignores failures after a loop with a failed iteration."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def picky(text: str):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$0" != b ]'], args=[text])


@dsl.pipeline(name='ignore-failure-loop')
def pipeline(last: str = 'last'):
    with dsl.ParallelFor(['a', 'b']) as item:
        p = picky(text=item)
    say(text=last).after(p).ignore_upstream_failure()

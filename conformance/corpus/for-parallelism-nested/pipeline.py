"""Limits of nested loops hold for each loop alone: inner iterations one at a time, in order."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])

@dsl.pipeline(name='for-parallelism-nested')
def pipeline():
    with dsl.ParallelFor(['a', 'b'], parallelism=1) as outer:
        with dsl.ParallelFor(['1', '2'], parallelism=1) as inner:
            say(text=inner).after(grow(text=outer))

"""A loop with one iteration at a time."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-parallelism')
def pipeline():
    with dsl.ParallelFor(['a', 'b', 'c', 'd'], parallelism=1) as item:
        say(text=item)

"""Equal items one after another in a loop: the second one is taken from the first."""

from kfp import dsl


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-cache')
def pipeline():
    with dsl.ParallelFor(['a', 'a', 'b'], parallelism=1) as item:
        stamp(text=item)

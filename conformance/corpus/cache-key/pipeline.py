"""A cache key stands for the whole fingerprint of a component: its inputs do not count."""

from kfp import dsl


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.pipeline(name='cache-key')
def pipeline():
    with dsl.ParallelFor(['one', 'two'], parallelism=1) as item:
        stamp(text=item).set_caching_options(True, cache_key='k')

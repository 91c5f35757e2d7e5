"""A cache key stands for the whole fingerprint of a component."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.pipeline(name='cache-key')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    a = stamp(text='one').set_caching_options(True, cache_key='k')
    b = stamp(text='two').set_caching_options(True, cache_key='k').after(a)
    return O(a.output, b.output)

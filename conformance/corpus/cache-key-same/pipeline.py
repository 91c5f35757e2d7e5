"""The same key on two components are two keys; a key on a task of another name is the same."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])

@dsl.pipeline(name='cache-key-same')
def pipeline():
    a = stamp(text='a').set_caching_options(True, cache_key='k')
    b = say(text='b').set_caching_options(True, cache_key='k').after(a)
    stamp(text='c').set_caching_options(True, cache_key='other').after(b)

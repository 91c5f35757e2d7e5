"""A condition on a value from the cache; what runs in its branch is cached as well, and the other branch is skipped again."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])

@dsl.pipeline(name='cache-if')
def pipeline():
    s = say(text='go')
    with dsl.If(s.output == 'go'):
        stamp(text='inside')
    with dsl.If(s.output != 'go'):
        stamp(text='elsewhere')

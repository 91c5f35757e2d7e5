"""OneOf of a branch that is taken from the cache."""

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])

@dsl.pipeline(name='cache-oneof')
def pipeline(n: int = 1) -> str:
    with dsl.If(n == 1):
        a = stamp(text='one')
    with dsl.Else():
        b = stamp(text='many')
    return grow(text=dsl.OneOf(a.output, b.output)).output

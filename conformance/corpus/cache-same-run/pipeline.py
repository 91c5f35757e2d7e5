"""Two tasks with the same component and inputs: the second takes the result of the first."""

from kfp import dsl


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='cache-same-run')
def pipeline() -> str:
    a = stamp(text='t')
    b = stamp(text='t').after(a)
    c = stamp(text='u').after(a)
    return join(a=a.output, b=b.output).output

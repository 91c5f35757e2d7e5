"""Two tasks side by side between a producer and a consumer."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='diamond')
def pipeline() -> str:
    top = say(text='t')
    left = join(a=top.output, b='l')
    right = join(a=top.output, b='r')
    return join(a=left.output, b=right.output).output

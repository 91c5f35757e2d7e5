"""Defaults of the pipeline, one of them overridden by an argument."""

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.pipeline(name='param-defaults')
def pipeline(a: str = 'one', b: str = 'two') -> str:
    return join(a=a, b=b).output

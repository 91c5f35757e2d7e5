"""A second run takes everything from the first, artifacts as well; groups have no cache of their own."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def extend(art: Input[Artifact], more: str, result: Output[Artifact]):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', '{ cat "$0"; printf %s "$1"; } > "$2"'], args=[art.path, more, result.path])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline
def inner(art: Input[Artifact]) -> str:
    return read(art=extend(art=art, more='+').outputs['result']).output


@dsl.pipeline(name='cache-again')
def pipeline(text: str = 't') -> str:
    return inner(art=write(text=text).outputs['art']).output

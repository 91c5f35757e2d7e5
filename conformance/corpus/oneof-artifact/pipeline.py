"""OneOf over artifacts, as an input of a task and as an output of the pipeline."""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='oneof-artifact')
def pipeline(n: int) -> NamedTuple('O', [('text', str), ('file', Artifact)]):
    with dsl.If(n == 1):
        a = write(text='one')
    with dsl.Else():
        b = write(text='other')
    chosen = dsl.OneOf(a.outputs['art'], b.outputs['art'])
    O = NamedTuple('O', [('text', str), ('file', Artifact)])
    return O(read(art=chosen).output, chosen)

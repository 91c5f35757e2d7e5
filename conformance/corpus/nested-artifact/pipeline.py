"""Artifacts through the border of a nested pipeline, in and out."""

from typing import NamedTuple

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
def inner(art: Input[Artifact]) -> Artifact:
    return extend(art=art, more='-inner').outputs['result']


@dsl.pipeline(name='nested-artifact')
def pipeline() -> NamedTuple('O', [('text', str), ('file', Artifact)]):
    O = NamedTuple('O', [('text', str), ('file', Artifact)])
    made = inner(art=write(text='begin').outputs['art'])
    last = extend(art=made.output, more='-end').outputs['result']
    return O(read(art=last).output, last)

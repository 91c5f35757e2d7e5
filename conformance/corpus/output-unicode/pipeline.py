"""Bytes beyond ASCII in outputs, artifacts and arguments."""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='output-unicode')
def pipeline(text: str) -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(say(text=text).output, read(art=write(text=text).outputs['art']).output)

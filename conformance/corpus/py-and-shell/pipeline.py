"""Artifacts from a Python function to a shell command and back."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def extend(art: Input[Artifact], more: str, result: Output[Artifact]):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', '{ cat "$0"; printf %s "$1"; } > "$2"'], args=[art.path, more, result.path])


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(text: str, art: Output[Artifact]):
    with open(art.path, 'w') as f:
        f.write(text)
    art.metadata['kind'] = 'greeting'


@dsl.component(base_image='python:3.11', packages_to_install=[])
def last(art: Input[Artifact]) -> str:
    return open(art.path).read()


@dsl.pipeline(name='py-and-shell')
def pipeline() -> str:
    return last(art=extend(art=make(text='py').outputs['art'], more='+sh').outputs['result']).output

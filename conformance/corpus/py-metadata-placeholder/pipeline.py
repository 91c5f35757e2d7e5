"""A shell command takes an artifact's metadata as a word."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(art: Output[Artifact]):
    with open(art.path, 'w') as f:
        f.write('x')
    art.metadata['kind'] = 'a "b"'


@dsl.container_component
def show(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"', art.metadata['kind'], out])


@dsl.pipeline(name='py-metadata-placeholder')
def pipeline() -> str:
    return show(art=make().outputs['art']).output

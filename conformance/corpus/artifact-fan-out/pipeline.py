"""One artifact read by three tasks, which cannot change it for each other."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='artifact-fan-out')
def pipeline():
    w = write(text='shared')
    for _ in range(3):
        read(art=w.outputs['art'])

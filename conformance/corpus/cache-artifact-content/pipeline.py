"""Two tasks that make equal artifacts: the second is taken from the first, and so is what reads them."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='cache-artifact-content')
def pipeline():
    a = write(text='w')
    b = write(text='w').after(a)
    r = read(art=a.outputs['art'])
    read(art=b.outputs['art']).after(r)

"""An artifact from outside read in each iteration of nested loops."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def extend(art: Input[Artifact], more: str, result: Output[Artifact]):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', '{ cat "$0"; printf %s "$1"; } > "$2"'], args=[art.path, more, result.path])


@dsl.pipeline(name='artifact-in-loop')
def pipeline():
    w = write(text='base')
    with dsl.ParallelFor(['1', '2']) as x:
        e = extend(art=w.outputs['art'], more=x)
        with dsl.ParallelFor(['a', 'b']) as y:
            extend(art=e.outputs['result'], more=y)

"""What lies beside an output artifact does not become part of it, and a declared output that was not written is absent."""

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def untidy(art: Output[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf kept > "$0"; echo x > "$(dirname "$0")/stray"; printf done > "$1"', art.path, out])


@dsl.container_component
def look(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'cat "$0" > "$1"', art.path, out])


@dsl.pipeline(name='leak-outputs')
def pipeline() -> str:
    return look(art=untidy().outputs['art']).output

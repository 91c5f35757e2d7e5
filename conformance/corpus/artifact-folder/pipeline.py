"""An artifact that is a folder with folders in it."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.container_component
def make(art: Output[Dataset]):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'mkdir -p "$0/a/b" && printf 1 > "$0/one" && printf 2 > "$0/a/b/two"', art.path])


@dsl.container_component
def look(art: Input[Dataset], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'cd "$0" && cat one a/b/two > "$1"', art.path, out])


@dsl.pipeline(name='artifact-folder')
def pipeline() -> str:
    return look(art=make().outputs['art']).output

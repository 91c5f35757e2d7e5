"""OneOf over artifacts from a task, a nested pipeline and an importer."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.container_component
def make(data: Output[Dataset]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf made > "$0"', data.path])


@dsl.container_component
def read(data: Input[Dataset], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"', data.path, out])


@dsl.pipeline
def inner() -> Dataset:
    return make().output


@dsl.pipeline(name='oneof-importer')
def pipeline(uri: str, where: str = 'there') -> str:
    with dsl.If(where == 'here'):
        a = make()
    with dsl.Elif(where == 'inside'):
        b = inner()
    with dsl.Else():
        c = dsl.importer(artifact_uri=uri, artifact_class=Dataset)
    return read(data=dsl.OneOf(a.outputs['data'], b.output, c.output)).output

"""Metadata of an importer, keys and values made from parameters and from an upstream output."""

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"', text, out])


@dsl.container_component
def look(data: Input[Dataset], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"', data.metadata, out])


@dsl.pipeline(name='importer-metadata')
def pipeline(uri: str, name: str = 'colour'):
    value = say(text='re"d')
    given = dsl.importer(
        artifact_uri=uri,
        artifact_class=Dataset,
        metadata={'plain': 1, name: value.output, 'list': ['x', name], 'deep': {'inner': f'<{value.output}>'}})
    look(data=given.output)

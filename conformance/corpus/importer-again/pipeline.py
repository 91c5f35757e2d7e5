"""Importers: what is known is used again, so that what reads it is cached; reimport makes it anew."""

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def read(data: Input[Dataset], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"', data.path, out])


@dsl.pipeline(name='importer-again')
def pipeline(uri: str):
    known = dsl.importer(artifact_uri=uri, artifact_class=Dataset, reimport=False, metadata={'a': 1})
    anew = dsl.importer(artifact_uri=uri, artifact_class=Dataset, reimport=True)
    read(data=known.output)
    read(data=anew.output)

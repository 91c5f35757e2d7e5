"""An artifact that lies on this machine, named by a parameter, imported without running anything."""

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='importer-parameter')
def pipeline(uri: str) -> str:
    given = dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, reimport=False, metadata={'colour': 'red'})
    return read(art=given.output).output

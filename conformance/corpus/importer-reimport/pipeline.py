"""An importer that may take the artifact of before, and one that imports anew; the cache follows."""

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])

@dsl.pipeline(name='importer-reimport')
def pipeline(uri: str):
    old = dsl.importer(artifact_uri=uri, artifact_class=Artifact, reimport=False, metadata={'colour': 'red'})
    new = dsl.importer(artifact_uri=uri, artifact_class=Artifact, reimport=True, metadata={'colour': 'blue', 'uri': uri})
    read(art=old.output)
    read(art=new.output)

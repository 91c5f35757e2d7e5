"""An importer inside a condition; in the branch that does not hold nothing is imported."""

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='importer-if')
def pipeline(uri: str, go: bool = True):
    with dsl.If(go == True):
        read(art=dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact).output)
    with dsl.Else():
        read(art=dsl.importer(artifact_uri='/no/such/file', artifact_class=dsl.Artifact).output)

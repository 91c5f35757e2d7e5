"""An importer in a loop."""

from typing import List

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='for-importer')
def pipeline(uris: List[str]):
    with dsl.ParallelFor(uris) as uri:
        read(art=dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset).output)

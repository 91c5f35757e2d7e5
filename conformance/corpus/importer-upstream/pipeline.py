"""An importer whose URI comes from a task."""

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def read(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0" > "$1"'], args=[art.path, out])


@dsl.pipeline(name='importer-upstream')
def pipeline(uri: str) -> str:
    found = say(text=uri)
    given = dsl.importer(artifact_uri=found.output, artifact_class=dsl.Artifact)
    return read(art=given.output).output

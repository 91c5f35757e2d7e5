"""An importer with a constant URI and metadata that holds a parameter."""

from kfp import dsl
from kfp.dsl import Artifact, Input


@dsl.container_component
def look(art: Input[Artifact], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'test -s "$0" && printf "%s" "$1" > "$2"'], args=[art.path, art.uri, out])


@dsl.pipeline(name='importer-constant')
def pipeline(name: str = 'n') -> str:
    given = dsl.importer(artifact_uri='/etc/passwd', artifact_class=dsl.Artifact, reimport=True, metadata={'name': name, 'fixed': 'f'})
    return look(art=given.output).output

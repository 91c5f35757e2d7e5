"""Artifacts imported in a loop, collected as a list; an importer in a branch of OneOf."""

from typing import List

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def count(data: Input[List[Dataset]], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', 'import json, sys; open(sys.argv[2], "w").write(" ".join(open(a["uri"]).read() for a in json.loads(sys.argv[1])))'],
        args=["{{$.inputs.artifacts['data']}}", out])


@dsl.pipeline(name='importer-collected')
def pipeline(uris: List[str]) -> str:
    with dsl.ParallelFor(uris) as uri:
        given = dsl.importer(artifact_uri=uri, artifact_class=Dataset)
    return count(data=dsl.Collected(given.output)).output

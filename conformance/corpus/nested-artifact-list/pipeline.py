"""A list of artifacts goes into a nested pipeline whole, and on from there."""

from typing import List

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])


@dsl.container_component
def read_all(arts: Input[List[Artifact]], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
arts = json.loads(sys.argv[1])
open(sys.argv[2], "w").write(",".join(open(a["uri"]).read() for a in arts))
'''], args=["{{$.inputs.artifacts['arts']}}", out])


@dsl.pipeline
def deeper(arts: Input[List[Artifact]]) -> str:
    return read_all(arts=arts).output


@dsl.pipeline
def inner(arts: Input[List[Artifact]]) -> str:
    return deeper(arts=arts).output


@dsl.pipeline(name='nested-artifact-list')
def pipeline() -> str:
    with dsl.ParallelFor(['c', 'a', 'b']) as item:
        w = write(text=item)
    return inner(arts=dsl.Collected(w.output)).output

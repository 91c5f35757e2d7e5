"""Artifacts of nested loops come as one flat list; skipped branches contribute nothing."""

from typing import List

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def write(x: int, y: int, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[x, y, art.path])


@dsl.container_component
def read_all(arts: Input[List[Artifact]], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
e = json.loads(sys.argv[1])
arts = e["inputs"]["artifacts"]["arts"]["artifacts"]
open(sys.argv[2], "w").write(",".join(open(a["uri"]).read() for a in arts))
'''], args=['{{$}}', out])


@dsl.pipeline(name='artifact-collected-nested')
def pipeline() -> str:
    with dsl.ParallelFor([1, 2]) as x:
        with dsl.ParallelFor([1, 2, 3]) as y:
            with dsl.If(y != 2):
                w = write(x=x, y=y)
    return read_all(arts=dsl.Collected(w.outputs['art'])).output

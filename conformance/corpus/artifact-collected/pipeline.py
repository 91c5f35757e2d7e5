"""The artifacts of all iterations as a list, in order, read through the ExecutorInput."""

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
e = json.loads(sys.argv[1])
arts = e["inputs"]["artifacts"]["arts"]["artifacts"]
open(sys.argv[2], "w").write(",".join(open(a["uri"]).read() for a in arts))
'''], args=['{{$}}', out])


@dsl.pipeline(name='artifact-collected')
def pipeline() -> str:
    with dsl.ParallelFor(['c', 'a', 'b']) as item:
        w = write(text=item)
    return read_all(arts=dsl.Collected(w.outputs['art'])).output

"""Collected parameters and artifacts from cached iterations are what they were, so that their readers are cached too."""

from typing import List

from kfp import dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.container_component
def stamp(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo "$0 $$ $(date +%N)" > "$1"'], args=[text, out])


@dsl.container_component
def write(text: str, art: Output[Artifact]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, art.path])

@dsl.container_component
def read_all(arts: Input[List[Artifact]], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
given = json.loads(sys.argv[1])["inputs"]["artifacts"]["arts"]["artifacts"]
open(sys.argv[2], "w").write(",".join(open(one["uri"]).read() for one in given))
'''], args=['{{$}}', out])


@dsl.pipeline(name='cache-collected')
def pipeline() -> str:
    with dsl.ParallelFor(['a', 'b']) as item:
        s = stamp(text=item)
        w = write(text=item)
    show_list(items=dsl.Collected(s.output))
    return read_all(arts=dsl.Collected(w.outputs['art'])).output

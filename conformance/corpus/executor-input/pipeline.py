"""The whole ExecutorInput as a word of the command is JSON with the inputs in it."""

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
e = json.loads(sys.argv[1])
path = e["outputs"]["parameters"]["out"]["outputFile"]
assert path == sys.argv[2], path
assert e["outputs"]["outputFile"]
open(path, "w").write(e["inputs"]["parameterValues"]["text"])
'''], args=['{{$}}', out])


@dsl.pipeline(name='executor-input')
def pipeline(text: str) -> str:
    return show(text=text).output

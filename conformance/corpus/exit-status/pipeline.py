"""The exit task of a container component gets the final status of a failed group."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def status(text: str, given: dsl.PipelineTaskFinalStatus, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
s = json.loads(sys.argv[2])
assert "exit-status" in s["pipelineJobResourceName"], s
open(sys.argv[3], "w").write(sys.argv[1] + " " + s["state"] + " " + s["pipelineTaskName"])
'''], args=[text, given, out])


@dsl.pipeline(name='exit-status')
def pipeline():
    with dsl.ExitHandler(status(text='it')):
        fail()

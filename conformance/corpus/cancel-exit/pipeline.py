"""A cancelled group is cleaned up after: its exit task runs and learns of it."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def status(given: dsl.PipelineTaskFinalStatus, out: dsl.OutputPath(str), note: Optional[str] = None):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
given, out, *note = sys.argv[1:]
given = json.loads(given)
open(out, "w").write(" ".join([given["state"], given["pipelineTaskName"], *note]))
'''], args=[given, out, dsl.IfPresentPlaceholder('note', then=[note], else_=['-'])])

@dsl.container_component
def wait(text: str):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'exec sleep 600'], args=[text])


@dsl.pipeline(name='cancel-exit')
def pipeline():
    with dsl.ExitHandler(status()):
        w = wait(text='x')
        say(text='later').after(w)

"""A plain task that ignores failures gets the final status of the task before it."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


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

@dsl.pipeline(name='status-of-task')
def pipeline():
    f = fail()
    status(note='after a failure').after(f).ignore_upstream_failure()
    s = say(text='well')
    status(note='after success').after(s).ignore_upstream_failure()

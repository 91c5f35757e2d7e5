"""OneOf inside the group of an exit handler; a skipped branch leaves the group well."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


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

@dsl.pipeline(name='exit-oneof')
def pipeline(n: int = 2):
    with dsl.ExitHandler(status()):
        with dsl.If(n == 1):
            a = say(text='one')
        with dsl.Else():
            b = grow(text='many')
        grow(text=dsl.OneOf(a.output, b.output))

"""What a loop has given is collected inside the group of an exit handler."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


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

@dsl.pipeline(name='exit-collected')
def pipeline():
    with dsl.ExitHandler(status()):
        with dsl.ParallelFor(['a', 'b']) as item:
            g = grow(text=item)
        show_list(items=dsl.Collected(g.output))

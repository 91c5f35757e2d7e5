"""A group that fails after its last attempt; the exit task runs once, after that."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def retried(text: str, least: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', '[ "$KFP_RETRY_INDEX" -ge "$1" ] && printf "%s after %s" "$0" "$KFP_RETRY_INDEX" > "$2"'],
        args=[text, least, out])


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

@dsl.pipeline(name='exit-retry-exhausted')
def pipeline():
    with dsl.ExitHandler(status()):
        retried(text='first', least=9).set_retry(num_retries=2, backoff_duration='0s')

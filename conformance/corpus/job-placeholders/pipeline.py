"""What a run knows of itself: name, id, resource name, times; alone and inside a longer text."""

from kfp import dsl


@dsl.container_component
def check(name: str, resource: str, uid: str, task: str, created: str, text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import datetime, re, sys
name, resource, uid, task, created, text, out = sys.argv[1:]
assert name and "{{" not in name, name
assert "job-placeholders" in resource, resource
assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uid), uid
assert task and "{{" not in task, task
datetime.datetime.strptime(created[:19], "%Y-%m-%dT%H:%M:%S")
assert text == "run " + uid + " of " + resource, text
open(out, "w").write("ok")
'''], args=[name, resource, uid, task, created, text, out])


@dsl.pipeline(name='job-placeholders')
def pipeline() -> str:
    return check(
        name=dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
        resource=dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER,
        uid=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        task=dsl.PIPELINE_TASK_ID_PLACEHOLDER,
        created=dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER,
        text=f'run {dsl.PIPELINE_JOB_ID_PLACEHOLDER} of {dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER}').output

"""The final status of a group that failed, as an object of the SDK."""

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component(base_image='python:3.11', packages_to_install=[])
def last(status: PipelineTaskFinalStatus, note: str = 'n') -> str:
    assert 'py-exit-status' in status.pipeline_job_resource_name, status
    return f'{note} {status.pipeline_task_name} {status.state}'


@dsl.component(base_image='python:3.11', packages_to_install=[])
def broken():
    raise SystemExit(1)


@dsl.pipeline(name='py-exit-status')
def pipeline():
    with dsl.ExitHandler(last(note='seen'), name='guarded'):
        broken()

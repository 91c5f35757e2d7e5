"""A task that ignores how its upstream ended is told how, whatever the order of its dependencies."""

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'exit 3'])


@dsl.component(base_image='python:3.11')
def status(status: PipelineTaskFinalStatus) -> str:
    return f'{status.pipeline_task_name} {status.state} {status.error_code} {bool(status.error_message)}'


@dsl.pipeline(name='ignore-failure-status')
def pipeline():
    status().after(fail()).ignore_upstream_failure()

"""The final status of a group that succeeded."""

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component(base_image='python:3.11', packages_to_install=[])
def last(status: PipelineTaskFinalStatus) -> str:
    return status.state


@dsl.component(base_image='python:3.11', packages_to_install=[])
def fine():
    print('fine')


@dsl.pipeline(name='py-exit-status-success')
def pipeline():
    with dsl.ExitHandler(last()):
        fine()

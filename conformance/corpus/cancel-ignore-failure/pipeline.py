"""A task that ignores failures of what is before it, in a run that is cancelled."""

from kfp import dsl


@dsl.container_component
def wait():
    return dsl.ContainerSpec(image='alpine', command=['sleep', '60'])


@dsl.container_component
def say():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline(name='cancel-ignore-failure')
def pipeline():
    say().after(wait()).ignore_upstream_failure()

"""A task killed by a signal has failed."""

from kfp import dsl


@dsl.container_component
def die():
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'kill -9 $$'])


@dsl.pipeline(name='failure-signal')
def pipeline():
    die()

"""A program that does not exist fails its task."""

from kfp import dsl


@dsl.container_component
def nothing():
    return dsl.ContainerSpec(image='debian', command=['/no/such/program', 'x'])


@dsl.pipeline(name='failure-no-program')
def pipeline():
    nothing()

"""One task, no inputs, no outputs."""

from kfp import dsl


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline(name='hello')
def pipeline():
    noop()

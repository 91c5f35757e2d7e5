"""An output that does not parse as its type fails the task."""

from kfp import dsl


@dsl.container_component
def lie(out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf twelve > "$0"', out])


@dsl.pipeline(name='failure-output-type')
def pipeline():
    lie()

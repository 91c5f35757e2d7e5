"""A task that leaves a child in the background ends when its own program ends."""

from kfp import dsl


@dsl.container_component
def spawn(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'sleep 300 & printf done > "$0"', out])


@dsl.pipeline(name='child-processes')
def pipeline() -> str:
    return spawn().output

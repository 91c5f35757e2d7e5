"""A run is cancelled while its exit task tidies up."""

from kfp import dsl


@dsl.container_component
def say():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.container_component
def tidy(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'sleep 2; printf done > "$0"', out])


@dsl.container_component
def wait():
    return dsl.ContainerSpec(image='alpine', command=['sleep', '60'])


@dsl.pipeline(name='cancel-during-exit')
def pipeline():
    with dsl.ExitHandler(tidy()):
        say()
    wait()

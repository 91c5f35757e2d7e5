"""The whole run has a time limit; the exit handler runs all the same."""

from kfp import dsl


@dsl.container_component
def hang():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'sleep 60'])


@dsl.container_component
def tidy(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'sleep 1; printf done > "$0"', out])


@dsl.container_component
def anyway():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline(name='timeout-run')
def pipeline():
    with dsl.ExitHandler(tidy()):
        hung = hang()
        anyway().after(hung).ignore_upstream_failure()


PLATFORM = {'pipelineConfig': {'activeDeadlineSeconds': 1}}

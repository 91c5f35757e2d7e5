"""An artifact that a task did not write is recorded all the same."""

from kfp import dsl
from kfp.dsl import Model, Output


@dsl.container_component
def lazy(art: Output[Model]):
    return dsl.ContainerSpec(image='busybox', command=['true', art.path])


@dsl.pipeline(name='artifact-missing')
def pipeline():
    lazy()

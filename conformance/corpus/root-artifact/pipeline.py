"""A pipeline that wants an artifact: nobody can give it one, so the run starts and fails."""

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def read(data: Input[Dataset]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'cat "$0"', data.path])


@dsl.pipeline(name='root-artifact')
def pipeline(data: Input[Dataset]):
    read(data=data)

"""A folder as an artifact between Python functions."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(data: Output[Dataset]):
    import os
    os.makedirs(os.path.join(data.path, 'sub'))
    for name in ('a', 'sub/b'):
        with open(os.path.join(data.path, name), 'w') as f:
            f.write(name)


@dsl.component(base_image='python:3.11', packages_to_install=[])
def look(data: Input[Dataset]) -> list:
    import os
    return sorted(os.path.relpath(os.path.join(d, f), data.path) for d, _, fs in os.walk(data.path) for f in fs)


@dsl.pipeline(name='py-folder')
def pipeline() -> list:
    return look(data=make().outputs['data']).output

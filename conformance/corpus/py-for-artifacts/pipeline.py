"""A loop over the artifacts that another loop has made."""

from typing import List

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(text: str, data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write(text)


@dsl.component(base_image='python:3.11', packages_to_install=[])
def shout(data: Input[Dataset]) -> str:
    return open(data.path).read().upper()


@dsl.component(base_image='python:3.11', packages_to_install=[])
def join(parts: List[str]) -> str:
    return '-'.join(parts)


@dsl.pipeline
def several() -> List[Dataset]:
    with dsl.ParallelFor(['a', 'b']) as text:
        m = make(text=text)
    return dsl.Collected(m.outputs['data'])


@dsl.pipeline(name='py-for-artifacts')
def pipeline() -> str:
    with dsl.ParallelFor(several().output) as data:
        s = shout(data=data)
    return join(parts=dsl.Collected(s.output)).output

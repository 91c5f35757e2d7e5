"""An optional artifact, absent and given."""

from typing import NamedTuple, Optional

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write('d')


@dsl.component(base_image='python:3.11', packages_to_install=[])
def look(tag: str, data: Optional[Input[Dataset]] = None) -> str:
    return f'{tag}:nothing' if data is None else f'{tag}:' + open(data.path).read()


@dsl.pipeline(name='py-optional-artifact')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(look(tag='1').output, look(tag='2', data=make().outputs['data']).output)

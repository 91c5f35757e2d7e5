"""Artifacts between Python functions, with metadata that a later function reads."""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(text: str, data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write(text)
    data.metadata['length'] = len(text)
    data.metadata['labels'] = ['x', 'y']
    data.metadata['nested'] = {'deep': {'flag': True}}


@dsl.component(base_image='python:3.11', packages_to_install=[])
def use(data: Input[Dataset], model: Output[Model]) -> str:
    import os
    assert isinstance(data, Dataset), type(data)
    assert os.path.isfile(data.path) and not os.path.exists(model.path)
    with open(model.path, 'w') as f:
        f.write(open(data.path).read().upper())
    model.framework = 'none'
    m = data.metadata
    return f"{int(m['length'])} {m['labels']} {m['nested']['deep']['flag']}"


@dsl.pipeline(name='py-artifacts')
def pipeline(text: str = 'abc') -> NamedTuple('O', [('seen', str), ('model', Model)]):
    u = use(data=make(text=text).outputs['data'])
    O = NamedTuple('O', [('seen', str), ('model', Model)])
    return O(u.outputs['Output'], u.outputs['model'])

"""Artifacts of a loop as a list of artifacts in a Python function."""

from typing import List, NamedTuple

from kfp import dsl
from kfp.dsl import Input, Model, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def train(n: int, model: Output[Model]):
    with open(model.path, 'w') as f:
        f.write(str(n * n))
    model.metadata['n'] = n


@dsl.component(base_image='python:3.11', packages_to_install=[])
def best(models: Input[List[Model]]) -> NamedTuple('O', [('all', list), ('n', int)]):
    values = [int(open(m.path).read()) for m in models]
    top = models[values.index(max(values))]
    return (values, int(top.metadata['n']))


@dsl.pipeline(name='py-collected-artifacts')
def pipeline() -> NamedTuple('O', [('all', list), ('n', int)]):
    with dsl.ParallelFor([3, 5, 4]) as n:
        t = train(n=n)
    b = best(models=dsl.Collected(t.outputs['model']))
    O = NamedTuple('O', [('all', list), ('n', int)])
    return O(b.outputs['all'], b.outputs['n'])

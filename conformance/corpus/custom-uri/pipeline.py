"""Outputs that the function puts elsewhere: a bucket, a path of its own, metadata of every kind."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output


@dsl.component(base_image='python:3.11')
def make(away: Output[Model], here: Output[Dataset]):
    away.uri = 's3://somewhere/else'
    away.metadata.update({'text': 'a', 'whole': 3, 'real': 0.5, 'yes': True, 'nothing': None, 'list': [1, [2]], 'deep': {'a': {}}})
    with open('made.txt', 'w') as file:
        file.write('made')
    here.set_path('made.txt')


@dsl.component(base_image='python:3.11')
def look(away: Input[Model], here: Input[Dataset]) -> str:
    kinds = {key: away.metadata[key] for key in ('text', 'whole', 'real', 'yes', 'nothing', 'list', 'deep')}
    return f"{away.uri} {away.path} {open(here.path).read()} {kinds}"


@dsl.pipeline(name='custom-uri')
def pipeline() -> str:
    made = make()
    return look(away=made.outputs['away'], here=made.outputs['here']).output

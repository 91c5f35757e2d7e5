"""Artifacts and parameters returned together in a named tuple."""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Dataset


@dsl.component(base_image='python:3.11', packages_to_install=[])
def split(text: str) -> NamedTuple('O', [('head', Dataset), ('tail', Dataset), ('size', int)]):
    head = Dataset(uri=dsl.get_uri('head'), metadata={'part': 'head'})
    tail = Dataset(uri=dsl.get_uri('tail'), metadata={'part': 'tail'})
    middle = len(text) // 2
    for artifact, piece in ((head, text[:middle]), (tail, text[middle:])):
        with open(artifact.path, 'w') as f:
            f.write(piece)
    return (head, tail, len(text))


@dsl.component(base_image='python:3.11', packages_to_install=[])
def merge(head: Dataset, tail: Dataset, size: int) -> str:
    return f'{open(tail.path).read()}{open(head.path).read()}{size}{head.metadata["part"]}'


@dsl.pipeline(name='py-returned-artifacts')
def pipeline(text: str = 'abcd') -> str:
    s = split(text=text)
    return merge(head=s.outputs['head'], tail=s.outputs['tail'], size=s.outputs['size']).output

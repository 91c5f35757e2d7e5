"""A function that names its artifact's place itself with `dsl.get_uri`."""

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(text: str) -> Dataset:
    artifact = Dataset(uri=dsl.get_uri(suffix='mine.txt'), metadata={'by': 'hand'})
    with open(artifact.path, 'w') as f:
        f.write(text)
    return artifact


@dsl.component(base_image='python:3.11', packages_to_install=[])
def read(data: Input[Dataset]) -> str:
    assert data.uri.endswith('/mine.txt'), data.uri
    return open(data.path).read() + ' ' + data.metadata['by']


@dsl.pipeline(name='py-get-uri')
def pipeline(text: str = 'body') -> str:
    return read(data=make(text=text).output).output

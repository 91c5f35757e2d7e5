"""Files embedded in a component at compile time: a folder and a single file."""

import pathlib

from kfp import dsl

HERE = pathlib.Path(__file__).parent


@dsl.component(base_image='python:3.11', embedded_artifact_path=str(HERE / 'asset'))
def folder(asset: dsl.EmbeddedInput[dsl.Dataset]) -> str:
    import os
    names = ['a.txt', os.path.join('sub', 'b.txt')]
    return ' '.join(open(os.path.join(asset.path, name)).read() for name in names)


@dsl.component(base_image='python:3.11', embedded_artifact_path=str(HERE / 'one.txt'))
def file(prefix: str, asset: dsl.EmbeddedInput[dsl.Dataset]) -> str:
    return prefix + open(asset.path).read()


@dsl.pipeline(name='py-embedded')
def pipeline() -> str:
    return file(prefix=folder().output).output

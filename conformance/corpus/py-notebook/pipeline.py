"""A notebook runs as a component: parameters injected, its working folder its own, its file read after it."""

import pathlib
from typing import List

from kfp import dsl

NOTEBOOK = pathlib.Path(__file__).parent / 'report.ipynb'


@dsl.notebook_component(base_image='python:3.11', notebook_path=str(NOTEBOOK))
def report(factor: int, words: List[str], text: dsl.Output[dsl.Dataset]) -> str:
    import os
    dsl.run_notebook(factor=factor, words=words)
    written = open(os.path.join(__KFP_EMBEDDED_ASSET_DIR, 'out.txt')).read()
    with open(text.path, 'w') as file:
        file.write(written)
    return written


@dsl.pipeline(name='py-notebook')
def pipeline(words: List[str] = ['a', '"b"']) -> str:
    return report(factor=2, words=words).outputs['Output']

"""A Python function gets f-string inputs with quotes and newlines in them."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def say(text: str) -> str:
    return text


@dsl.pipeline(name='py-f-string')
def pipeline(name: str) -> str:
    first = say(text=f'<{name}>')
    return say(text=f'{first.output} "and" {name}').output

"""A Python function as the SDK compiles it by default."""

from kfp import dsl


@dsl.component(base_image='python:3.11')
def hello(name: str) -> str:
    return f'hello {name}'


@dsl.pipeline(name='py-hello')
def pipeline(name: str = 'world') -> str:
    return hello(name=name).output

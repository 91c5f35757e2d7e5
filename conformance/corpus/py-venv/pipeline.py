"""A component that runs in an environment of its own inside the image."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[], use_venv=True)
def hello(name: str) -> str:
    return 'hello ' + name


@dsl.pipeline(name='py-venv')
def pipeline() -> str:
    return hello(name='venv').output

"""An exception fails its task."""

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def divide(a: int, b: int) -> float:
    return a / b


@dsl.component(base_image='python:3.11', packages_to_install=[])
def show(x: float) -> str:
    return str(x)


@dsl.pipeline(name='py-fail')
def pipeline():
    show(x=divide(a=1, b=0).output)

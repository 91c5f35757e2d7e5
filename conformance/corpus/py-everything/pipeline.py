"""Several features at once: nested pipeline, loop, condition, OneOf, Collected, exit handler, retry."""

from typing import List

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component(base_image='python:3.11', packages_to_install=[])
def square(n: int) -> int:
    return n * n


@dsl.component(base_image='python:3.11', packages_to_install=[])
def negate(n: int) -> int:
    return -n


@dsl.component(base_image='python:3.11', packages_to_install=[])
def total(numbers: List[int], name: str) -> str:
    return f'{name}={sum(numbers)}'


@dsl.component(base_image='python:3.11', packages_to_install=[])
def last(status: PipelineTaskFinalStatus):
    print(status.state)


@dsl.pipeline
def change(n: int) -> int:
    with dsl.If(n > 2):
        a = square(n=n)
    with dsl.Else():
        b = negate(n=n)
    return dsl.OneOf(a.output, b.output)


@dsl.pipeline(name='py-everything')
def pipeline(numbers: List[int] = [1, 2, 3]):
    with dsl.ExitHandler(last()):
        with dsl.ParallelFor(numbers, parallelism=2) as n:
            c = change(n=n)
        total(numbers=dsl.Collected(c.output), name='sum').set_retry(num_retries=1, backoff_duration='0s')

"""Python defaults and optional inputs: left out, null passed on, and given."""

from typing import NamedTuple, Optional

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def show(a: str, b: str = 'bee', c: Optional[int] = None, d: list = [1], e: dict = {}) -> str:
    return f'{a} {b} {c} {d} {e}'


@dsl.pipeline(name='py-defaults')
def pipeline(b: Optional[str] = None, c: Optional[int] = None) -> NamedTuple('O', [('one', str), ('two', str), ('three', str)]):
    O = NamedTuple('O', [('one', str), ('two', str), ('three', str)])
    return O(show(a='1').output, show(a='2', b=b, c=c).output, show(a='3', b='x', c=5, d=[], e={'k': 'v'}).output)

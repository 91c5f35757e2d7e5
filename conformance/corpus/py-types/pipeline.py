"""Parameters of each type into a Python function and out of it."""

from typing import NamedTuple

from kfp import dsl


@dsl.component(base_image='python:3.11', packages_to_install=[])
def echo(s: str, i: int, d: float, b: bool, l: list, m: dict) -> NamedTuple('O', [('s', str), ('i', int), ('d', float), ('b', bool), ('l', list), ('m', dict), ('kinds', str)]):
    kinds = ' '.join(type(v).__name__ for v in (s, i, d, b, l, m))
    return (s + '!', i + 1, d / 2, not b, l + [None], {**m, 'ż': 'ó'}, kinds)


@dsl.pipeline(name='py-types')
def pipeline(s: str = 'a', i: int = -1, d: float = 3.0, b: bool = False, l: list = [1, 'x', {'y': [True]}], m: dict = {'k': 1}) -> NamedTuple('O', [('s', str), ('i', int), ('d', float), ('b', bool), ('l', list), ('m', dict), ('kinds', str)]):
    e = echo(s=s, i=i, d=d, b=b, l=l, m=m)
    again = echo(s=e.outputs['s'], i=e.outputs['i'], d=e.outputs['d'], b=e.outputs['b'], l=e.outputs['l'], m=e.outputs['m'])
    O = NamedTuple('O', [('s', str), ('i', int), ('d', float), ('b', bool), ('l', list), ('m', dict), ('kinds', str)])
    return O(*[again.outputs[n] for n in ('s', 'i', 'd', 'b', 'l', 'm', 'kinds')])

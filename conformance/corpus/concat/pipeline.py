"""Concat placeholders: text, parameters, paths and a conditional part joined into one word."""

from typing import NamedTuple, Optional

from kfp import dsl


@dsl.container_component
def show(a: str, n: int, out: dsl.OutputPath(str), opt: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$0" > "${1#path=}"'],
        args=[
            dsl.ConcatPlaceholder(['a=', a, ';n=', n, ';', dsl.IfPresentPlaceholder('opt', then=dsl.ConcatPlaceholder(['opt=', opt]), else_='no')]),
            dsl.ConcatPlaceholder(['path=', out])])


@dsl.pipeline(name='concat')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(show(a='x', n=3).output, show(a='y', n=4, opt='z').output)

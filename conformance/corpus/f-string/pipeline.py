"""Text made at compile time around values known at run time, with quotes and newlines in them."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.pipeline(name='f-string')
def pipeline(name: str = 'x') -> NamedTuple('O', [('a', str), ('b', str)]):
    n = count(text=name)
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(
        say(text=f'name=<{name}> length={n.output}').output,
        say(text=f'{name}{name}').output)

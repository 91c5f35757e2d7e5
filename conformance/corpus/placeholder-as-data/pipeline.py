"""Values that look like placeholders are data and stay as they are."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='placeholder-as-data')
def pipeline(text: str) -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    first = say(text=text)
    return O(first.output, say(text=f'[{first.output}]').output)

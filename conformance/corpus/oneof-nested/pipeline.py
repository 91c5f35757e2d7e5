"""OneOf inside a nested pipeline feeds the pipeline's output."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline
def pick(flag: bool) -> str:
    with dsl.If(flag == True):
        a = say(text='yes')
    with dsl.Else():
        b = say(text='no')
    return dsl.OneOf(a.output, b.output)


@dsl.pipeline(name='oneof-nested')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(pick(flag=True).output, pick(flag=False).output)

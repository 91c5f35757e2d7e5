"""IfPresent asks for artifacts too, inside of it stand outputs, lists and Concat; nested in one another."""

from typing import NamedTuple, Optional

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.container_component
def make(data: Output[Dataset]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf text > "$0"', data.path])


@dsl.container_component
def show(out: dsl.OutputPath(str), data: Optional[Input[Dataset]] = None, word: Optional[str] = None):
    return dsl.ContainerSpec(
        image='alpine',
        command=['sh', '-c', 'to="$0"; if [ "$1" = --data ]; then read="$(cat "$2")"; shift 2; fi; printf "%s|" "${read:-none}" "$@" > "$to"'],
        args=[
            out,
            dsl.IfPresentPlaceholder('data', then=['--data', data.path]),
            dsl.IfPresentPlaceholder(
                'word',
                then=dsl.ConcatPlaceholder(['word=', word, dsl.IfPresentPlaceholder('data', then='+data', else_='-data')]),
                else_=dsl.IfPresentPlaceholder('data', then=['a', 'b'], else_=[])),
        ])


@dsl.pipeline(name='if-present-artifact')
def pipeline() -> NamedTuple('O', [('neither', str), ('data', str), ('word', str), ('both', str)]):
    data = make().output
    O = NamedTuple('O', [('neither', str), ('data', str), ('word', str), ('both', str)])
    return O(show().output, show(data=data).output, show(word='w').output, show(data=data, word='w').output)

"""An optional artifact of a nested pipeline: absent and given."""

from typing import NamedTuple, Optional

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.container_component
def make(data: Output[Dataset]):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf text > "$0"', data.path])


@dsl.container_component
def show(out: dsl.OutputPath(str), data: Optional[Input[Dataset]] = None):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', 'printf "%s" "$(cat "${1:-/dev/null}")." > "$0"'],
        args=[out, dsl.IfPresentPlaceholder('data', then=[data.path])])


@dsl.pipeline
def inner(data: Optional[Input[Dataset]] = None) -> str:
    return show(data=data).output


@dsl.pipeline(name='nested-optional-artifact')
def pipeline() -> NamedTuple('O', [('absent', str), ('given', str)]):
    O = NamedTuple('O', [('absent', str), ('given', str)])
    return O(inner().output, inner(data=make().output).output)

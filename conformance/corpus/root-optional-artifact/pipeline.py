"""An artifact that the pipeline may be given and is not."""

from typing import Optional

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def show(out: dsl.OutputPath(str), data: Optional[Input[Dataset]] = None):
    return dsl.ContainerSpec(
        image='alpine', command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, dsl.IfPresentPlaceholder('data', then='given', else_='absent')])


@dsl.pipeline(name='root-optional-artifact')
def pipeline(data: Optional[Input[Dataset]] = None) -> str:
    return show(data=data).output

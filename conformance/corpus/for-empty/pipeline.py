"""A loop over nothing succeeds, and what comes after it runs."""

from typing import List

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-empty')
def pipeline(items: List[str] = []):
    with dsl.ParallelFor(items) as item:
        a = say(text=item)
    say(text='after').after(a)

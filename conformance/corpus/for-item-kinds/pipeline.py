"""Items of one list: text, number, truth, list, struct, as a task sees them."""

from typing import List

from kfp import dsl


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='for-item-kinds')
def pipeline(items: List[list] = [[1, 'a'], [], [{'k': [True]}]]):
    with dsl.ParallelFor(items) as item:
        show_list(items=item)

"""Loops over literals, dicts, a parameter and an output; a loop in a loop."""

import json

from kfp import components, dsl


def make_list() -> list:
    return [1, 2]


make_op = components.create_component_from_func(make_list)


def say(name, text):
    return dsl.ContainerOp(name=name, image='busybox', command=['echo', text])


@dsl.pipeline(name='kfp-parallel-for')
def pipeline(words: list = ['x', 'y']):
    with dsl.ParallelFor([{'a': 1, 'b': 'one'}, {'a': 2, 'b': 'two'}]) as item:
        say('dicts', '%s-%s' % (item.a, item.b))
    with dsl.ParallelFor(words) as word:
        with dsl.ParallelFor(['p', 'q']) as letter:
            say('inner', '%s%s' % (word, letter))
    with dsl.ParallelFor(make_op().output) as number:
        say('numbers', number)

"""Loops over literals, maps, a parameter, an output, nothing, and one inside another."""

from kfp import dsl


def say(name, *words):
    return dsl.ContainerOp(name=name, image='busybox', command=['sh', '-c', 'echo "$@" > /tmp/said', 'sh'],
                           arguments=list(words), file_outputs={'said': '/tmp/said'})


@dsl.pipeline(name='loops')
def pipeline(items: list = ['a', {'b': 1}], nothing: list = []):
    with dsl.ParallelFor([1, 2.5, True, 'text']) as item:
        say('literal', item)
    with dsl.ParallelFor([{'a': 1, 'b': 'x y'}, {'a': [1, 2], 'b': 'z'}]) as item:
        say('fields', item.a, item.b)
    with dsl.ParallelFor(items) as item:
        say('parameter', item)
    make = dsl.ContainerOp(name='make', image='busybox', command=['sh', '-c', 'echo "[10, 20]" > /tmp/list'],
                           file_outputs={'list': '/tmp/list'})
    with dsl.ParallelFor(make.output) as outer:
        with dsl.ParallelFor([1, 2]) as inner:
            say('nested', outer, inner)
    with dsl.ParallelFor(nothing) as item:
        say('never', item)

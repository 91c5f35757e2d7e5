"""A condition on the list that a loop has given, through a task."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.pipeline(name='for-collected-if')
def pipeline():
    with dsl.ParallelFor(['a', 'bb']) as item:
        c = count(text=item)
    s = show_list(items=dsl.Collected(c.output))
    with dsl.If(s.output == '[1,2]'):
        say(text='right')
    with dsl.Else():
        say(text='wrong')

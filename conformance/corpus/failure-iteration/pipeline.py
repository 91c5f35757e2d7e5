"""One iteration fails, the others end well; the loop fails and what needs it is omitted."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def show_list(items: list, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[items, out])


@dsl.container_component
def picky(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$0" != b ] && printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='failure-iteration')
def pipeline():
    with dsl.ParallelFor(['a', 'b', 'c'], parallelism=1) as item:
        p = picky(text=item)
        say(text=p.output)
    show_list(items=dsl.Collected(p.output))

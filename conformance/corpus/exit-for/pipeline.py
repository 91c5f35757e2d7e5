"""A loop inside an exit handler, one of its iterations fails."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def picky(text: str):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', '[ "$0" != b ]'], args=[text])


@dsl.pipeline(name='exit-for')
def pipeline():
    with dsl.ExitHandler(say(text='bye')):
        with dsl.ParallelFor(['a', 'b', 'c']) as item:
            picky(text=item)

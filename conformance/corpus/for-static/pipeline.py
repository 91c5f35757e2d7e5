"""A loop over constants."""

from kfp import dsl


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='for-static')
def pipeline():
    with dsl.ParallelFor(['a', 'b', 'c']) as item:
        grow(text=item)

"""What fails omits what depends on it, and spares everything else."""

from kfp import dsl


def step(name, command):
    return dsl.ContainerOp(name=name, image='busybox', command=command)


@dsl.pipeline(name='failure')
def pipeline():
    bad = step('bad', ['sh', '-c', 'exit 3'])
    after = step('after', ['true']).after(bad)
    step('later', ['true']).after(after)
    good = step('good', ['true'])
    step('next', ['true']).after(good)

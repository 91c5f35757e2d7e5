"""Values handed on through files, each also an artifact."""

from kfp import dsl


def grow(name, text):
    return dsl.ContainerOp(name=name, image='busybox',
                           command=['sh', '-c', 'mkdir -p /tmp/out; echo "$0"x > /tmp/out/text'], arguments=[text],
                           file_outputs={'text': '/tmp/out/text'})


@dsl.pipeline(name='chain')
def pipeline(start: str = 'a'):
    first = grow('first', start)
    second = grow('second', first.output)
    grow('third', second.output)

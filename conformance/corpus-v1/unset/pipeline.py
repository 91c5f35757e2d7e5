"""A parameter that nobody gives reaches the command as the empty text."""

from kfp import dsl


@dsl.pipeline(name='unset')
def pipeline(text):
    dsl.ContainerOp(name='check', image='busybox', command=['sh', '-c', 'test "$0" = "[]"'],
                    arguments=['[%s]' % text])

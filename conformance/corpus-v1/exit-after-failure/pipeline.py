"""An exit handler after a failure: it runs, and the run has failed."""

from kfp import dsl


@dsl.pipeline(name='exit-after-failure')
def pipeline():
    leave = dsl.ContainerOp(name='leave', image='busybox', command=['sh', '-c', 'printf %s "$0" > /tmp/left'],
                            arguments=['{{workflow.status}}'], file_outputs={'left': '/tmp/left'})
    with dsl.ExitHandler(leave):
        first = dsl.ContainerOp(name='first', image='busybox', command=['false'])
        dsl.ContainerOp(name='second', image='busybox', command=['true']).after(first)
        dsl.ContainerOp(name='beside', image='busybox', command=['true'])

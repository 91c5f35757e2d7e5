"""An exit handler that is told how it went, and whose arguments are the pipeline's."""

from kfp import dsl


@dsl.pipeline(name='kfp-exit')
def pipeline(who: str = 'somebody'):
    leave = dsl.ContainerOp(name='leave', image='busybox',
                            command=['echo', who, '{{workflow.status}}', '{{workflow.name}}'])
    with dsl.ExitHandler(leave):
        with dsl.ParallelFor(['a', 'b']) as item:
            dsl.ContainerOp(name='work', image='busybox', command=['sh', '-c', 'test "$0" = a', item])

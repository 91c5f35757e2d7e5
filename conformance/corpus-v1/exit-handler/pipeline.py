"""An exit handler that knows how the run ended and is given an argument by name."""

from kfp import dsl


@dsl.pipeline(name='exit-handler')
def pipeline(message: str = 'bye'):
    leave = dsl.ContainerOp(name='leave', image='busybox',
                            command=['sh', '-c', 'printf "%s|%s|%s" "$0" "$1" "$2" > /tmp/left'],
                            arguments=[message, '{{workflow.status}}', '{{workflow.failures}}'],
                            file_outputs={'left': '/tmp/left'})
    with dsl.ExitHandler(leave):
        dsl.ContainerOp(name='work', image='busybox', command=['true'])

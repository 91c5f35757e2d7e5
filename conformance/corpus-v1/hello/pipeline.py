"""One step that says what it is given."""

from kfp import dsl


@dsl.pipeline(name='hello')
def pipeline(who: str = 'world'):
    dsl.ContainerOp(name='say', image='busybox', command=['echo', 'hello'], arguments=[who])

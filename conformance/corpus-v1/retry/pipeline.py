"""A step that is tried again after failures of its command, and one whose policy does not ask for that."""

from kfp import dsl


@dsl.pipeline(name='retry')
def pipeline():
    flaky = dsl.ContainerOp(name='flaky', image='busybox', command=['sh', '-c', 'test "$0" = 2'],
                            arguments=['{{retries}}'])
    flaky.set_retry(3, policy='OnFailure', backoff_duration='10ms', backoff_factor=2)
    other = dsl.ContainerOp(name='other', image='busybox', command=['false'])
    other.set_retry(3, policy='OnError')

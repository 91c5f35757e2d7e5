"""A condition for each item of a loop, and what an output of the loop's step says of it."""

from kfp import dsl


@dsl.pipeline(name='condition-in-loop')
def pipeline(least: int = 2):
    with dsl.ParallelFor([1, 2, 3]) as item:
        double = dsl.ContainerOp(name='double', image='busybox', command=['sh', '-c', 'echo $(($0 * 2)) > /tmp/out'],
                                 arguments=[item], file_outputs={'out': '/tmp/out'})
        with dsl.Condition(double.output > least):
            dsl.ContainerOp(name='say', image='busybox', command=['echo'], arguments=[double.output])

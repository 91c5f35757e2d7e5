"""Limits of things at once: of the iterations of a loop, and of the whole pipeline."""

from kfp import dsl


@dsl.pipeline(name='sub-graph')
def pipeline():
    dsl.get_pipeline_conf().set_parallelism(2)
    with dsl.SubGraph(parallelism=1):
        with dsl.ParallelFor([1, 2, 3]) as item:
            dsl.ContainerOp(name='say', image='busybox', command=['echo'], arguments=[item])

"""Outputs at paths outside of /tmp, and results for the pipeline's page, which may be missing."""

from kfp import dsl


@dsl.pipeline(name='files-anywhere')
def pipeline():
    write = dsl.ContainerOp(
        name='write', image='busybox',
        command=['sh', '-c', 'echo 1 > /root.txt; echo 2 > /results/deep/two; mkdir -p /tmp/a/b; echo 3 > /tmp/a/b/c'],
        file_outputs={'one': '/root.txt', 'two': '/results/deep/two', 'three': '/tmp/a'},
        output_artifact_paths={'mlpipeline-ui-metadata': '/mlpipeline-ui-metadata.json',
                               'mlpipeline-metrics': '/mlpipeline-metrics.json'})
    dsl.ContainerOp(name='show', image='busybox', command=['sh', '-c', 'test "$0$1" = 12'],
                    arguments=[write.outputs['one'], write.outputs['two']])

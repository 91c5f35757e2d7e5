"""The variables that the SDK adds for the label `add-pod-env`."""

from kfp import dsl


@dsl.pipeline(name='kfp-pod-env')
def pipeline():
    task = dsl.ContainerOp(
        name='env', image='busybox',
        command=['sh', '-ec', 'printf "%s" "$KFP_POD_NAME" > /tmp/pod; printf "%s" "$KFP_RUN_ID" > /tmp/run; '
                              'printf "%s" "$KFP_NAMESPACE $ENABLE_CACHING" > /tmp/rest; test -n "$KFP_POD_UID"; '
                              'test "$WORKFLOW_ID" = "$1"; test "$KFP_RUN_ID" = "$2"', 'env'],
        arguments=['{{workflow.name}}', '{{workflow.uid}}'],
        file_outputs={'pod': '/tmp/pod', 'rest': '/tmp/rest'})
    task.add_pod_label('add-pod-env', 'true')
    use = dsl.ContainerOp(name='use', image='busybox', command=['echo', task.outputs['pod'], task.outputs['rest']])

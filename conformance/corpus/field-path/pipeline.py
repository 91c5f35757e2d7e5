"""Fields of the pod become variables; labels and annotations are among them."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', '[ -n "$POD" ]; [ -n "$POD_UID" ]; [ -n "$NODE" ]; printf "%s %s %s" "$NAMESPACE" "$TEAM" "$NOTE" > "$0"', out])


@dsl.pipeline(name='field-path')
def pipeline() -> str:
    shown = show()
    kubernetes.use_field_path_as_env(shown, env_name='POD', field_path='metadata.name')
    kubernetes.use_field_path_as_env(shown, env_name='POD_UID', field_path='metadata.uid')
    kubernetes.use_field_path_as_env(shown, env_name='NODE', field_path='spec.nodeName')
    kubernetes.use_field_path_as_env(shown, env_name='NAMESPACE', field_path='metadata.namespace')
    kubernetes.use_field_path_as_env(shown, env_name='TEAM', field_path="metadata.labels['team']")
    kubernetes.use_field_path_as_env(shown, env_name='NOTE', field_path="metadata.annotations['example.com/note']")
    kubernetes.add_pod_label(shown, label_key='team', label_value='red')
    kubernetes.add_pod_annotation(shown, annotation_key='example.com/note', annotation_value='look here')
    return shown.output

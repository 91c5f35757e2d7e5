"""Settings that say where a pod runs change nothing on one machine."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf here > "$0"', out])


@dsl.pipeline(name='placement')
def pipeline() -> str:
    shown = show()
    kubernetes.add_node_selector(shown, label_key='disk', label_value='ssd')
    kubernetes.add_toleration(shown, key='gpu', operator='Exists', effect='NoSchedule')
    kubernetes.set_image_pull_policy(shown, 'Always')
    kubernetes.set_image_pull_secrets(shown, ['corpus-registry'])
    kubernetes.add_node_affinity(shown, match_expressions=[{'key': 'zone', 'operator': 'In', 'values': ['a']}])
    kubernetes.set_security_context(shown, run_as_user=1000, run_as_non_root=True)
    return shown.output

"""Settings of a task are handed to its code, in the notation of Kubernetes, and not applied unless asked for."""

from kfp import dsl, kubernetes


@dsl.component(task_config_passthroughs=[
    dsl.TaskConfigField.RESOURCES,
    dsl.TaskConfigField.KUBERNETES_TOLERATIONS,
    dsl.TaskConfigField.KUBERNETES_NODE_SELECTOR,
    dsl.TaskConfigField.KUBERNETES_AFFINITY,
    dsl.TaskConfigField.KUBERNETES_VOLUMES,
    dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.ENV, apply_to_task=True),
])
def show(config: dsl.TaskConfig) -> dict:
    import os
    return {
        'mounted': os.path.exists('/mnt/corpus-data'),
        'mode': os.environ['MODE'],
        'affinity': config.affinity,
        'tolerations': config.tolerations,
        'node_selector': config.node_selector,
        'env': config.env,
        'volumes': config.volumes,
        'volume_mounts': config.volume_mounts,
        'resources': config.resources,
    }


@dsl.pipeline(name='task-config')
def pipeline(claim: str, memory: str = '64Mi') -> dict:
    shown = show().set_env_variable('MODE', 'fast').set_memory_limit(memory).set_cpu_request('100m')
    kubernetes.mount_pvc(shown, pvc_name=claim, mount_path='/mnt/corpus-data', sub_path='part')
    kubernetes.use_secret_as_volume(shown, secret_name='corpus-token', mount_path='/secret')
    kubernetes.use_secret_as_env(
        shown, secret_name='corpus-task-config', secret_key_to_env={'key': 'KEY'}, optional=True)
    kubernetes.add_toleration(shown, key='gpu', operator='Exists', effect='NoSchedule')
    kubernetes.add_node_selector(shown, label_key='disk', label_value='ssd')
    return shown.output

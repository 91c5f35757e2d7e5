"""A volume that lives as long as the task."""

from kfp import dsl, kubernetes


@dsl.container_component
def use(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'echo big > /big/file; cat /big/file > "$0"', out])


@dsl.pipeline(name='ephemeral-volume')
def pipeline() -> str:
    used = use()
    kubernetes.add_ephemeral_volume(used, volume_name='big', mount_path='/big', access_modes=['ReadWriteOnce'], size='1Gi')
    return used.output

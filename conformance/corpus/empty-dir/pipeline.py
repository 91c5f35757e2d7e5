"""Empty folders of the task's own, on disk and in memory; nothing is left for the next task."""

from kfp import dsl, kubernetes


@dsl.container_component
def use(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'ls /scratch /fast/deep | wc -l | tr -d " \\n" > "$0"; touch /scratch/a /fast/deep/b', out])


@dsl.pipeline(name='empty-dir')
def pipeline():
    first = use()
    kubernetes.empty_dir_mount(first, volume_name='scratch', mount_path='/scratch')
    kubernetes.empty_dir_mount(first, volume_name='fast', mount_path='/fast/deep', medium='Memory', size_limit='10Mi')
    second = use().after(first)
    kubernetes.empty_dir_mount(second, volume_name='scratch', mount_path='/scratch')
    kubernetes.empty_dir_mount(second, volume_name='fast', mount_path='/fast/deep', medium='Memory', size_limit='10Mi')

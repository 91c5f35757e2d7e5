"""A claim that does not exist fails the task that mounts it, not its siblings."""

from kfp import dsl, kubernetes


@dsl.container_component
def write(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "$1" > /mnt/data/note; printf written > "$0"', out, text])


@dsl.container_component
def other(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf fine > "$0"', out])


@dsl.pipeline(name='pvc-missing')
def pipeline():
    written = write(text='hello')
    kubernetes.mount_pvc(written, pvc_name='corpus-nowhere', mount_path='/mnt/data')
    other()

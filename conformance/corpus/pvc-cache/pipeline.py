"""Which claim is mounted is part of the cache key."""

from kfp import dsl, kubernetes


@dsl.container_component
def look(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'ls /mnt/data | wc -l | tr -d " \\n" > "$0"', out])


@dsl.pipeline(name='pvc-cache')
def pipeline():
    first = look()
    kubernetes.mount_pvc(first, pvc_name='corpus-cache-a', mount_path='/mnt/data')
    same = look().after(first)
    kubernetes.mount_pvc(same, pvc_name='corpus-cache-a', mount_path='/mnt/data')
    other = look().after(same)
    kubernetes.mount_pvc(other, pvc_name='corpus-cache-b', mount_path='/mnt/data')

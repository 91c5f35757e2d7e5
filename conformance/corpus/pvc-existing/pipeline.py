"""A claim that exists already is mounted whole and in part: a sub-path is a folder in it."""

from kfp import dsl, kubernetes


@dsl.container_component
def put(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf kept > /mnt/data/note; printf put > "$0"', out])


@dsl.container_component
def get(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'cat /whole/part/deeper/note > "$0"', out])


@dsl.pipeline(name='pvc-existing')
def pipeline() -> str:
    first = put()
    kubernetes.mount_pvc(first, pvc_name='corpus-existing', mount_path='/mnt/data', sub_path='part/deeper')
    seen = get().after(first)
    kubernetes.mount_pvc(seen, pvc_name='corpus-existing', mount_path='/whole')
    return seen.output

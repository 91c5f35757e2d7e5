"""A claim is created, written to, read from by another task, and deleted."""

from kfp import dsl, kubernetes


@dsl.container_component
def write(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "$1" > /mnt/data/note; printf written > "$0"', out, text])


@dsl.container_component
def read(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'cat /mnt/data/note > "$0"', out])


@dsl.pipeline(name='pvc-life')
def pipeline() -> str:
    claim = kubernetes.CreatePVC(pvc_name_suffix='-notes', access_modes=['ReadWriteOnce'], size='10Mi')
    written = write(text='remember')
    kubernetes.mount_pvc(written, pvc_name=claim.outputs['name'], mount_path='/mnt/data')
    note = read().after(written)
    kubernetes.mount_pvc(note, pvc_name=claim.outputs['name'], mount_path='/mnt/data')
    kubernetes.DeletePVC(pvc_name=claim.outputs['name']).after(note)
    return note.output

"""The name of a claim is an argument of the run, also inside a condition and a loop."""

from kfp import dsl, kubernetes


@dsl.container_component
def write(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "$1" > /mnt/data/note; printf written > "$0"', out, text])


@dsl.container_component
def read(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'cat "/mnt/data/note" > "$0"', out])


@dsl.pipeline(name='pvc-name-parameter')
def pipeline(claim: str, go: bool = True):
    written = write(text='hello')
    kubernetes.mount_pvc(written, pvc_name=claim, mount_path='/mnt/data')
    with dsl.If(go == True):
        with dsl.ParallelFor(['a']):
            note = read().after(written)
            kubernetes.mount_pvc(note, pvc_name=claim, mount_path='/mnt/data')

"""Creating a claim whose name is taken fails."""

from kfp import dsl, kubernetes


@dsl.pipeline(name='pvc-exists-already')
def pipeline():
    kubernetes.CreatePVC(pvc_name='corpus-taken', access_modes=['ReadWriteOnce'], size='10Mi')

"""Deleting a claim that does not exist fails."""

from kfp import dsl, kubernetes


@dsl.pipeline(name='pvc-delete-missing')
def pipeline():
    kubernetes.DeletePVC(pvc_name='corpus-nothing')

"""Facial keypoints: two programs in two images, which share a volume.

Compile with:  python pipeline.py
"""

import pathlib

from kfp import compiler, dsl, kubernetes
from kfp.dsl import HTML, Dataset, Output


@dsl.container_component
def train(trial: int, epoch: int, patience: int):
    return dsl.ContainerSpec(
        image="facial-keypoints/train:v1",
        command=["python3", "/train.py"],
        args=["--trial", trial, "--epoch", epoch, "--patience", patience],
    )


@dsl.container_component
def evaluate(submission: Output[Dataset], report: Output[HTML]):
    return dsl.ContainerSpec(
        image="facial-keypoints/evaluate:v1",
        command=["python3", "/eval.py"],
        args=["--submission", submission.path, "--report", report.path],
    )


@dsl.pipeline(name="facial-keypoints", description="Finds 15 keypoints on faces of 96 × 96 pixels.")
def facial_keypoints(trial: int = 5, epoch: int = 8, patience: int = 3):
    volume = kubernetes.CreatePVC(
        pvc_name_suffix="-faces",
        access_modes=["ReadWriteOnce"],
        size="1Gi",
        storage_class_name="",
    )
    training = train(trial=trial, epoch=epoch, patience=patience)
    evaluation = evaluate().after(training)
    for task in (training, evaluation):
        # What counts lies on the volume, which the cache does not know.
        task.set_caching_options(False)
        kubernetes.mount_pvc(task, pvc_name=volume.outputs["name"], mount_path="/data")
    kubernetes.use_secret_as_volume(
        training, secret_name="kaggle-secret", mount_path="/secret/kaggle", optional=True
    )


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("pipeline.yaml")
    compiler.Compiler().compile(facial_keypoints, str(target))

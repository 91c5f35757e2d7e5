"""Facial keypoints with kfp 1.8: raw ContainerOps and a VolumeOp.

Compile with kfp 1.8:  python pipeline_v1.py
"""

import pathlib

import kfp
from kfp import dsl

OUT = "/tmp/outputs"


@dsl.pipeline(name="face pipeline", description="Finds 15 keypoints on faces of 96 × 96 pixels.")
def face_pipeline(trial, epoch, patience):
    volume = dsl.VolumeOp(name="pvc", resource_name="pvc", size="1Gi", modes=dsl.VOLUME_MODE_RWO)
    training = dsl.ContainerOp(
        name="train",
        image="facial-keypoints/train:v1",
        command=["python3", "train.py"],
        arguments=["--trial", trial, "--epoch", epoch, "--patience", patience],
        pvolumes={"/data": volume.volume},
    )
    training.add_pod_label("kaggle-secret", "true")
    dsl.ContainerOp(
        name="evaluate",
        image="facial-keypoints/evaluate:v1",
        command=["python3", "eval.py"],
        arguments=["--submission", f"{OUT}/submission.csv", "--report", f"{OUT}/report.html", "--ui", f"{OUT}/ui.json"],
        output_artifact_paths={
            "submission": f"{OUT}/submission.csv",
            "report": f"{OUT}/report.html",
            "mlpipeline-ui-metadata": f"{OUT}/ui.json",
        },
        pvolumes={"/data": training.pvolumes["/data"]},
    )


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("pipeline_v1.yaml")
    kfp.compiler.Compiler().compile(face_pipeline, str(target))

"""The published pipeline for facial keypoints: its names, images, commands, mounts and label. What stands for the
images is in `images.toml`, the secret comes by PodDefaults."""

from kfp import dsl


def train(trial, epoch, patience):
    volume = dsl.VolumeOp(name='pvc', resource_name='pvc', size='5Gi', modes=dsl.VOLUME_MODE_RWO)
    task = dsl.ContainerOp(name='Train', image='hubdocker76/demotrain:v8', command=['python3', 'train.py'],
                           arguments=['--trial', trial, '--epoch', epoch, '--patience', patience],
                           pvolumes={'/data': volume.volume})
    return task.add_pod_label('kaggle-secret', 'true')


def evaluate(trained):
    return dsl.ContainerOp(name='Evaluate', image='hubdocker76/demoeval:v3', command=['python3', 'eval.py'],
                           pvolumes={'/data': trained.pvolumes['/data']})


@dsl.pipeline(name='face pipeline', description='finds facial landmarks')
def pipeline(trial, epoch, patience):
    evaluate(train(trial, epoch, patience))

"""Two images that share a volume at /data, their parameters without types or defaults: the shape of a published
training pipeline. The volume is deleted at the end."""

from kfp import dsl


@dsl.pipeline(name='volume-keypoints')
def pipeline(trial, epoch, patience):
    pvc = dsl.VolumeOp(name='pvc', resource_name='pvc', size='1Gi', modes=dsl.VOLUME_MODE_RWO)
    train = dsl.ContainerOp(name='train', image='busybox',
                            command=['sh', '-ec', 'echo "$2 $4 $6" > /data/model', 'train'],
                            arguments=['--trial', trial, '--epoch', epoch, '--patience', patience],
                            pvolumes={'/data': pvc.volume})
    evaluate = dsl.ContainerOp(name='evaluate', image='busybox',
                               command=['sh', '-ec', 'test "$(cat /data/model)" = "5 8 3"; echo 1 > /data/submission'],
                               pvolumes={'/data': train.pvolumes['/data']})
    pvc.delete().after(evaluate)

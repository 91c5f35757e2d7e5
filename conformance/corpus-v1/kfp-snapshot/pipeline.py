"""A volume, a snapshot of it, and a volume from the snapshot; the first is deleted at the end."""

from kfp import dsl


@dsl.pipeline(name='kfp-snapshot')
def pipeline():
    first = dsl.VolumeOp(name='first', resource_name='first', size='1Gi', modes=dsl.VOLUME_MODE_RWM)
    write = dsl.ContainerOp(name='write', image='busybox', command=['sh', '-c', 'echo then > /data/note'],
                            pvolumes={'/data': first.volume})
    snapshot = dsl.VolumeSnapshotOp(name='snapshot', resource_name='then', volume=write.pvolumes['/data'])
    change = dsl.ContainerOp(name='change', image='busybox', command=['sh', '-c', 'echo now > /data/note'],
                             pvolumes={'/data': write.pvolumes['/data']}).after(snapshot)
    second = dsl.VolumeOp(name='second', resource_name='second', size='1Gi', data_source=snapshot.snapshot)
    read = dsl.ContainerOp(name='read', image='busybox', command=['cat', '/one/note', '/two/note'],
                           pvolumes={'/one': change.pvolumes['/data'], '/two': second.volume})
    first.delete().after(read)

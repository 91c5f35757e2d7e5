"""Init containers and sidecars by the SDK, which mirror the volumes of the step."""

from kfp import dsl


@dsl.pipeline(name='kfp-sidecars')
def pipeline(word: str = 'prepared'):
    volume = dsl.PipelineVolume(name='shared', empty_dir={})
    prepare = dsl.UserContainer(name='prepare', image='busybox', mirror_volume_mounts=True,
                                command=['sh', '-ec', 'echo "$0" > /shared/word'], args=[word])
    serve = dsl.Sidecar(name='serve', image='busybox', mirror_volume_mounts=True,
                        command=['sh', '-ec', 'until [ -e /shared/ask ]; do sleep 0.05; done; '
                                              'mv /shared/word /shared/answer; sleep 60'])
    dsl.ContainerOp(name='work', image='busybox', init_containers=[prepare], sidecars=[serve],
                    command=['sh', '-ec', 'touch /shared/ask; until [ -e /shared/answer ]; do sleep 0.05; done; '
                                          'cat /shared/answer'],
                    pvolumes={'/shared': volume})

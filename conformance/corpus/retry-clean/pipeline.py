"""An attempt does not see what an earlier attempt has left of its outputs."""

from kfp import dsl
from kfp.dsl import Artifact, Output


@dsl.container_component
def flaky(out: dsl.OutputPath(str), art: Output[Artifact]):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'if [ "$KFP_RETRY_INDEX" = 0 ]; then echo old > "$0"; echo old > "$1"; exit 1; fi; test ! -e "$1" && printf new > "$1" && printf new > "$0"', out, art.path])


@dsl.pipeline(name='retry-clean')
def pipeline() -> str:
    return flaky().set_retry(num_retries=1, backoff_duration='0s').outputs['out']

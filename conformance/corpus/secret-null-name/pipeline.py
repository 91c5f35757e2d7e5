"""A secret whose name is an optional argument that is not given is left out."""

from typing import Optional

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "${PASS-none}" > "$0"', out])


@dsl.pipeline(name='secret-null-name')
def pipeline(secret: Optional[str] = None) -> str:
    shown = show()
    kubernetes.use_secret_as_env(shown, secret_name=secret, secret_key_to_env={'password': 'PASS'})
    kubernetes.use_secret_as_volume(shown, secret_name=secret, mount_path='/secret')
    return shown.output

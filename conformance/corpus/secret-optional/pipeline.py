"""Secrets and config maps that are optional may be missing, whole or by key."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s,%s,%s,%s" "${PASS-none}" "${NOTHING-none}" "${COLOUR-none}" "$(ls /optional 2> /dev/null | wc -l | tr -d " ")" > "$0"', out])


@dsl.pipeline(name='secret-optional')
def pipeline() -> str:
    shown = show()
    kubernetes.use_secret_as_env(shown, secret_name='corpus-absent', secret_key_to_env={'password': 'PASS'}, optional=True)
    kubernetes.use_secret_as_env(shown, secret_name='corpus-optional', secret_key_to_env={'other': 'NOTHING'}, optional=True)
    kubernetes.use_config_map_as_env(shown, config_map_name='corpus-absent', config_map_key_to_env={'a': 'COLOUR'}, optional=True)
    kubernetes.use_secret_as_volume(shown, secret_name='corpus-absent', mount_path='/optional', optional=True)
    return shown.output

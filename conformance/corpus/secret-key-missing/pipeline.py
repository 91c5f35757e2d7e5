"""A secret without the key fails the task that needs it."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf here > "$0"', out])


@dsl.pipeline(name='secret-key-missing')
def pipeline():
    shown = show()
    kubernetes.use_secret_as_env(shown, secret_name='corpus-key', secret_key_to_env={'token': 'TOKEN'})

"""A secret that does not exist fails the task that needs it."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf here > "$0"', out])


@dsl.container_component
def after(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf never > "$0"', out])


@dsl.pipeline(name='secret-missing')
def pipeline():
    shown = show()
    kubernetes.use_secret_as_env(shown, secret_name='corpus-absent', secret_key_to_env={'password': 'PASS'})
    after().after(shown)

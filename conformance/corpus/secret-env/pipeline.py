"""Keys of a secret become variables, also over a variable of the same name."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', '[ "$PASS" = open-sesame ] && [ "$USER_NAME" = ann ] && printf right > "$0"', out])


@dsl.pipeline(name='secret-env')
def pipeline() -> str:
    shown = show().set_env_variable('PASS', 'given')
    kubernetes.use_secret_as_env(shown, secret_name='corpus-env', secret_key_to_env={'password': 'PASS', 'user': 'USER_NAME'})
    return shown.output

"""Names of secrets and config maps come from an argument, a task and a loop item."""

from kfp import dsl, kubernetes


@dsl.container_component
def pick(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf corpus-names-b > "$0"', out])


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', '[ "$PASS" = open-sesame ] && printf "%s" "$COLOUR" > "$0"', out])


@dsl.container_component
def each(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s" "$COLOUR" > "$0"', out])


@dsl.pipeline(name='secret-names')
def pipeline(secret: str):
    picked = pick()
    shown = show()
    kubernetes.use_secret_as_env(shown, secret_name=secret, secret_key_to_env={'password': 'PASS'})
    kubernetes.use_config_map_as_env(shown, config_map_name=picked.output, config_map_key_to_env={'colour': 'COLOUR'})
    with dsl.ParallelFor(['corpus-names-a', 'corpus-names-b']) as name:
        one = each()
        kubernetes.use_config_map_as_env(one, config_map_name=name, config_map_key_to_env={'colour': 'COLOUR'})

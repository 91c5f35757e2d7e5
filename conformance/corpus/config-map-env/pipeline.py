"""Keys of a config map become variables."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'printf "%s %s" "$COLOUR" "$SIZE" > "$0"', out])


@dsl.pipeline(name='config-map-env')
def pipeline() -> str:
    shown = show()
    kubernetes.use_config_map_as_env(shown, config_map_name='corpus-env', config_map_key_to_env={'colour': 'COLOUR', 'size': 'SIZE'})
    return shown.output

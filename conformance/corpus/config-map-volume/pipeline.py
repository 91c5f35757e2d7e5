"""A config map is mounted at a path that the host does not have."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', 'cd /settings; for f in *; do printf "%s=%s " "$f" "$(cat "$f")"; done > "$0"', out])


@dsl.pipeline(name='config-map-volume')
def pipeline() -> str:
    shown = show()
    kubernetes.use_config_map_as_volume(shown, config_map_name='corpus-volume', mount_path='/settings')
    return shown.output

"""A secret is mounted: a file for each key, which nobody can write."""

from kfp import dsl, kubernetes


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-ec', '[ "$(cat /etc/corpus/password)" = open-sesame ]; [ "$(ls /etc/corpus | tr "\\n" " ")" = "password user " ]; ! touch /etc/corpus/new 2> /dev/null; printf right > "$0"', out])


@dsl.pipeline(name='secret-volume')
def pipeline() -> str:
    shown = show()
    kubernetes.use_secret_as_volume(shown, secret_name='corpus-volume', mount_path='/etc/corpus')
    return shown.output

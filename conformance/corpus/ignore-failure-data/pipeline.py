"""A task that ignores the failure of its producer gets its own default for what is missing."""

from kfp import dsl


@dsl.container_component
def broken(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'exit 1', out])


@dsl.container_component
def show(out: dsl.OutputPath(str), text: str = 'fallback'):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf "<%s>" "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='ignore-failure-data')
def pipeline():
    show(text=broken().output).ignore_upstream_failure()

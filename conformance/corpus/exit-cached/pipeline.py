"""A group that is wholly cached has ended well for its exit task."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def status(given: dsl.PipelineTaskFinalStatus, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'case "$0" in *COMPLETE*) printf well ;; *) printf "%s" "$0" ;; esac > "$1"'], args=[given, out])


@dsl.pipeline(name='exit-cached')
def pipeline():
    with dsl.ExitHandler(status().set_caching_options(False)):
        say(text='a')

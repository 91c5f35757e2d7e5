"""A task's /tmp is its own: a file left there by one task is not seen by the next."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def leave(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'set -e; echo x > /tmp/left-behind; cat /tmp/left-behind > /dev/null; printf done > "$0"', out])


@dsl.container_component
def look(before: str):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'test "$0" = done && ! test -e /tmp/left-behind'], args=[before])


@dsl.pipeline(name='private-files')
def pipeline():
    look(before=leave().output)

"""Two tasks that differ in an environment variable alone do not share a result."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf "%s" "$COLOUR" > "$0"', out])


@dsl.pipeline(name='cache-env')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    O = NamedTuple('O', [('a', str), ('b', str)])
    a = show().set_env_variable('COLOUR', 'red')
    b = show().set_env_variable('COLOUR', 'blue').after(a)
    return O(a.output, b.output)

"""Environment variables of a task, with a reference to an earlier one; other tasks do not see them."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def show(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf "%s|%s|%s" "$ONE" "$TWO" "$THREE" > "$0"', out])


@dsl.pipeline(name='env-variables')
def pipeline() -> NamedTuple('O', [('a', str), ('b', str)]):
    a = show().set_env_variable('ONE', '1 "x"').set_env_variable('TWO', '[$(ONE)]').set_env_variable('THREE', '$$(ONE) $(NONE)')
    O = NamedTuple('O', [('a', str), ('b', str)])
    return O(a.output, show().output)

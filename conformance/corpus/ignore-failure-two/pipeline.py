"""Two tasks that ignore the failure of the same task, and one with two dependencies that runs once."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='ignore-failure-two')
def pipeline():
    f = fail()
    n = noop()
    say(text='a').after(f).ignore_upstream_failure()
    say(text='b').after(f).ignore_upstream_failure()
    say(text='c').after(f, n).ignore_upstream_failure()

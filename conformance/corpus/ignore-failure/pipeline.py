"""A task that runs whatever became of those before it; what depends on it runs too; the run fails."""

from kfp import dsl


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def noop():
    return dsl.ContainerSpec(image='alpine', command=['true', 'x'])


@dsl.pipeline(name='ignore-failure')
def pipeline():
    f = fail()
    n = noop()
    a = say(text='tidy').after(f, n).ignore_upstream_failure()
    say(text=a.output)

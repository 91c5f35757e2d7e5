"""An exit task runs after a group that failed; the run fails all the same."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.pipeline(name='exit-failure')
def pipeline(text: str = 'bye'):
    with dsl.ExitHandler(say(text=text)):
        f = fail()
        say(text='never').after(f)

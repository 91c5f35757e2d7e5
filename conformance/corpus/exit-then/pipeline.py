"""A task after an exit handler's group runs only when the group succeeded."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'echo broken >&2; exit 3'])


@dsl.pipeline(name='exit-then')
def pipeline():
    with dsl.ExitHandler(say(text='bye')):
        fail()
    say(text='next')


def edit(document):
    # The SDK lets nothing outside the group depend on it; a document may.
    document['root']['dag']['tasks']['say-2']['dependentTasks'] = ['exit-handler-1']

"""An edge that only a value makes: the document's list of dependencies does not name the producer."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def grow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='busybox', command=['sh', '-c', 'printf %sx "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='order-implicit')
def pipeline() -> str:
    return grow(text=say(text='late').output).output


def edit(document):
    del document['root']['dag']['tasks']['grow']['dependentTasks']

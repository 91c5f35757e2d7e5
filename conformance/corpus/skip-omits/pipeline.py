"""What depends on a skipped task is omitted, and what depends on that; the run still succeeds."""

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.pipeline(name='skip-omits')
def pipeline(go: bool = False):
    with dsl.If(go == True):
        a = say(text='a')
        b = say(text='b').after(a)
    c = say(text='c')
    say(text='d').after(c)
    say(text='e')


def edit(document):
    # The SDK lets nothing outside a condition depend on it; a document may.
    document['root']['dag']['tasks']['say-3']['dependentTasks'] = ['condition-1']

"""Parameters restricted to given values."""

from kfp import dsl


@dsl.container_component
def show(mode: str, level: int, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='busybox', command=['sh', '-c', 'printf "%s %s" "$0" "$1" > "$2"'], args=[mode, level, out])


@dsl.pipeline(name='param-literals')
def pipeline(mode: str = 'fast', level: int = 1) -> str:
    return show(mode=mode, level=level).output


def edit(document):
    # This SDK has no way to write literals.
    for inputs in (document['root']['inputDefinitions'], document['components']['comp-show']['inputDefinitions']):
        inputs['parameters']['mode']['literals'] = ['fast', 'slow']
        inputs['parameters']['level']['literals'] = [1, 2]

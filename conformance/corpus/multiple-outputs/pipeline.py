"""One task with several outputs, each used by another task and one by none."""

from typing import NamedTuple

from kfp import dsl


@dsl.container_component
def join(a: str, b: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='debian', command=['sh', '-c', 'printf %s%s "$0" "$1" > "$2"'], args=[a, b, out])


@dsl.container_component
def split(text: str, head: dsl.OutputPath(str), tail: dsl.OutputPath(str), size: dsl.OutputPath(int), rest: dsl.Output[dsl.Artifact]):
    return dsl.ContainerSpec(
        image='bash', command=['bash', '-c', 'printf %s "${0%% *}" > "$1"; printf %s "${0#* }" > "$2"; printf %s "${#0}" > "$3"; printf %s "$0" > "$4"'],
        args=[text, head, tail, size, rest.path])


@dsl.pipeline(name='multiple-outputs')
def pipeline(text: str = 'left right') -> NamedTuple('O', [('joined', str), ('size', int)]):
    s = split(text=text)
    O = NamedTuple('O', [('joined', str), ('size', int)])
    return O(join(a=s.outputs['tail'], b=s.outputs['head']).output, s.outputs['size'])

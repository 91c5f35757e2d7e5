"""A long text and a long list between tasks."""

from kfp import dsl


@dsl.container_component
def count(text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "${#0}" > "$1"'], args=[text, out])


@dsl.container_component
def long(text: dsl.OutputPath(str), items: dsl.OutputPath(list)):
    return dsl.ContainerSpec(image='python:3.11', command=['python3', '-c', '''
import json, sys
open(sys.argv[1], "w").write("é" * 30000)
json.dump(list(range(5000)), open(sys.argv[2], "w"))
'''], args=[text, items])


@dsl.container_component
def total(items: list, text: str, out: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='python:3.11', command=['python3', '-c', '''
import json, sys
open(sys.argv[3], "w").write(str(sum(json.loads(sys.argv[1])) + len(sys.argv[2])))
'''], args=[items, text, out])


@dsl.pipeline(name='big-values')
def pipeline() -> int:
    made = long()
    return total(items=made.outputs['items'], text=made.outputs['text']).output

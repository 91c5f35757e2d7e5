"""Values with quotes, newlines, backslashes and placeholders in them, inside texts of a list and a struct."""

from typing import Dict, List

from kfp import dsl


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image='alpine', command=['sh', '-c', 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def parts(items: List[str], fields: Dict[str, str], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
items, fields, whole = map(json.loads, sys.argv[1:4])
assert whole["inputs"]["parameterValues"]["items"] == items
open(sys.argv[4], "w").write(items[1] + fields["k"])
'''], args=[items, fields, '{{$}}', out])


@dsl.pipeline(name='f-string-hard')
def pipeline(text: str) -> str:
    said = say(text=f'<{text}>').output
    return parts(items=['x', f'[{said}]'], fields={'k': f'({text})'}).output

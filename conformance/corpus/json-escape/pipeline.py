"""Placeholders escaped for JSON once and twice, of a text and of the whole input."""

from typing import Optional

from kfp import dsl


@dsl.container_component
def show(text: str, out: dsl.OutputPath(str), extra: Optional[str] = None):
    return dsl.ContainerSpec(
        image='busybox',
        command=['sh', '-c', 'printf "%s" "$*" > "$0"', out, text, dsl.IfPresentPlaceholder('extra', then=['with', extra], else_=['without'])])

@dsl.container_component
def show(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, sys
once, twice, given, out = sys.argv[1:]
text = json.loads(chr(34) + once + chr(34))
again = json.loads(chr(34) + json.loads(chr(34) + twice + chr(34)) + chr(34))
given = json.loads(json.loads(chr(34) + given + chr(34)))
assert text == again == given["inputs"]["parameterValues"]["text"], (text, again, given)
open(out, "w").write(text)
''',
            "{{$.inputs.parameters['text'].json_escape[1]}}",
            "{{$.inputs.parameters['text'].json_escape[2]}}",
            '{{$.json_escape[1]}}',
            out])


@dsl.pipeline(name='json-escape')
def pipeline(text: str) -> str:
    return show(text=text).output

"""Every placeholder of artifacts and of the ExecutorInput's own file, in one command."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output


@dsl.container_component
def make(data: Output[Dataset]):
    return dsl.ContainerSpec(
        image='alpine',
        command=['sh', '-c', 'printf data > "$0"; printf \'{"artifacts": {"data": {"artifacts": [{"metadata": {"n": 3, "s": "a b"}}]}}}\' > "$1"'],
        args=[data.path, '{{$.outputs.output_file}}'])


@dsl.container_component
def check(data: Input[Dataset], model: Output[Model], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, os, sys
(executor_input, uri, path, metadata, n, text, listed, model_uri, model_path, file, output_file, other_file,
 root, inner) = sys.argv[1:]
seen = json.loads(executor_input)
assert uri == path == seen["inputs"]["artifacts"]["data"]["artifacts"][0]["uri"], uri
assert json.loads(metadata)["n"] == 3 and n == "<3>" and text == "a b", (metadata, n, text)
assert json.loads(listed)[0]["uri"] == uri, listed
assert model_uri == model_path == seen["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"], model_uri
assert file == seen["outputs"]["parameters"]["out"]["outputFile"], file
assert output_file == other_file == seen["outputs"]["outputFile"], output_file
assert model_path.startswith(root + "/"), root
assert json.loads(json.loads('"' + inner + '"'))["outputs"] == seen["outputs"], inner
for path in [model_path, file, output_file]:
    assert os.path.isdir(os.path.dirname(path)), path
open(file, "w").write("ok")
'''],
        args=[
            '{{$}}', data.uri, data.path, data.metadata, "<{{$.inputs.artifacts['data'].metadata['n']}}>",
            data.metadata['s'], "{{$.inputs.artifacts['data']}}", model.uri, model.path, out,
            '{{$.outputs.output_file}}', '{{$.outputMetadataUri}}', '{{$.pipeline_root}}', '{{$.json_escape[1]}}'
        ])


@dsl.pipeline(name='placeholders-artifacts')
def pipeline() -> str:
    return check(data=make().output).outputs['out']

"""Every placeholder that a command can hold, each in a word of its own and inside a longer word."""

from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Output


@dsl.container_component
def everything(text: str, art: Input[Artifact], made: Output[Dataset], out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image='python:3.11',
        command=['python3', '-c', '''
import json, os, sys
names = ("text art_uri art_path art_key art_metadata arts made_uri made_path made_metadata out output_file metadata_file "
         "job resource uuid task task_uuid created scheduled root given longer").split()
v = dict(zip(names, sys.argv[1:], strict=True))
given = json.loads(v["given"])
art = given["inputs"]["artifacts"]["art"]["artifacts"][0]
made = given["outputs"]["artifacts"]["made"]["artifacts"][0]
checks = {
    "text": given["inputs"]["parameterValues"]["text"] == v["text"] == "t",
    "uri": v["art_uri"] == art["uri"] and open(v["art_path"]).read() == "content",
    "key": v["art_key"] == "red",
    "metadata": json.loads(v["art_metadata"])["colour"] == "red",
    "artifacts": [one["uri"] for one in json.loads(v["arts"])] == [art["uri"]],
    "made": v["made_uri"] == made["uri"] and os.path.isdir(os.path.dirname(v["made_path"])),
    "made metadata": isinstance(json.loads(v["made_metadata"]), dict),
    "out": v["out"] == given["outputs"]["parameters"]["out"]["outputFile"],
    "output file": v["output_file"] == v["metadata_file"] == given["outputs"]["outputFile"],
    "resource": "placeholders-all" in v["resource"],
    "uuid": len(v["uuid"]) == 36 and len(v["task_uuid"]) > 0,
    "task": v["task"] == "everything",
    "times": v["created"].endswith("Z") and v["scheduled"] == v["created"],
    "root": len(v["root"]) > 0 and made["uri"].startswith(v["root"]),
    "longer": v["longer"] == "-t-" + v["uuid"] + "-" + v["text"] + "-",
    "left": not any("{{" in word for word in sys.argv[1:]),
}
open(v["out"], "w").write(",".join(name for name, holds in checks.items() if not holds) or "ok")
''',
            text, art.uri, art.path, art.metadata['colour'], "{{$.inputs.artifacts['art'].metadata}}", "{{$.inputs.artifacts['art']}}",
            made.uri, made.path, "{{$.outputs.artifacts['made'].metadata}}", out,
            '{{$.outputs.output_file}}', '{{$.outputMetadataUri}}',
            '{{$.pipeline_job_name}}', '{{$.pipeline_job_resource_name}}', '{{$.pipeline_job_uuid}}',
            '{{$.pipeline_task_name}}', '{{$.pipeline_task_uuid}}',
            '{{$.pipeline_job_create_time_utc}}', '{{$.pipeline_job_schedule_time_utc}}', '{{$.pipeline_root}}',
            '{{$}}', "-{{$.inputs.parameters['text']}}-{{$.pipeline_job_uuid}}-{{$.inputs.parameters['text']}}-"])


@dsl.pipeline(name='placeholders-all')
def pipeline(uri: str) -> str:
    given = dsl.importer(artifact_uri=uri, artifact_class=Artifact, metadata={'colour': 'red'})
    return everything(text='t', art=given.output).outputs['out']

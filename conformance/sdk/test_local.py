"""Compares the corpus with `kfp.local`, wherever that can run the same pipeline.

Each pipeline is run once by the SDK's own runner (see `local_peer.py`) and once by `pipewright run`. The state, the
output parameters of the pipeline, and component, state and output parameters of every command must be the same. A run
that fails is compared by its state: kfp.local stops at the first failure, and Pipewright, like a cluster, ends
everything that does not depend on it.

What is not compared, and why, is said by `reason`: rules over the compiled document, then the pipelines named in
`local.yaml`, each with the place where kfp.local differs from what a cluster does.
"""

import collections
import functools
import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

import local_peer

BINARY = os.environ.get("PIPEWRIGHT")
HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus"
DIFFERS = yaml.safe_load((HERE / "local.yaml").read_text())
NAMES = sorted(path.parent.name for path in CORPUS.glob("*/expect.yaml"))

# Words of a document that ask for something which kfp.local has not.
WORDS = {
    "KFP_RETRY_INDEX": "kfp.local does not tell attempts their number",
    "/tmp/": "kfp.local gives tasks no folders of their own",
    "$HOME": "kfp.local gives tasks no folders of their own",
    "date +%N": "gives another value each time",
    "taskFinalStatus": "the final status has other words, keys and names in kfp.local",
    "json_escape": "kfp.local does not know all placeholders",
    "pipeline_job_resource_name": "kfp.local does not know all placeholders",
    "outputMetadataUri": "kfp.local does not know all placeholders",
    "/kfp-workspace": "needs a workspace",
    "workspace_path": "needs a workspace",
    "argostub/": "kfp.local makes and deletes no volume claims",
}


@functools.cache
def load(name):
    """Returns the compiled pipeline as text and as documents, and what is expected of it."""
    folder = CORPUS / name
    text = (folder / "pipeline.yaml").read_text()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    expect = yaml.load((folder / "expect.yaml").read_text().replace("{here}", str(folder)), loader)
    return text, list(yaml.load_all(text, loader)), expect


def reason(name):
    """Says why a pipeline is not compared; None when it is."""
    text, documents, expect = load(name)
    document = documents[0]
    if len(documents) > 1:
        return "kfp.local leaves out every Kubernetes setting"
    if "cancel_after" in expect:
        return "is cancelled"
    if expect.get("network"):
        return "installs packages into the interpreter of the test"
    if document["root"].get("inputDefinitions", {}).get("artifacts"):
        return "kfp.local takes no artifacts as inputs of a pipeline"
    for component in document["components"].values():
        executor = document["deploymentSpec"]["executors"].get(component.get("executorLabel"), {})
        container = executor.get("container", {})
        command = container.get("command", [])
        is_function = "kfp.dsl.executor_main" in str(container)
        if is_function and command[:2] == ["python3", "-m"]:
            return "kfp.local runs no containerized Python components in processes"
        if is_function and local_peer.packages(command):
            return "installs packages into the interpreter of the test"
        if container and not is_function and component.get("outputDefinitions", {}).get("artifacts"):
            return "kfp.local takes artifacts from Python functions alone"
    for component in [document["root"], *document["components"].values()]:
        artifacts = component.get("dag", {}).get("outputs", {}).get("artifacts", {})
        if any(len(output["artifactSelectors"]) > 1 for output in artifacts.values()):
            return "kfp.local has no OneOf over artifacts"
        parameters = component.get("inputDefinitions", {}).get("parameters", {}) if "dag" in component else {}
        for key, parameter in parameters.items():
            is_given = component is document["root"] and key in expect.get("arguments", {})
            if parameter.get("isOptional") and "defaultValue" not in parameter and not is_given:
                return "kfp.local needs a value for each optional input of a pipeline"
    for words, why in WORDS.items():
        if words in text:
            return why
    return DIFFERS.get(name)


def same(value):
    """Makes values comparable: in texts, kfp.local writes JSON with spaces and integers with a fraction."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return re.sub(r"(\d)\.0(?!\d)", r"\1", re.sub(r"([,:]) ", r"\1", value))
        return same(parsed) if not isinstance(parsed, str) else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, list):
        return [same(item) for item in value]
    return {key: same(item) for key, item in value.items()}


def key(component, state, outputs):
    return component, state, json.dumps(same(outputs), sort_keys=True)


def commands(run, document):
    """Lists component, state and outputs of every command that Pipewright ran, failed attempts too."""
    found = []
    for task in run["tasks"]:
        if task["kind"] != "container" or not task["attempts"]:
            continue
        component = document["root"]
        for part in task["task_id"].split("/")[1:]:
            name = component["dag"]["tasks"][part.split("[")[0]]["componentRef"]["name"]
            component = document["components"][name]
        found += [key(name, "FAILED", {})] * (len(task["attempts"]) - 1)
        found.append(key(name, task["state"], task["outputs"]["parameters"]))
    return collections.Counter(found)


@pytest.mark.skipif(not BINARY, reason="PIPEWRIGHT names no binary")
@pytest.mark.parametrize("name", [name for name in NAMES if not reason(name)])
def test_gives_what_kfp_local_gives(name, tmp_path, tmp_path_factory):
    _, documents, expect = load(name)
    arguments = expect.get("arguments", {})
    state, outputs, recorded = local_peer.run(CORPUS / name, arguments, tmp_path)
    given = tmp_path / "arguments.json"
    given.write_text(json.dumps(arguments))
    home = tmp_path_factory.getbasetemp() / "local-home"
    done = subprocess.run(
        [BINARY, "run", CORPUS / name / "pipeline.yaml", "--params", given, "--home", home, "--no-cache", "--output", "json"],
        capture_output=True,
        text=True,
    )
    run = json.loads(done.stdout)
    assert run["state"] == state, done.stderr
    if state == "FAILED":
        return
    assert same(run["outputs"]["parameters"]) == same(outputs)
    theirs = collections.Counter(key(*one) for one in recorded)
    assert commands(run, documents[0]) == theirs


def test_what_is_left_out_is_known():
    """Each name in `local.yaml` is needed: no rule covers it, and there is such a pipeline."""
    for name, why in DIFFERS.items():
        assert name in NAMES, f"local.yaml: there is no pipeline {name}"
        assert reason(name) == why, f"local.yaml: {name} is left out by a rule as well"
    compared = [name for name in NAMES if not reason(name)]
    left_out = collections.Counter(reason(name) for name in NAMES if reason(name))
    print(f"\n{len(compared)} of {len(NAMES)} pipelines are compared with kfp.local")
    for why, count in left_out.most_common():
        print(f"{count:4} {why}")
    assert len(compared) > 80

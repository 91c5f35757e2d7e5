"""Runs compiled pipelines with `kfp.local`, the SDK's own runner on one machine.

The SubprocessRunner is taken, without virtual environments. It refuses container components because their image is
not there; with that check lifted it runs their commands on this machine, as Pipewright does, so that the SDK's own
orchestration is compared over the whole corpus and not over Python functions alone.
"""

import contextlib
import io
import logging
import os
import pathlib
import threading
import warnings

import yaml
from kfp import components, local
from kfp.local import executor_input_utils, logging_utils, subprocess_task_handler, task_dispatcher

_lock = threading.Lock()
_record = []
_dispatch = task_dispatcher.run_single_task_implementation


def _recorded(*args, **kwargs):
    """Notes what came of each command that kfp.local runs."""
    component = kwargs["component_name"]
    parameters = set(kwargs["component_spec"].output_definitions.parameters)
    try:
        outputs, status = _dispatch(*args, **kwargs)
    except Exception:
        with _lock:
            _record.append((component, "FAILED", {}))
        raise
    state = "SUCCEEDED" if status.name == "SUCCESS" else "FAILED"
    values = {name: value for name, value in outputs.items() if name in parameters}
    with _lock:
        _record.append((component, state, values))
    return outputs, status


_construct = executor_input_utils.construct_executor_input


def _constructed(*args, **kwargs):
    """Makes the folders that outputs lie in, as the launcher of a cluster does; the SDK's executor makes its own."""
    made = _construct(*args, **kwargs)
    paths = [parameter.output_file for parameter in made.outputs.parameters.values()]
    paths += [artifact.uri for listed in made.outputs.artifacts.values() for artifact in listed.artifacts]
    for path in paths:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    return made


executor_input_utils.construct_executor_input = _constructed
task_dispatcher.run_single_task_implementation = _recorded
# Nests what is printed deeper with each task of a loop, until printing takes all the time.
logging_utils.indented_print = contextlib.nullcontext
subprocess_task_handler.SubprocessTaskHandler.validate_not_container_component = lambda *_: None
subprocess_task_handler.SubprocessTaskHandler.validate_image = lambda *_: None


def without_satisfied_installs(document):
    """Takes out the installation of the SDK, which is there already; what else is installed is left."""
    for executor in document["deploymentSpec"]["executors"].values():
        command = executor.get("container", {}).get("command", [])
        if len(command) > 3 and command[:2] == ["sh", "-c"] and "pip install" in command[2] and not packages(command):
            executor["container"]["command"] = command[3:]
    return document


def packages(command):
    """Lists what a Python component installs besides the SDK itself."""
    text = " ".join(command[2].split()) if len(command) > 2 else ""
    words = [word.strip("'\"\\;") for part in text.split("pip install")[1:] for word in part.split("&&")[0].split()]
    return [word for word in words if not word.startswith(("-", "kfp==", "typing-extensions", "python_version", "<")) and word]


def run(folder: pathlib.Path, arguments, scratch: pathlib.Path):
    """Runs the pipeline; returns its state, its output parameters, and (component, state, outputs) of each command."""
    document = without_satisfied_installs(next(yaml.safe_load_all((folder / "pipeline.yaml").read_text())))
    pipeline = components.load_component_from_text(yaml.safe_dump(document))
    _record.clear()
    root = scratch / folder.name
    (root / "cwd").mkdir(parents=True)
    before = os.getcwd()
    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=str(root / "outputs"),
        workspace_root=str(root / "workspace"),
        raise_on_error=True,
    )
    logging.disable(logging.CRITICAL)
    os.chdir(root / "cwd")
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task = pipeline(**arguments)
        names = set(document["root"].get("outputDefinitions", {}).get("parameters", {}))
        outputs = {name: value for name, value in task.outputs.items() if name in names}
        return "SUCCEEDED", outputs, list(_record)
    except RuntimeError as wrong:
        if "finished with status" not in str(wrong):
            raise
        return "FAILED", {}, list(_record)
    finally:
        os.chdir(before)
        logging.disable(logging.NOTSET)

"""Drives the `kfp` program of 2.x: every command of run, recurring-run, experiment and pipeline, and their errors.

The program's entry is called in this process, which spares its start; one test starts it as users do. The server is
found as in `test_client.py`.
"""

import json
import os
import subprocess
import sys
import time
import uuid

import pytest
from click.testing import CliRunner
from kfp import compiler, dsl
from kfp.cli import cli as program

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
SECONDS = 60

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")


@dsl.container_component
def echo(text: str):
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=[text])


@dsl.pipeline(name="cli-echo")
def echo_pipeline(text: str = "hello"):
    echo(text=text)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keeps the program's own settings out of the user's home."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def name():
    return f"cli-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(echo_pipeline, str(path))
    return str(path)


def kfp(*words, answer=None, fails=False, output="json"):
    """Returns what the program prints, as JSON where it is."""
    given = ["--endpoint", URL, "--output", output, *words]
    done = CliRunner().invoke(program.cli, given, input=answer, obj={}, auto_envvar_prefix="KFP")
    assert (done.exit_code != 0) == fails, (words, done.exit_code, done.output, done.exception)
    start = min((at for at in (done.output.find("{"), done.output.find("[")) if at >= 0), default=0)
    try:
        return json.JSONDecoder().raw_decode(done.output[start:])[0]
    except ValueError:
        return done.output


def identity(row, *keys):
    return next(row[key] for key in keys if row.get(key))


def of_run(row):
    return identity(row, "run_id", "id")


def test_program():
    entry = os.path.join(os.path.dirname(sys.executable), "kfp")
    command = [entry, "--endpoint", URL, "--output", "json", "experiment", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 and "Default" in done.stdout, done


@pytest.mark.parametrize("group", ["run", "recurring-run", "experiment", "pipeline"])
def test_help(group):
    assert "Usage" in kfp(group, "--help", output="table")


def test_experiments(name):
    made = kfp("experiment", "create", name, "-d", "why")
    number = identity(made, "experiment_id", "id")
    assert "why" in json.dumps(kfp("experiment", "get", number))
    listed = kfp("experiment", "list", "--sort-by", "created_at desc", "-m", "100")
    assert name in json.dumps(listed)
    assert name in kfp("experiment", "list", "--sort-by", "created_at desc", output="table")
    kfp("experiment", "archive", "--experiment-id", number)
    assert "ARCHIVED" in json.dumps(kfp("experiment", "get", number))
    kfp("experiment", "unarchive", "--experiment-name", name)
    assert "AVAILABLE" in json.dumps(kfp("experiment", "get", number))
    kfp("experiment", "delete", number, answer="y\n")
    kfp("experiment", "get", number, fails=True)
    kfp("experiment", "list", "--sort-by", "nonsense", fails=True)


def test_pipelines(name, package):
    made = kfp("pipeline", "create", "-p", name, "-d", "what", package)
    number = identity(made, "pipeline_id", "id")
    assert name in json.dumps(kfp("pipeline", "get", number))
    assert name in json.dumps(kfp("pipeline", "list", "-m", "100", "--sort-by", "created_at desc"))
    version = kfp("pipeline", "create-version", "-v", name + "-2", "-p", number, package)
    second = identity(version, "pipeline_version_id", "version_id", "id")
    assert name + "-2" in json.dumps(kfp("pipeline", "list-versions", number))
    assert name + "-2" in json.dumps(kfp("pipeline", "get-version", number, second))
    kfp("pipeline", "create", "-p", name, package, fails=True)
    kfp("pipeline", "delete", number, answer="y\n", fails=True)
    for row in kfp("pipeline", "list-versions", number):
        kfp("pipeline", "delete-version", number, identity(row, "pipeline_version_id", "version_id", "id"), answer="y\n")
    kfp("pipeline", "delete", number, answer="y\n")
    kfp("pipeline", "get", number, fails=True)
    kfp("pipeline", "get-version", number, second, fails=True)


def test_runs(name, package):
    experiment = identity(kfp("experiment", "create", name), "experiment_id", "id")
    run = of_run(kfp("run", "create", "-e", name, "-r", name, "-f", package, "-w", "-t", "60", "text=cli"))
    shown = kfp("run", "get", run, "-d")
    assert "SUCCEEDED" in json.dumps(shown) and name in json.dumps(shown)
    pipeline = identity(kfp("pipeline", "create", "-p", name, package), "pipeline_id", "id")
    # The program wants the version too, whatever its help says of the newest.
    version = identity(kfp("pipeline", "list-versions", pipeline)[0], "pipeline_version_id", "version_id", "id")
    by_name = of_run(kfp("run", "create", "-e", name, "-r", name, "-n", name, "-v", version))
    # It shows the run as it is at first, and then waits.
    kfp("run", "get", by_name, "-w")
    assert "SUCCEEDED" in json.dumps(kfp("run", "get", by_name))
    listed = kfp("run", "list", "-e", experiment)
    assert {of_run(row) for row in listed} == {run, by_name}
    kfp("run", "archive", run)
    assert "ARCHIVED" in json.dumps(kfp("run", "get", run))
    kfp("run", "unarchive", run)
    assert "AVAILABLE" in json.dumps(kfp("run", "get", run))
    kfp("run", "delete", run, answer="y\n")
    kfp("run", "get", run, fails=True)
    kfp("run", "archive", run, fails=True)
    kfp("run", "create", "-e", name, "-f", package, "other=1", fails=True)
    kfp("run", "list", "--filter", "nonsense", fails=True)


def test_recurring_runs(name, package):
    experiment = identity(kfp("experiment", "create", name), "experiment_id", "id")
    words = ["--job-name", name, "--experiment-id", experiment, "--pipeline-package-path", package]
    made = kfp("recurring-run", "create", *words, "--interval-second", "3600", "--max-concurrency", "2",
               "--no-catchup", "--enabled", "--description", "why", "text=cli")
    number = identity(made, "recurring_run_id", "id")
    assert name in json.dumps(kfp("recurring-run", "list", "-e", experiment))
    assert "ENABLED" in json.dumps(kfp("recurring-run", "get", number))
    kfp("recurring-run", "disable", number)
    assert "DISABLED" in json.dumps(kfp("recurring-run", "get", number))
    kfp("recurring-run", "enable", number)
    assert '"ENABLED"' in json.dumps(kfp("recurring-run", "get", number))
    kfp("recurring-run", "delete", number, answer="y\n")
    for verb in ("get", "enable", "disable"):
        kfp("recurring-run", verb, number, fails=True)
    kfp("recurring-run", "create", *words, "--cron-expression", "61 * * * * *", fails=True)
    kfp("recurring-run", "create", *words, "--interval-second", "60", "--max-concurrency", "11", fails=True)


def test_a_schedule_fires(name, package):
    experiment = identity(kfp("experiment", "create", name), "experiment_id", "id")
    made = kfp("recurring-run", "create", "--job-name", name, "--experiment-id", experiment,
               "--cron-expression", "* * * * * *", "--enabled", "--pipeline-package-path", package)
    end = time.monotonic() + SECONDS
    while not kfp("run", "list", "-e", experiment):
        assert time.monotonic() < end
        time.sleep(0.3)
    kfp("recurring-run", "delete", identity(made, "recurring_run_id", "id"), answer="y\n")

"""How calls of the 2.x clients and commands of their program end when they fail, as a table; deprecated names; and
clients that say who calls. What succeeds is in `test_client.py`, `test_pipelines_client.py` and `test_cli.py`;
`test_whole.py` looks that nothing is left out.
"""

import json
import os
import socket
import subprocess
import time
import urllib.request
import uuid

import pytest
from click.testing import CliRunner

kfp = pytest.importorskip("kfp")
if kfp.__version__.startswith("1."):
    pytest.skip("wants kfp 2", allow_module_level=True)

import kfp_server_api  # noqa: E402
from kfp import Client, compiler, dsl  # noqa: E402
from kfp.cli import cli as program  # noqa: E402
from kfp.kubeflow_client import KubernetesBackendConfig, PipelinesClient  # noqa: E402

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
BINARY = os.environ.get("PIPEWRIGHT", "")
SECONDS = 30
NOBODY = str(uuid.uuid4())
LONG = "x" * 200

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")


@dsl.container_component
def echo(text: str):
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=[text])


@dsl.pipeline(name="errors-echo")
def echo_pipeline(text: str = "hello"):
    echo(text=text)


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr(Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "kfp" / "context.json"))
    return Client(host=URL)


@pytest.fixture
def named():
    return PipelinesClient(KubernetesBackendConfig(base_url=URL, namespace="team-a"))


@pytest.fixture
def name():
    return f"errors-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(echo_pipeline, str(path))
    return str(path)


def astray(client):
    """Points a client to a path where nothing is."""
    client._pipelines_api.api_client.configuration.host = f"{URL}/nowhere"
    return client


REFUSED = {
    "archive_experiment": (404, lambda client, name: client.archive_experiment(NOBODY)),
    "unarchive_experiment": (404, lambda client, name: client.unarchive_experiment(NOBODY)),
    "delete_experiment": (404, lambda client, name: client.delete_experiment(NOBODY)),
    "create_experiment": (400, lambda client, name: client.create_experiment(LONG)),
    "create_run_from_pipeline_func": (
        400,
        lambda client, name: client.create_run_from_pipeline_func(echo_pipeline, arguments={"other": 1}),
    ),
    "delete_pipeline_version": (404, lambda client, name: client.delete_pipeline_version(NOBODY, NOBODY)),
    "delete_recurring_run": (404, lambda client, name: client.delete_recurring_run(NOBODY)),
    "enable_recurring_run": (404, lambda client, name: client.enable_recurring_run(NOBODY)),
    "disable_recurring_run": (404, lambda client, name: client.disable_recurring_run(NOBODY)),
    "delete_job": (404, lambda client, name: client.delete_job(NOBODY)),
    "enable_job": (404, lambda client, name: client.enable_job(NOBODY)),
    "disable_job": (404, lambda client, name: client.disable_job(NOBODY)),
    "list_pipelines": (400, lambda client, name: client.list_pipelines(page_token="none")),
    "list_pipeline_versions": (400, lambda client, name: client.list_pipeline_versions(NOBODY, sort_by="weight")),
    "list_recurring_runs": (400, lambda client, name: client.list_recurring_runs(filter="{")),
    "list_runs": (400, lambda client, name: client.list_runs(sort_by="created_at sideways")),
    "get_pipeline_id": (404, lambda client, name: astray(client).get_pipeline_id(name)),
    "upload_pipeline_version_from_pipeline_func": (
        400,
        lambda client, name: client.upload_pipeline_version_from_pipeline_func(
            echo_pipeline, pipeline_version_name=name, pipeline_id=NOBODY
        ),
    ),
    "wait_for_run_completion": (404, lambda client, name: client.wait_for_run_completion(NOBODY, timeout=SECONDS)),
}


@pytest.mark.parametrize("method", REFUSED)
def test_refused(client, name, method):
    status, call = REFUSED[method]
    with pytest.raises(kfp_server_api.ApiException) as caught:
        call(client, name)
    assert caught.value.status == status, caught.value


def test_refused_the_second_time(client, name):
    client.upload_pipeline_from_pipeline_func(echo_pipeline, pipeline_name=name)
    with pytest.raises(kfp_server_api.ApiException) as caught:
        client.upload_pipeline_from_pipeline_func(echo_pipeline, pipeline_name=name)
    assert caught.value.status == 409


def test_deprecated_names(client, name, package):
    job = client.create_recurring_run(
        client.create_experiment(name).experiment_id, name, cron_expression="0 0 3 1 1 *", pipeline_package_path=package
    ).recurring_run_id
    client.disable_job(job)
    assert client.get_recurring_run(job).status == "DISABLED"
    client.enable_job(job)
    assert client.get_recurring_run(job).status == "ENABLED"
    client.delete_job(job)
    with pytest.raises(kfp_server_api.ApiException):
        client.get_recurring_run(job)


def test_namespace(client):
    client.set_user_namespace("team-a")
    assert client.get_user_namespace() == "team-a"
    assert Client(host=URL).get_user_namespace() == "team-a"


NAMED_REFUSED = {
    "create_experiment": lambda client, name, path: client.create_experiment(LONG),
    "list_experiments": lambda client, name, path: client.list_experiments(page_token="none"),
    "list_pipelines": lambda client, name, path: client.list_pipelines(page_token="none"),
    "list_runs": lambda client, name, path: client.list_runs(page_token="none"),
    "upload_pipeline": lambda client, name, path: client.upload_pipeline(path, name=name),
    "wait_for_run_status": lambda client, name, path: client.wait_for_run_status(NOBODY, timeout=SECONDS),
}


@pytest.mark.parametrize("method", NAMED_REFUSED)
def test_refused_by_name(named, name, tmp_path, method):
    broken = tmp_path / "broken.yaml"
    broken.write_text("pipelineInfo: {name: broken}\nschemaVersion: 2.1.0\nroot: {}\n")
    with pytest.raises(Exception) as caught:
        NAMED_REFUSED[method](named, name, str(broken))
    assert not isinstance(caught.value, (TypeError, AttributeError)), caught.value


FAILS = [
    ["experiment", "create", LONG],
    ["experiment", "archive", "--experiment-id", NOBODY],
    ["experiment", "unarchive", "--experiment-id", NOBODY],
    ["experiment", "delete", NOBODY],
    ["pipeline", "create-version", "{package}", "-v", "v", "-p", NOBODY],
    ["pipeline", "delete-version", NOBODY, NOBODY],
    ["pipeline", "list", "--page-token", "none"],
    ["pipeline", "list-versions", NOBODY, "--page-token", "none"],
    ["recurring-run", "list", "--page-token", "none"],
    ["recurring-run", "delete", NOBODY],
    ["run", "delete", NOBODY],
    ["run", "unarchive", NOBODY],
    ["dsl", "compile", "--py", "{folder}/nowhere.py", "--output", "{folder}/out.yaml"],
    ["dsl", "compile", "--py", "{folder}/empty.py", "--output", "{folder}/out.yaml"],
    ["component", "build", "{folder}"],
]


def run(words, tmp_path, package, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "empty.py").write_text("x = 1\n")
    words = [word.format(package=package, folder=tmp_path) for word in words]
    given = ["--endpoint", URL, "--output", "json", *words]
    return CliRunner().invoke(program.cli, given, input="y\n", obj={}, auto_envvar_prefix="KFP")


@pytest.mark.parametrize("words", FAILS, ids=lambda words: "-".join(words[:2]))
def test_command_fails(words, tmp_path, package, monkeypatch):
    done = run(words, tmp_path, package, monkeypatch)
    assert done.exit_code != 0, done.output
    assert not isinstance(done.exception, (TypeError, AttributeError, NameError)), done.exception


def test_compile(tmp_path, package, monkeypatch):
    source = tmp_path / "pipeline.py"
    source.write_text(
        "from kfp import dsl\n\n@dsl.component\ndef one() -> int:\n    return 1\n\n"
        "@dsl.pipeline(name='compiled')\ndef compiled():\n    one()\n"
    )
    out = tmp_path / "compiled.yaml"
    done = run(["dsl", "compile", "--py", str(source), "--output", str(out)], tmp_path, package, monkeypatch)
    assert done.exit_code == 0, done.output
    client = Client(host=URL)
    made = client.upload_pipeline(str(out), pipeline_name=f"compiled-{uuid.uuid4().hex[:12]}")
    assert made.pipeline_id


def test_diagnosis(tmp_path, package, monkeypatch):
    done = run(["diagnose-me", "--json"], tmp_path, package, monkeypatch)
    assert done.exit_code == 0, done.output


# Who calls


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Starts a server that asks who calls; returns its address, a token that may read, and one that may change."""
    if not BINARY:
        pytest.skip("PIPEWRIGHT names no binary")
    home = tmp_path_factory.mktemp("guarded")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"

    def token(role):
        words = [BINARY, "token", "create", f"of-{role}", "--role", role, "--output", "json", "--home", str(home)]
        made = subprocess.run(words, capture_output=True, text=True, check=True, timeout=SECONDS)
        return json.loads(made.stdout)["token"]

    tokens = token("viewer"), token("editor")
    server = subprocess.Popen(
        [BINARY, "serve", "--listen", address, "--home", str(home), "--auth", "required"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{address}/apis/v2beta1/healthz", timeout=5)
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.05)
    yield f"http://{address}", *tokens
    server.terminate()
    server.wait(SECONDS)


def test_existing_token(guarded, name):
    url, viewer, editor = guarded
    made = Client(host=url, existing_token=editor).create_experiment(name)
    assert Client(host=url, existing_token=viewer).get_experiment(made.experiment_id).display_name == name
    for token, status in ((viewer, 403), ("no-token", 401), (None, 401)):
        with pytest.raises(kfp_server_api.ApiException) as caught:
            Client(host=url, existing_token=token).create_experiment(f"{name}-{status}")
        assert caught.value.status == status


def test_existing_token_by_name(guarded, name):
    url, viewer, editor = guarded

    def client(token):
        return PipelinesClient(KubernetesBackendConfig(base_url=url, namespace="team-a", user_token=token))

    client(editor).create_experiment(name)
    assert client(viewer).get_experiment(name).display_name == name
    with pytest.raises(Exception):
        client(viewer).create_experiment(f"{name}-2")


def test_existing_token_of_the_program(guarded, name, tmp_path, monkeypatch):
    url, viewer, editor = guarded
    monkeypatch.setenv("HOME", str(tmp_path))

    def kfp_with(token, *words):
        given = ["--endpoint", url, "--existing-token", token, "--output", "json", *words]
        return CliRunner().invoke(program.cli, given, obj={}, auto_envvar_prefix="KFP")

    assert kfp_with(editor, "experiment", "create", name).exit_code == 0
    assert name in kfp_with(viewer, "experiment", "list").output
    assert kfp_with(viewer, "experiment", "create", f"{name}-2").exit_code != 0


def test_cookie(guarded, name):
    url, viewer, editor = guarded
    with pytest.raises(kfp_server_api.ApiException) as caught:
        Client(host=url, cookies="pipewright_session=none").create_experiment(name)
    assert caught.value.status == 401

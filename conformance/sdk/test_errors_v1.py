"""How calls of the kfp 1.8 client and commands of its program end when they fail, as a table. What succeeds, and most
of what fails, is in `test_client_v1.py`; `test_whole.py` looks that nothing is left out.
"""

import os
import uuid

import pytest

kfp = pytest.importorskip("kfp")
if not kfp.__version__.startswith("1."):
    pytest.skip("wants kfp 1.8", allow_module_level=True)

import kfp_server_api  # noqa: E402
from test_client_v1 import kfp_cli  # noqa: E402

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
NOBODY = str(uuid.uuid4())
LONG = "x" * 200
BROKEN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: broken-}
spec: {entrypoint: nowhere, templates: []}
"""

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")


@pytest.fixture
def client():
    return kfp.Client(host=URL)


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return str(path)


def step():
    kfp.dsl.ContainerOp(name="step", image="alpine", command=["true"])


step = kfp.dsl.pipeline(name="step")(step)


def astray(client):
    """Points a client to a path where nothing is."""
    client._pipelines_api.api_client.configuration.host = f"{URL}/nowhere"
    return client


REFUSED = {
    "create_experiment": (400, lambda client, broken: client.create_experiment(LONG)),
    "create_run_from_pipeline_package": (
        400,
        lambda client, broken: client.create_run_from_pipeline_package(broken, arguments={}),
    ),
    "create_run_from_pipeline_func": (
        400,
        lambda client, broken: client.create_run_from_pipeline_func(step, arguments={"other": "1"}),
    ),
    "get_pipeline_id": (404, lambda client, broken: astray(client).get_pipeline_id("any")),
    "list_pipelines": (400, lambda client, broken: client.list_pipelines(page_token="none")),
    "list_pipeline_versions": (400, lambda client, broken: client.list_pipeline_versions(NOBODY, sort_by="weight")),
    "list_recurring_runs": (400, lambda client, broken: client.list_recurring_runs(filter="{")),
    "list_runs": (400, lambda client, broken: client.list_runs(page_token="none")),
    "wait_for_run_completion": (404, lambda client, broken: client.wait_for_run_completion(NOBODY, 30)),
}


@pytest.mark.parametrize("method", REFUSED)
def test_refused(client, broken, method):
    status, call = REFUSED[method]
    with pytest.raises(kfp_server_api.ApiException) as caught:
        call(client, broken)
    assert caught.value.status == status, caught.value


FAILS = [
    ["experiment", "create", LONG],
    ["experiment", "list", "--page-token", "none"],
    ["experiment", "archive", "--experiment-id", NOBODY],
    ["experiment", "delete", NOBODY],
    ["pipeline", "upload", "-p", "broken", "{broken}"],
    ["pipeline", "upload-version", "-p", NOBODY, "-v", "v", "{broken}"],
    ["pipeline", "list", "--page-token", "none"],
    ["pipeline", "list-versions", NOBODY],
    ["pipeline", "get", NOBODY],
    ["pipeline", "delete", NOBODY],
    ["pipeline", "delete-version", NOBODY],
    ["run", "list", "--page-token", "none"],
    ["run", "submit", "-e", "Default", "-r", "broken", "-f", "{broken}"],
    ["recurring-run", "create", "--experiment-id", NOBODY, "--job-name", "j", "--interval-second", "60",
     "--max-concurrency", "1", "--pipeline-package-path", "{broken}"],
    ["recurring-run", "list", "--page-token", "none"],
    ["recurring-run", "delete", NOBODY],
    # 1.8 gives the group of this command no name.
    ["", "build", "{folder}"],
]


@pytest.mark.parametrize("words", FAILS, ids=lambda words: "-".join(words[:2]))
def test_command_fails(broken, words):
    folder = os.path.dirname(broken)
    kfp_cli(*[word.format(broken=broken, folder=folder) for word in words], text="y\n", fails=True)


def test_diagnosis():
    kfp_cli("diagnose_me", "--json")

"""Drives the unchanged kfp 1.8 client and its command line against a running server.

As in `test_client.py`, the server comes from PIPEWRIGHT_URL or `conftest.py`, and each test runs against `/` and
against `/pipeline`. It wants an environment of its own (`requirements-v1.txt`) and is passed over in any other.
"""

import base64
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time
import uuid
import zipfile

import pytest

kfp = pytest.importorskip("kfp")
if not kfp.__version__.startswith("1."):
    pytest.skip("wants kfp 1.8", allow_module_level=True)

import kfp_server_api  # noqa: E402
from kfp import dsl  # noqa: E402
from kfp.cli.cli import main  # noqa: E402
from kfp.compiler import Compiler  # noqa: E402

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
SECONDS = 60

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")

V2 = """
components:
  comp-say:
    executorLabel: exec-say
    inputDefinitions: {parameters: {count: {parameterType: NUMBER_INTEGER}}}
deploymentSpec:
  executors:
    exec-say: {container: {image: alpine, command: [echo, "{{$.inputs.parameters['count']}}"]}}
pipelineInfo: {name: v2}
root:
  inputDefinitions: {parameters: {count: {parameterType: NUMBER_INTEGER, defaultValue: 1, isOptional: true}}}
  dag:
    tasks:
      say:
        componentRef: {name: comp-say}
        inputs: {parameters: {count: {componentInputParameter: count}}}
        taskInfo: {name: say}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
"""


def shell(name, script, *arguments, **outputs):
    """Makes a step of a shell script."""
    return dsl.ContainerOp(name=name, image="alpine", command=["sh", "-c", script], arguments=list(arguments), **outputs)


METRICS = {"metrics": [{"name": "rmse", "numberValue": 0.25, "format": "RAW"}, {"name": "auc", "numberValue": 0.75}]}


@dsl.pipeline(name="sdk1-say", description="Says something.")
def say_pipeline(text: str = "hello", count: int = 1):
    said = shell("say", 'printf %s "$0" > /tmp/out', f"{text} {count}", file_outputs={"out": "/tmp/out"})
    shell(
        "measure",
        'test "$0" = "$1" && printf %s "$2" > /tmp/metrics.json',
        said.outputs["out"],
        f"{text} {count}",
        json.dumps(METRICS),
        output_artifact_paths={"mlpipeline-metrics": "/tmp/metrics.json"},
    )


@dsl.pipeline(name="sdk1-branches")
def branches_pipeline(n: int = 3):
    flipped = shell("flip", "printf heads > /tmp/out", file_outputs={"out": "/tmp/out"})
    with dsl.Condition(flipped.outputs["out"] == "tails"):
        shell("never", "exit 1")
    with dsl.ParallelFor([1, 2]) as item:
        shell("each", 'echo "$0"', item)
    shell("flaky", "exit 3").set_retry(1)


@dsl.pipeline(name="sdk1-wait")
def wait_pipeline():
    shell("wait", "sleep 600")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Keeps the client's own settings out of the user's home."""
    before = os.environ.get("HOME")
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is None:
        del os.environ["HOME"]
    else:
        os.environ["HOME"] = before


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The client looks every 5 seconds, whatever one asks."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.2)))


@pytest.fixture(scope="module", params=["", "/pipeline"], ids=["root", "pipeline"])
def client(request):
    return kfp.Client(host=URL + request.param)


@pytest.fixture
def name():
    return f"sdk1-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "pipeline.yaml"
    Compiler().compile(say_pipeline, str(path))
    return str(path)


def equals(key, value):
    """Makes a list filter."""
    return json.dumps({"predicates": [{"op": 1, "key": key, "stringValue": value}]})


def eventually(read, wanted):
    """Reads until the wanted value comes."""
    end = time.monotonic() + SECONDS
    while True:
        found = read()
        if found in wanted or time.monotonic() > end:
            assert found in wanted
            return found
        time.sleep(0.1)


def refused(status, call, *args, **kwargs):
    """Checks that a call ends in an error with a status and a message."""
    with pytest.raises(kfp_server_api.ApiException) as caught:
        call(*args, **kwargs)
    assert caught.value.status == status, caught.value
    body = json.loads(caught.value.body)
    assert body.get("message") or body.get("error_message"), body
    return caught.value.body


def experiment_of(run):
    return next(ref.key.id for ref in run.resource_references if ref.key.type == "EXPERIMENT")


# The server itself


def test_health(client):
    assert client.get_kfp_healthz().multi_user is False
    assert client.get_user_namespace() in ("", None)
    assert kfp_server_api.HealthzServiceApi(client.runs.api_client).get_healthz().multi_user is False


def test_namespace(client, name):
    client.set_user_namespace("team")
    try:
        assert client.get_user_namespace() == "team"
    finally:
        client.set_user_namespace("")
    assert client.get_user_namespace() in ("", None)


# Experiments


def test_experiment(client, name):
    made = client.create_experiment(name, description="why")
    assert made.id and made.name == name and made.description == "why"
    assert made.storage_state == "STORAGESTATE_AVAILABLE"
    assert made.created_at is not None
    assert client.get_experiment(experiment_id=made.id).name == name
    assert client.get_experiment(experiment_name=name).id == made.id
    assert client.create_experiment(name).id == made.id
    assert client.create_experiment(name, namespace="kubeflow").id == made.id

    client.archive_experiment(made.id)
    assert client.get_experiment(made.id).storage_state == "STORAGESTATE_ARCHIVED"
    client.experiments.unarchive_experiment(made.id)
    assert client.get_experiment(made.id).storage_state == "STORAGESTATE_AVAILABLE"
    client.delete_experiment(made.id)
    refused(404, client.get_experiment, experiment_id=made.id)


def test_experiment_errors(client, name):
    client.create_experiment(name)
    refused(409, client.experiments.create_experiment, body=kfp_server_api.ApiExperiment(name=name))
    for call in (client.get_experiment, client.archive_experiment, client.delete_experiment):
        refused(404, call, str(uuid.uuid4()))
    with pytest.raises(ValueError, match="No experiment is found"):
        client.get_experiment(experiment_name=name + "-other")
    refused(400, client.list_experiments, sort_by="nonsense")
    refused(400, client.list_experiments, page_token="nonsense")
    refused(400, client.list_experiments, filter="nonsense")
    default = client.get_experiment(experiment_name="Default")
    refused(409, client.delete_experiment, default.id)


def test_list_experiments_by_page(client, name):
    for i in range(5):
        client.create_experiment(f"{name}-{i}")
    some = json.dumps({"predicates": [{"op": "IS_SUBSTRING", "key": "name", "string_value": name}]})
    seen, token, pages = [], "", 0
    while True:
        page = client.list_experiments(page_size=2, page_token=token, sort_by="name desc", filter=some)
        assert page.total_size == 5
        seen += [e.name for e in page.experiments]
        token, pages = page.next_page_token, pages + 1
        if not token:
            break
    assert pages == 3
    assert seen == [f"{name}-{i}" for i in (4, 3, 2, 1, 0)]


# Pipelines and versions


def test_pipeline(client, name, package):
    made = client.upload_pipeline(package, pipeline_name=name, description="what it does")
    assert made.id and made.name == name and made.description == "what it does"
    assert {p.name: p.value for p in made.parameters} == {"text": "hello", "count": "1"}
    assert made.default_version.id
    assert client.get_pipeline_id(name) == made.id
    assert client.get_pipeline(made.id).name == name
    assert client.get_pipeline_id(name + "-other") is None

    second = client.upload_pipeline_version(package, name + "-2", pipeline_id=made.id, description="d2")
    third = client.upload_pipeline_version(package, name + "-3", pipeline_name=name)
    assert second.name == name + "-2" and third.name == name + "-3"
    assert client.get_pipeline(made.id).default_version.id == third.id
    listed = client.list_pipeline_versions(made.id, sort_by="created_at desc")
    assert listed.total_size == 3
    assert [v.name for v in listed.versions] == [name + "-3", name + "-2", name]
    owner = listed.versions[0].resource_references[0]
    assert (owner.key.type, owner.key.id, owner.relationship) == ("PIPELINE", made.id, "OWNER")
    assert client.pipelines.get_pipeline_version(second.id).description == "d2"
    template = json.loads(client.pipelines.get_pipeline_version_template(second.id).template)
    assert template["kind"] == "Workflow"
    assert json.loads(client.pipelines.get_template(made.id).template) == template
    client.pipelines.update_pipeline_default_version(made.id, second.id)

    for version in listed.versions:
        client.delete_pipeline_version(version.id)
    refused(404, client.pipelines.get_pipeline_version, second.id)
    client.delete_pipeline(made.id)
    refused(404, client.get_pipeline, made.id)


@pytest.mark.parametrize("ending", ["zip", "tar.gz", "yaml"])
def test_packages(client, name, package, tmp_path, ending):
    path = tmp_path / f"packed.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(package, "pipeline.yaml")
    elif ending == "tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            archive.add(package, "pipeline.yaml")
    else:
        path = package
    assert client.upload_pipeline(str(path), pipeline_name=name).default_version.name == name


def test_list_pipelines(client, name, package):
    for i in range(3):
        client.upload_pipeline(package, pipeline_name=f"{name}-{i}")
    only = client.list_pipelines(filter=equals("name", f"{name}-1"))
    assert [p.name for p in only.pipelines] == [f"{name}-1"]
    page = client.list_pipelines(page_size=1, sort_by="created_at desc")
    assert page.pipelines[0].name == f"{name}-2"
    assert page.next_page_token and page.total_size >= 3


def test_pipeline_errors(client, name, package, tmp_path):
    made = client.upload_pipeline(package, pipeline_name=name)
    refused(409, client.upload_pipeline, package, pipeline_name=name)
    refused(409, client.upload_pipeline_version, package, name, pipeline_id=made.id)
    refused(404, client.get_pipeline, str(uuid.uuid4()))
    refused(404, client.delete_pipeline, str(uuid.uuid4()))
    refused(404, client.delete_pipeline_version, str(uuid.uuid4()))
    refused(400, client.delete_pipeline, made.id)
    broken = tmp_path / "broken.yaml"
    broken.write_text(pathlib.Path(package).read_text().replace("template: say", "template: yas"))
    assert "yas" in refused(400, client.upload_pipeline, str(broken), pipeline_name=name + "-broken")
    assert client.get_pipeline_id(name + "-broken") is None
    # A server fetches from nowhere that its owner has not allowed.
    url = kfp_server_api.ApiUrl(pipeline_url="http://127.0.0.1:9/pipeline.yaml")
    api = kfp_server_api.PipelineServiceApi(client.runs.api_client)
    assert "url" in refused(400, api.create_pipeline, kfp_server_api.ApiPipeline(name=name + "-url", url=url))
    key = kfp_server_api.ApiResourceKey(id=made.id, type="PIPELINE")
    owner = kfp_server_api.ApiResourceReference(key=key, relationship="OWNER")
    version = kfp_server_api.ApiPipelineVersion(name=name + "-url", package_url=url, resource_references=[owner])
    assert "url" in refused(400, api.create_pipeline_version, version)


# Runs


def nodes_of(client, run_id):
    workflow = client._get_workflow_json(run_id)
    return workflow, {node["displayName"]: node for node in workflow["status"]["nodes"].values()}


def test_run_from_function(client, name):
    result = client.create_run_from_pipeline_func(
        say_pipeline, arguments={"text": "given", "count": 2}, run_name=name, experiment_name=name
    )
    detail = result.wait_for_run_completion(timeout=SECONDS)
    run = detail.run
    assert run.status == "Succeeded" and run.name == name and run.error is None
    assert run.id == result.run_id and run.created_at <= run.finished_at
    assert experiment_of(run) == client.get_experiment(experiment_name=name).id
    assert {p.name: p.value for p in run.pipeline_spec.parameters} == {"text": "given", "count": "2"}

    workflow, nodes = nodes_of(client, run.id)
    root = workflow["metadata"]["name"]
    assert workflow["status"]["phase"] == "Succeeded"
    assert {p["name"]: p["value"] for p in workflow["spec"]["arguments"]["parameters"]} == {"text": "given", "count": "2"}
    assert nodes[root]["type"] == "DAG" and nodes[root]["children"] == [nodes["say"]["id"]]
    assert nodes[root]["outboundNodes"] == [nodes["measure"]["id"]]
    assert nodes["say"]["children"] == [nodes["measure"]["id"]]
    assert nodes["say"]["outputs"]["parameters"] == [{"name": "say-out", "value": "given 2"}]
    assert nodes["say"]["outputs"]["exitCode"] == "0"

    metrics = {metric.name: metric for metric in run.metrics}
    assert {metric: metrics[metric].number_value for metric in metrics} == {"rmse": 0.25, "auc": 0.75}
    assert metrics["rmse"].node_id == nodes["measure"]["id"] and metrics["rmse"].format == "RAW"
    listed = client.list_runs(filter=equals("name", name)).runs
    assert {metric.name for metric in listed[0].metrics} == {"rmse", "auc"}
    best = client.list_runs(sort_by="metric:rmse desc", page_size=1).runs[0]
    assert "rmse" in {metric.name for metric in best.metrics}
    least = client.list_runs(sort_by="metric:rmse", page_size=1, filter=equals("name", name)).runs[0]
    assert least.id == run.id

    read = client.runs.read_artifact(run.id, nodes["measure"]["id"], "mlpipeline-metrics")
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(read.data)), mode="r:gz") as archive:
        assert json.load(archive.extractfile(archive.getmembers()[0])) == METRICS
    refused(404, client.runs.read_artifact, run.id, nodes["measure"]["id"], "other")


def test_run_with_branches(client, name):
    result = client.create_run_from_pipeline_func(branches_pipeline, arguments={}, run_name=name)
    assert result.wait_for_run_completion(timeout=SECONDS).run.status == "Failed"
    workflow, nodes = nodes_of(client, result.run_id)
    assert workflow["status"]["phase"] == "Failed"
    phases = {shown: (node["type"], node["phase"]) for shown, node in nodes.items()}
    assert phases["condition-1"] == ("Skipped", "Skipped")
    assert nodes["condition-1"]["message"] == "when '\"heads\" == \"tails\"' evaluated false"
    loop = next(shown for shown in phases if shown.startswith("for-loop-") and "(" not in shown)
    assert phases[loop] == ("TaskGroup", "Succeeded")
    assert phases[f"{loop}(0:1)"] == phases[f"{loop}(1:2)"] == ("DAG", "Succeeded")
    assert phases["flaky"] == ("Retry", "Failed")
    assert phases["flaky(0)"] == phases["flaky(1)"] == ("Pod", "Failed")
    assert nodes["flaky(1)"]["message"].endswith("(exit code 3)")


def test_run_from_version(client, name, package):
    experiment = client.create_experiment(name)
    pipeline = client.upload_pipeline(package, pipeline_name=name)
    version = client.upload_pipeline_version(package, name + "-2", pipeline_id=pipeline.id)
    run = client.run_pipeline(experiment.id, name, pipeline_id=pipeline.id, version_id=version.id, params={"count": 3})
    detail = client.wait_for_run_completion(run.id, timeout=SECONDS)
    assert detail.run.status == "Succeeded"
    assert detail.run.pipeline_spec.pipeline_id == pipeline.id
    created = [ref for ref in detail.run.resource_references if ref.relationship == "CREATOR"]
    assert [(ref.key.type, ref.key.id, ref.name) for ref in created] == [("PIPELINE_VERSION", version.id, name + "-2")]
    # Without a version the newest one runs.
    run = client.run_pipeline(experiment.id, name, pipeline_id=pipeline.id)
    assert run.resource_references[1].key.id == version.id


def test_run_of_v2_package(client, name, tmp_path):
    path = tmp_path / "v2.yaml"
    path.write_text(V2)
    result = client.create_run_from_pipeline_package(str(path), arguments={"count": 5}, run_name=name)
    detail = result.wait_for_run_completion(timeout=SECONDS)
    assert detail.run.status == "Succeeded"
    assert json.loads(detail.run.pipeline_spec.pipeline_manifest)["pipelineInfo"]["name"] == "v2"
    assert detail.pipeline_runtime.workflow_manifest is None


def test_list_runs(client, name, package):
    experiment = client.create_experiment(name)
    for i in range(3):
        client.create_run_from_pipeline_package(package, {}, run_name=f"{name}-{i}", experiment_name=name)
    listed = client.list_runs(experiment_id=experiment.id, sort_by="created_at desc")
    assert listed.total_size == 3
    assert [run.name for run in listed.runs] == [f"{name}-{i}" for i in (2, 1, 0)]
    assert {experiment_of(run) for run in listed.runs} == {experiment.id}
    page = client.list_runs(experiment_id=experiment.id, page_size=2, sort_by="name")
    rest = client.list_runs(experiment_id=experiment.id, page_size=2, sort_by="name", page_token=page.next_page_token)
    assert [run.name for run in rest.runs] == [f"{name}-2"] and not rest.next_page_token
    assert client.list_runs(namespace="kubeflow").runs
    assert client.list_runs(filter=equals("name", name + "-9")).runs is None


def test_run_actions(client, name):
    result = client.create_run_from_pipeline_func(wait_pipeline, arguments={}, run_name=name)
    status = lambda: client.get_run(result.run_id).run.status  # noqa: E731
    eventually(status, {"Running"})
    client.runs.terminate_run(result.run_id)
    eventually(status, {"Failed"})
    refused(400, client.runs.terminate_run, result.run_id)
    client.runs.retry_run(result.run_id)
    refused(409, client.runs.retry_run, result.run_id)
    eventually(status, {"Running"})
    client.runs.terminate_run(result.run_id)
    eventually(status, {"Failed"})
    client.runs.archive_run(result.run_id)
    assert client.get_run(result.run_id).run.storage_state == "STORAGESTATE_ARCHIVED"
    client.runs.unarchive_run(result.run_id)
    assert client.get_run(result.run_id).run.storage_state is None
    metric = kfp_server_api.ApiRunMetric(name="x", node_id="n", number_value=1.5, format="PERCENTAGE")
    report = kfp_server_api.ApiReportRunMetricsRequest(metrics=[metric])
    for wanted in ("OK", "DUPLICATE_REPORTING"):
        assert client.runs.report_run_metrics(result.run_id, report).results[0].status == wanted
    assert client.get_run(result.run_id).run.metrics[0].number_value == 1.5
    client.runs.delete_run(result.run_id)
    refused(404, client.get_run, result.run_id)


def test_run_errors(client, name, package):
    absent = str(uuid.uuid4())
    runs = client.runs
    for call in (client.get_run, runs.terminate_run, runs.retry_run, runs.archive_run, runs.unarchive_run, runs.delete_run):
        refused(404, call, absent)
    refused(404, runs.read_artifact, absent, "n", "a")
    experiment = client.create_experiment(name)
    run = client.run_pipeline
    assert "other" in refused(400, run, experiment.id, name, pipeline_package_path=package, params={"other": 1})
    refused(404, run, absent, name, pipeline_package_path=package)
    refused(404, run, experiment.id, name, pipeline_id=absent)
    refused(404, run, experiment.id, name, version_id=absent)
    refused(400, run, experiment.id, name)
    assert client.list_runs(experiment_id=experiment.id).runs is None


def test_job(client, name, package):
    experiment = client.create_experiment(name)
    made = client.create_recurring_run(
        experiment.id, name, description="why", interval_second=3600, max_concurrency=2, no_catchup=True,
        pipeline_package_path=package, params={"text": "hi"}, enabled=False,
    )
    assert made.id and made.name == name and made.description == "why"
    assert not made.enabled and made.no_catchup and int(made.max_concurrency) == 2
    assert int(made.trigger.periodic_schedule.interval_second) == 3600
    found = client.get_recurring_run(made.id)
    assert found.name == name and found.created_at is not None and experiment_of(found) == experiment.id
    assert {"text": "hi"}.items() <= {p.name: p.value for p in found.pipeline_spec.parameters}.items()
    assert [job.id for job in client.list_recurring_runs(experiment_id=experiment.id).jobs] == [made.id]
    client.jobs.enable_job(made.id)
    assert client.get_recurring_run(made.id).enabled
    client.disable_job(made.id)
    assert not client.get_recurring_run(made.id).enabled
    client.delete_job(made.id)
    refused(404, client.get_recurring_run, made.id)
    assert client.list_recurring_runs(experiment_id=experiment.id).jobs is None


def test_job_fires(client, name, package):
    experiment = client.create_experiment(name)
    pipeline = client.upload_pipeline(package, name)
    made = client.create_recurring_run(
        experiment.id, name, cron_expression="* * * * * *", pipeline_id=pipeline.id, params={"text": "[[Index]]"}
    )
    end = time.monotonic() + SECONDS
    while not (client.list_runs(experiment_id=experiment.id).runs or []):
        assert time.monotonic() < end
        time.sleep(0.2)
    client.disable_job(made.id)
    run = client.get_run(client.list_runs(experiment_id=experiment.id).runs[0].id).run
    assert any(ref.key.type == "JOB" and ref.key.id == made.id for ref in run.resource_references)
    client.delete_job(made.id)


def test_job_errors(client, name, package):
    experiment = client.create_experiment(name)
    for call in (client.get_recurring_run, client.delete_job, client.disable_job, client.jobs.enable_job):
        refused(404, call, str(uuid.uuid4()))
    create = client.create_recurring_run
    for wrong in ({"cron_expression": "61 * * * * *"}, {"interval_second": 60, "max_concurrency": 11}):
        refused(400, create, experiment.id, name, pipeline_package_path=package, **wrong)
    refused(404, create, str(uuid.uuid4()), name, interval_second=60, pipeline_package_path=package)
    refused(404, create, experiment.id, name, interval_second=60, pipeline_id=str(uuid.uuid4()))


# The command line


def kfp_cli(*words, text="", fails=False):
    """Calls the program's entry in this process, which spares its start; returns its JSON, or its text."""
    printed, code = io.StringIO(), 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(printed))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sys, "argv", ["kfp", "--endpoint", URL, "--output", "json", *words])
        patch.setattr(sys, "stdin", io.StringIO(text))
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert (code != 0) == fails, (words, code, printed.getvalue())
    try:
        return json.loads(printed.getvalue())
    except ValueError:
        return printed.getvalue()


def test_program():
    command = [sys.executable, "-m", "kfp", "--endpoint", URL, "--output", "json", "experiment", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 and "Default" in done.stdout, done


def test_command_line(name, package):
    made = kfp_cli("experiment", "create", name, "-d", "why")
    assert made["Name"] == name
    assert name in [row["Name"] for row in kfp_cli("experiment", "list", "--sort-by", "created_at desc")]
    assert kfp_cli("experiment", "get", made["ID"])["Description"] == "why"

    pipeline = kfp_cli("pipeline", "upload", "-p", name, "-d", "what", package)["Pipeline Details"]
    assert pipeline["Name"] == name
    shown = kfp_cli("pipeline", "get", pipeline["Pipeline ID"])
    assert {"Parameter Name": "text", "Default Value": "hello"} in shown["Pipeline Parameters"]
    assert name in [row["Name"] for row in kfp_cli("pipeline", "list")]
    version = kfp_cli("pipeline", "upload-version", "-n", name, "-v", name + "-2", package)
    assert version["Pipeline ID"] == pipeline["Pipeline ID"]

    run = kfp_cli("run", "submit", "-e", name, "-r", name, "-f", package, "-t", "60", "text=cli")[0]
    assert run["status"] == "Succeeded" and run["experiment id"] == made["ID"]
    by_name = kfp_cli("run", "submit", "-e", name, "-r", name, "-n", name)[0]
    assert kfp_cli("run", "get", by_name["run id"])[0]["name"] == name
    listed = kfp_cli("run", "list", "-e", made["ID"])
    assert {row["run id"] for row in listed} == {run["run id"], by_name["run id"]}

    kfp_cli("pipeline", "delete-version", version["Version ID"])
    kfp_cli("pipeline", "delete-version", pipeline["Version ID"])
    assert "is deleted" in kfp_cli("pipeline", "delete", pipeline["Pipeline ID"])
    kfp_cli("experiment", "archive", "--experiment-name", name)
    assert "is deleted" in kfp_cli("experiment", "delete", made["ID"], text="y\n")
    kfp_cli("experiment", "get", made["ID"], fails=True)
    kfp_cli("run", "get", "absent", fails=True)


def test_command_line_of_jobs(name, package):
    experiment = kfp_cli("experiment", "create", name)["ID"]
    words = ("--experiment-id", experiment, "--job-name", name, "--cron-expression", "0 0 9 * * *")
    # The program sends no number of its own, which the API refuses.
    words += ("--max-concurrency", "1")
    kfp_cli("recurring-run", "create", *words, "--pipeline-package-path", package, "text=cli")
    listed = kfp_cli("recurring-run", "list", "-e", experiment)
    assert [row["Name"] for row in listed] == [name]
    shown = kfp_cli("recurring-run", "get", listed[0]["Recurring Run ID"])
    assert name in json.dumps(shown)
    kfp_cli("recurring-run", "delete", listed[0]["Recurring Run ID"])
    assert kfp_cli("recurring-run", "list", "-e", experiment) == []
    kfp_cli("recurring-run", "get", "absent", fails=True)

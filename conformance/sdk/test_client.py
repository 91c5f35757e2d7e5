"""Drives the unchanged kfp client against a running server.

The server's address comes from the environment variable PIPEWRIGHT_URL, for
example http://127.0.0.1:8080; `conftest.py` starts one otherwise. Each test runs against `/` and against `/pipeline`.
Only shell components are used: no Python environment is needed.
"""

import json
import os
import pathlib
import time
import urllib.error
import urllib.request
import uuid

import kfp
import kfp_server_api
import pytest
import yaml
from kfp import compiler, dsl

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
SECONDS = 60

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")


@dsl.container_component
def say(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", 'printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def wait(seconds: int):
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", 'sleep "$0"'], args=[seconds])


@dsl.container_component
def slow(text: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", 'sleep 2; printf %s "$0" > "$1"'], args=[text, out])


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", "exit 3"])


@dsl.container_component
def second_try(sign: str, after: str):
    script = "import sys, urllib.request; print('trying', flush=True); urllib.request.urlopen(sys.argv[1], timeout=10)"
    return dsl.ContainerSpec(image="python:3.11", command=["python3", "-c", script], args=[sign, after])


@dsl.pipeline(name="sdk-say", description="Says something.")
def say_pipeline(text: str = "hello", count: int = 1) -> str:
    return say(text=f"{text} {count}").output


@dsl.pipeline(name="sdk-wait")
def wait_pipeline(seconds: int = 600):
    wait(seconds=seconds)


@dsl.pipeline(name="sdk-slow")
def slow_pipeline(text: str):
    slow(text=text)


@dsl.pipeline(name="sdk-fail")
def fail_pipeline():
    fail()


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


@pytest.fixture(scope="module", params=["", "/pipeline"], ids=["root", "pipeline"])
def client(request):
    return kfp.Client(host=URL + request.param)


@pytest.fixture
def name():
    return f"sdk-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(say_pipeline, str(path))
    return str(path)


def equals(key, value):
    """Makes a list filter."""
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": value}]})


def finish(client, run_id):
    return client.wait_for_run_completion(run_id, timeout=SECONDS, sleep_duration=0.2)


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


# The server itself


def test_health(client):
    health = client.get_kfp_healthz()
    assert health.multi_user is False
    assert client.get_user_namespace() in ("", None)


def test_health_names_its_fields():
    for prefix in ("", "/pipeline"):
        with urllib.request.urlopen(f"{URL}{prefix}/apis/v2beta1/healthz", timeout=10) as answer:
            body = json.load(answer)
        assert body["multi_user"] is False
        assert {"commit_sha", "tag_name"} <= set(body)


# Experiments


def test_default_experiment(client):
    found = client.get_experiment(experiment_name="Default")
    assert found.display_name == "Default"
    assert client.create_experiment("Default").experiment_id == found.experiment_id


def test_experiment(client, name):
    made = client.create_experiment(name, description="why")
    assert made.experiment_id and made.display_name == name
    assert made.description == "why"
    assert made.storage_state == "AVAILABLE"
    assert made.created_at is not None
    assert client.get_experiment(experiment_id=made.experiment_id).display_name == name
    assert client.get_experiment(experiment_name=name).experiment_id == made.experiment_id
    assert client.create_experiment(name).experiment_id == made.experiment_id

    client.archive_experiment(made.experiment_id)
    assert client.get_experiment(made.experiment_id).storage_state == "ARCHIVED"
    client.unarchive_experiment(made.experiment_id)
    assert client.get_experiment(made.experiment_id).storage_state == "AVAILABLE"
    client.delete_experiment(made.experiment_id)
    refused(404, client.get_experiment, experiment_id=made.experiment_id)


def test_experiment_errors(client, name):
    client.create_experiment(name)
    body = kfp_server_api.V2beta1Experiment(display_name=name)
    refused(409, client._experiment_api.experiment_service_create_experiment, experiment=body)
    refused(404, client.get_experiment, experiment_id=str(uuid.uuid4()))
    with pytest.raises(ValueError, match="No experiment is found"):
        client.get_experiment(experiment_name=name + "-other")
    refused(400, client.list_experiments, sort_by="nonsense")
    refused(400, client.list_experiments, page_token="nonsense")
    refused(400, client.list_experiments, filter="nonsense")


def test_list_experiments_by_page(client, name):
    wanted = {client.create_experiment(f"{name}-{i}").experiment_id for i in range(5)}
    some = json.dumps({"predicates": [{"operation": "IS_SUBSTRING", "key": "display_name", "stringValue": name}]})
    seen, token, pages = [], "", 0
    while True:
        page = client.list_experiments(page_size=2, page_token=token, sort_by="display_name desc", filter=some)
        assert page.total_size == 5
        seen += [e.display_name for e in page.experiments]
        token, pages = page.next_page_token, pages + 1
        if not token:
            break
    assert pages == 3
    assert seen == sorted(seen, reverse=True) and len(seen) == len(wanted)


# Pipelines and versions


def test_pipeline(client, name, package):
    made = client.upload_pipeline(package, pipeline_name=name, description="what it does")
    assert made.pipeline_id and made.display_name == name
    assert made.description == "what it does"
    assert client.get_pipeline_id(name) == made.pipeline_id
    assert client.get_pipeline(made.pipeline_id).display_name == name
    assert client.get_pipeline_id(name + "-other") is None

    first = client.list_pipeline_versions(made.pipeline_id).pipeline_versions
    assert [v.display_name for v in first] == [name]
    second = client.upload_pipeline_version(package, name + "-2", pipeline_id=made.pipeline_id, description="d2")
    assert second.pipeline_id == made.pipeline_id and second.display_name == name + "-2"
    third = client.upload_pipeline_version(package, name + "-3", pipeline_name=name)
    listed = client.list_pipeline_versions(made.pipeline_id, sort_by="created_at desc")
    assert listed.total_size == 3
    assert {v.display_name for v in listed.pipeline_versions} == {name, name + "-2", name + "-3"}

    got = client.get_pipeline_version(made.pipeline_id, third.pipeline_version_id)
    assert got.display_name == name + "-3"
    with open(package) as file:
        source = yaml.safe_load(file)
    spec = got.pipeline_spec.get("pipeline_spec", got.pipeline_spec)
    assert spec["pipelineInfo"] == source["pipelineInfo"]
    assert spec["root"] == source["root"]

    for version in listed.pipeline_versions:
        client.delete_pipeline_version(made.pipeline_id, version.pipeline_version_id)
    refused(404, client.get_pipeline_version, made.pipeline_id, third.pipeline_version_id)
    client.delete_pipeline(made.pipeline_id)
    refused(404, client.get_pipeline, made.pipeline_id)


def test_list_pipelines(client, name, package):
    for i in range(3):
        client.upload_pipeline(package, pipeline_name=f"{name}-{i}")
    only = client.list_pipelines(filter=equals("display_name", f"{name}-1"))
    assert [p.display_name for p in only.pipelines] == [f"{name}-1"]
    page = client.list_pipelines(page_size=1, sort_by="created_at desc")
    assert page.pipelines[0].display_name == f"{name}-2"
    assert page.next_page_token and page.total_size >= 3


def test_pipeline_errors(client, name, package, tmp_path):
    made = client.upload_pipeline(package, pipeline_name=name)
    refused(409, client.upload_pipeline, package, pipeline_name=name)
    refused(409, client.upload_pipeline_version, package, name, pipeline_id=made.pipeline_id)
    refused(404, client.get_pipeline, str(uuid.uuid4()))
    refused(404, client.get_pipeline_version, made.pipeline_id, str(uuid.uuid4()))
    refused(400, client.delete_pipeline, made.pipeline_id)
    broken = tmp_path / "broken.yaml"
    broken.write_text(pathlib.Path(package).read_text().replace("executorLabel: exec-say", "executorLabel: exec-yas"))
    assert "exec-yas" in refused(400, client.upload_pipeline, str(broken), pipeline_name=name + "-broken")
    assert client.get_pipeline_id(name + "-broken") is None


def test_upload_from_function(client, name):
    made = client.upload_pipeline_from_pipeline_func(say_pipeline, pipeline_name=name)
    version = client.upload_pipeline_version_from_pipeline_func(
        say_pipeline, name + "-2", pipeline_id=made.pipeline_id
    )
    assert version.pipeline_id == made.pipeline_id


# Runs


def test_run_from_package(client, name, package):
    result = client.create_run_from_pipeline_package(
        package, arguments={"text": "given", "count": 2}, run_name=name, experiment_name=name, enable_caching=False
    )
    run = finish(client, result.run_id)
    assert run.state == "SUCCEEDED"
    assert run.display_name == name
    assert run.experiment_id == client.get_experiment(experiment_name=name).experiment_id
    assert run.runtime_config.parameters == {"text": "given", "count": 2}
    assert run.created_at <= run.finished_at
    assert run.state_history[0].state == "PENDING" and run.state_history[-1].state == "SUCCEEDED"
    tasks = {task.display_name: task for task in run.run_details.task_details}
    assert tasks["say"].state == "SUCCEEDED"
    assert tasks["say"].start_time <= tasks["say"].end_time
    assert run.error is None
    assert run.pipeline_spec and run.pipeline_version_reference is None


def test_run_from_function(client, name):
    result = client.create_run_from_pipeline_func(say_pipeline, arguments={}, run_name=name)
    run = result.wait_for_run_completion(timeout=SECONDS)
    assert run.state == "SUCCEEDED"
    assert run.experiment_id == client.get_experiment(experiment_name="Default").experiment_id


def test_run_from_version(client, name, package):
    experiment = client.create_experiment(name)
    pipeline = client.upload_pipeline(package, pipeline_name=name)
    version = client.upload_pipeline_version(package, name + "-2", pipeline_id=pipeline.pipeline_id)
    run = client.run_pipeline(
        experiment.experiment_id,
        name,
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
        params={"count": 3},
    )
    done = finish(client, run.run_id)
    assert done.state == "SUCCEEDED"
    assert done.pipeline_version_reference.pipeline_id == pipeline.pipeline_id
    assert done.pipeline_version_reference.pipeline_version_id == version.pipeline_version_id
    assert done.pipeline_spec is None

    # Without a version the newest one runs; the client has no call for it, the API has.
    reference = kfp_server_api.V2beta1PipelineVersionReference(pipeline_id=pipeline.pipeline_id)
    body = kfp_server_api.V2beta1Run(display_name=name, pipeline_version_reference=reference)
    run = client._run_api.run_service_create_run(run=body)
    assert finish(client, run.run_id).state == "SUCCEEDED"


def test_run_fails(client, name):
    result = client.create_run_from_pipeline_func(fail_pipeline, arguments={}, run_name=name, enable_caching=False)
    run = finish(client, result.run_id)
    assert run.state == "FAILED"
    tasks = {task.display_name: task.state for task in run.run_details.task_details}
    assert tasks["fail"] == "FAILED"


@pytest.mark.parametrize("case", ["nested-3", "for-nested", "if-elif-else", "exit-failure", "collected-parameters"])
def test_run_of_corpus(client, name, case):
    expected = yaml.safe_load((CORPUS / case / "expect.yaml").read_text())
    result = client.create_run_from_pipeline_package(
        str(CORPUS / case / "pipeline.yaml"),
        arguments=expected.get("arguments", {}),
        run_name=name,
        enable_caching=False,
    )
    assert finish(client, result.run_id).state == expected.get("state", "SUCCEEDED")


def test_list_runs(client, name):
    experiment = client.create_experiment(name)
    ids = []
    for i in range(3):
        result = client.create_run_from_pipeline_func(
            say_pipeline, arguments={"count": i}, run_name=f"{name}-{i}", experiment_name=name
        )
        ids.append(result.run_id)
    for run_id in ids:
        finish(client, run_id)
    listed = client.list_runs(experiment_id=experiment.experiment_id, sort_by="created_at desc")
    assert listed.total_size == 3
    assert {run.run_id for run in listed.runs} == set(ids)
    page = client.list_runs(experiment_id=experiment.experiment_id, page_size=2, sort_by="display_name")
    assert [run.display_name for run in page.runs] == [f"{name}-0", f"{name}-1"]
    rest = client.list_runs(
        experiment_id=experiment.experiment_id, page_size=2, sort_by="display_name", page_token=page.next_page_token
    )
    assert [run.display_name for run in rest.runs] == [f"{name}-2"]
    assert not rest.next_page_token
    only = client.list_runs(filter=equals("display_name", f"{name}-1"))
    assert [run.run_id for run in only.runs] == [ids[1]]
    assert client.list_runs().runs


def test_recurring_run(client, name, package):
    experiment = client.create_experiment(name)
    made = client.create_recurring_run(
        experiment.experiment_id,
        name,
        interval_second=1,
        pipeline_package_path=package,
        params={"count": 3},
        max_concurrency=2,
        no_catchup=True,
    )
    identity = made.recurring_run_id
    assert (made.status, made.mode, made.max_concurrency) == ("ENABLED", "ENABLE", "2")
    assert made.trigger.periodic_schedule.interval_second == "1"
    found = client.list_recurring_runs(experiment_id=experiment.experiment_id)
    assert [run.recurring_run_id for run in found.recurring_runs] == [identity]

    def states():
        runs = client.list_runs(experiment_id=experiment.experiment_id).runs or []
        assert all(run.recurring_run_id == identity for run in runs)
        return "enough" if sum(run.state == "SUCCEEDED" for run in runs) >= 2 else "too few"

    eventually(states, {"enough"})
    client.disable_recurring_run(identity)
    assert client.get_recurring_run(identity).status == "DISABLED"
    client.enable_recurring_run(identity)
    assert client.get_recurring_run(identity).status == "ENABLED"
    client.delete_recurring_run(identity)
    refused(404, client.get_recurring_run, identity)


def test_recurring_run_of_a_version(client, name, package):
    experiment = client.create_experiment(name)
    pipeline = client.upload_pipeline(package, pipeline_name=name)
    versions = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    made = client.create_recurring_run(
        experiment.experiment_id,
        name,
        cron_expression="0 0 3 * * *",
        pipeline_id=pipeline.pipeline_id,
        version_id=versions[0].pipeline_version_id,
        params={"count": 3},
        enabled=False,
    )
    assert (made.status, made.trigger.cron_schedule.cron) == ("DISABLED", "0 0 3 * * *")
    assert made.pipeline_version_reference.pipeline_version_id == versions[0].pipeline_version_id
    client.delete_recurring_run(made.recurring_run_id)


def test_recurring_run_errors(client, name, package):
    experiment = client.create_experiment(name)
    wrong = {"cron_expression": "* * *"}, {"interval_second": 60, "max_concurrency": 11}
    for arguments in wrong:
        refused(
            400,
            client.create_recurring_run,
            experiment.experiment_id,
            name,
            pipeline_package_path=package,
            params={"count": 3},
            **arguments,
        )


def test_terminate_run(client, name):
    result = client.create_run_from_pipeline_func(wait_pipeline, arguments={}, run_name=name, enable_caching=False)
    eventually(lambda: client.get_run(result.run_id).state, {"RUNNING"})
    client.terminate_run(result.run_id)
    eventually(lambda: client.get_run(result.run_id).state, {"CANCELED", "FAILED"})
    refused(400, client.terminate_run, result.run_id)


@dsl.pipeline(name="sdk-second-try")
def second_try_pipeline(sign: str):
    first = say(text="kept").set_caching_options(False)
    second_try(sign=sign, after=first.output).set_caching_options(False)


def test_retry_run(client, name, package):
    """The client has no method of its own for it; its generated service has. The task fails until a pipeline of
    the test's name is there."""
    arguments = {"sign": f"{URL}/apis/v2beta1/pipelines/names/{name}"}
    result = client.create_run_from_pipeline_func(second_try_pipeline, arguments=arguments, run_name=name)
    again = client._run_api.run_service_retry_run
    assert finish(client, result.run_id).state == "FAILED"
    first = {task.task_id: task for task in client.get_run(result.run_id).run_details.task_details}
    client.upload_pipeline(package, pipeline_name=name)
    again(result.run_id)
    assert finish(client, result.run_id).state == "SUCCEEDED"
    run = client.get_run(result.run_id)
    assert [entry.state for entry in run.state_history] == [
        "PENDING", "RUNNING", "FAILED", "PENDING", "RUNNING", "SUCCEEDED",
    ]
    last = {task.task_id: task for task in run.run_details.task_details}
    assert last["root/say"].end_time == first["root/say"].end_time, "what succeeded is kept"
    pods = [child.pod_name for child in last["root/second-try"].child_tasks]
    assert len(pods) == 2, "attempts are numbered on"
    for pod in pods:
        with urllib.request.urlopen(f"{URL}/k8s/pod/logs?podname={pod}", timeout=10) as answer:
            assert b"trying" in answer.read()
    refused(409, again, result.run_id)
    refused(404, again, str(uuid.uuid4()))


def test_archive_and_delete_run(client, name):
    result = client.create_run_from_pipeline_func(say_pipeline, arguments={}, run_name=name)
    finish(client, result.run_id)
    assert client.get_run(result.run_id).storage_state == "AVAILABLE"
    client.archive_run(result.run_id)
    assert client.get_run(result.run_id).storage_state == "ARCHIVED"
    archived = json.dumps(
        {
            "predicates": [
                {"operation": "EQUALS", "key": "storage_state", "stringValue": "ARCHIVED"},
                {"operation": "EQUALS", "key": "display_name", "stringValue": name},
            ]
        }
    )
    assert [run.run_id for run in client.list_runs(filter=archived).runs] == [result.run_id]
    client.unarchive_run(result.run_id)
    assert client.get_run(result.run_id).storage_state == "AVAILABLE"
    assert not client.list_runs(filter=archived).runs
    client.delete_run(result.run_id)
    refused(404, client.get_run, result.run_id)


def test_delete_running_run(client, name):
    result = client.create_run_from_pipeline_func(wait_pipeline, arguments={}, run_name=name, enable_caching=False)
    client.delete_run(result.run_id)
    refused(404, client.get_run, result.run_id)


def test_run_errors(client, name):
    absent = str(uuid.uuid4())
    for call in (client.get_run, client.terminate_run, client.archive_run, client.unarchive_run, client.delete_run):
        refused(404, call, absent)
    spec = CORPUS / "if-elif-else" / "pipeline.yaml"
    run = client.create_run_from_pipeline_package
    assert "n" in refused(400, run, str(spec), arguments={}, run_name=name)
    refused(400, run, str(spec), arguments={"n": "text"}, run_name=name)
    assert "other" in refused(400, run, str(spec), arguments={"n": 1, "other": 2}, run_name=name)
    literals = str(CORPUS / "param-literals" / "pipeline.yaml")
    refused(400, run, literals, arguments={"mode": "medium"}, run_name=name)
    refused(404, client.run_pipeline, absent, name, pipeline_package_path=str(spec), params={"n": 1})
    assert client.list_runs(filter=equals("display_name", name)).runs is None


def test_parameters_of_each_type(client, name):
    case = CORPUS / "param-types"
    arguments = yaml.safe_load((case / "expect.yaml").read_text())["arguments"]
    result = client.create_run_from_pipeline_package(str(case / "pipeline.yaml"), arguments=arguments, run_name=name)
    run = finish(client, result.run_id)
    assert run.state == "SUCCEEDED"
    assert run.runtime_config.parameters == arguments


def test_caching(client, name):
    taken = []
    for enable_caching in (True, True, False):
        begin = time.monotonic()
        result = client.create_run_from_pipeline_func(
            slow_pipeline, arguments={"text": name}, run_name=name, enable_caching=enable_caching
        )
        assert finish(client, result.run_id).state == "SUCCEEDED"
        taken.append(time.monotonic() - begin)
    assert taken[0] >= 2 and taken[1] < 2 and taken[2] >= 2, taken


def test_unknown_route(client):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{URL}/apis/v2beta1/nonsense", timeout=10)
    assert caught.value.code == 404


def test_visualizations():
    caller = kfp_server_api.ApiClient(kfp_server_api.Configuration(host=URL))
    drawer = kfp_server_api.VisualizationServiceApi(caller)

    def draw(kind, source="", **arguments):
        asked = kfp_server_api.V2beta1Visualization(type=kind, source=source, arguments=json.dumps(arguments))
        return drawer.visualization_service_create_visualization_v1("any", asked)

    code = ["import json", "json.dump({'a': 1}, open('x.json', 'w'))", "print('said', source, variables['n'])"]
    code += ["class Page:", "    _repr_html_ = lambda self: '<b>shown</b>'", "Page()"]
    answer = draw("CUSTOM", "gs://bucket/data", code=code, n="{{$.inputs.parameters['type']}}")
    assert (answer.type, answer.source) == ("CUSTOM", "gs://bucket/data")
    assert "said gs://bucket/data {{$.inputs.parameters[&#x27;type&#x27;]}}" in answer.html
    assert "<b>shown</b>" in answer.html

    # A run leaves the data, a visualization finds them by their address.
    @dsl.container_component
    def rows(out: dsl.Output[dsl.Dataset]):
        script = "printf 'target,score,n\\na,0.9,1\\nb,0.2,2\\na,0.4,3\\nb,0.6,4\\n' > \"$0\""
        return dsl.ContainerSpec(image="alpine", command=["sh", "-c", script, out.path])

    client = kfp.Client(host=URL)
    made = client.create_run_from_pipeline_func(rows, {})
    client.wait_for_run_completion(made.run_id, SECONDS)
    with urllib.request.urlopen(f"{URL}/apis/pipewright/v1/artifacts?run_id={made.run_id}") as listed:
        (rows,) = json.load(listed)["artifacts"]
    # The old route is the same.
    old = caller.call_api(
        "/apis/v1beta1/visualizations/any",
        "POST",
        body={"type": "TABLE", "source": rows["uri"]},
        response_type="object",
        _return_http_data_only=True,
    )
    assert "<th>target</th>" in old["html"] and old["arguments"] == "{}"
    page = draw("TABLE", rows["uri"]).html
    assert "<th>target</th><th>score</th><th>n</th>" in page and page.count("<tr>") == 5
    page = draw("TABLE", rows["uri"], headers=["x", "y", "z"]).html
    assert "<th>x</th>" in page and page.count("<tr>") == 6
    page = draw("ROC_CURVE", rows["uri"], trueclass="a", true_score_column="score").html
    assert "<svg" in page and "Area under the curve: 0.7500" in page
    page = draw("ROC_CURVE", rows["uri"], target_lambda="lambda row: row.n < 3", true_score_column="score").html
    assert "Area under the curve: 0.5000" in page

    for kind, source, arguments, status, part in [
        ("TABLE", "/etc/passwd", {}, 404, "there is no artifact"),
        ("TABLE", rows["uri"], {"headers": ["x"]}, 400, "a row of 3 cells"),
        ("ROC_CURVE", rows["uri"], {"trueclass": "a"}, 400, "has no column `true`"),
        ("CUSTOM", "", {"code": ["1 / 0"]}, 400, "ZeroDivisionError: division by zero"),
        ("CUSTOM", "", {"code": ["x ="]}, 400, "SyntaxError"),
        ("TFDV", rows["uri"], {}, 400, "needs the Python package tensorflow-data-validation"),
    ]:
        with pytest.raises(kfp_server_api.ApiException) as refused:
            draw(kind, source, **arguments)
        assert (refused.value.status, part in refused.value.body) == (status, True), refused.value.body

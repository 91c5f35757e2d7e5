"""Several users on one server, each with roles in namespaces of their own, as the official clients meet them.

Needs the binary PIPEWRIGHT: the server has settings of its own. Runs in the environments of both SDKs.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import pytest

kfp = pytest.importorskip("kfp")
import kfp_server_api  # noqa: E402
from kfp import dsl  # noqa: E402

BINARY = os.environ.get("PIPEWRIGHT")
SECONDS = 60
IS_OLD = kfp.__version__.startswith("1.")

pytestmark = pytest.mark.skipif(not BINARY, reason="PIPEWRIGHT names no binary")
newer = pytest.mark.skipif(IS_OLD, reason="of the v2 API")
older = pytest.mark.skipif(not IS_OLD, reason="of the v1 API")

# Ada edits in one team, Vic only looks there and edits in the other; Root is asked for everything.
ROLES = {"ada": ["team-a=editor"], "vic": ["team-a=viewer", "team-b=editor"], "root": ["admin"]}

if IS_OLD:

    def echo(text: str):
        return dsl.ContainerOp("echo", "alpine", command=["echo"], arguments=[text])
else:

    @dsl.container_component
    def echo(text: str):
        return dsl.ContainerSpec(image="alpine", command=["echo"], args=[text])


@dsl.pipeline(name="spaced-echo")
def echo_pipeline(text: str = "hello"):
    echo(text) if IS_OLD else echo(text=text)


class Server:
    def __init__(self, folder):
        self.home = folder / "home"
        self.tokens = {}
        for user, roles in ROLES.items():
            flags = [word for role in roles for word in ("--role", role)]
            self.tokens[user] = self.command("token", "create", f"{user}-token", "--user", user, *flags).split()[-1]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}"
        self.log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--listen", address, "--home", str(self.home), "--auth", "required", "--multi-user"],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + SECONDS
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, (folder / "server.log").read_text()
            time.sleep(0.05)

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/apis/v2beta1/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def command(self, *words, **more):
        done = subprocess.run([BINARY, *words, "--home", str(self.home)], capture_output=True, text=True, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, user, path, body=None):
        request = urllib.request.Request(f"{self.url}{path}", data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self.tokens[user]}")
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait(SECONDS)
        self.log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    found = Server(tmp_path_factory.mktemp("namespaces"))
    yield found
    found.stop()


@pytest.fixture
def client(server, tmp_path, monkeypatch):
    """Makes clients as several people on several machines would: each has a context file of its own."""

    def make(user, base="", namespace=None):
        context = tmp_path / f"{user}-{uuid.uuid4().hex[:6]}.json"
        place = "LOCAL_KFP_CONTEXT" if IS_OLD else "_LOCAL_KFP_CONTEXT"
        monkeypatch.setattr(kfp.Client, place, str(context))
        made = kfp.Client(host=server.url + base, existing_token=server.tokens[user])
        if namespace:
            made.set_user_namespace(namespace)
        return made

    return make


@pytest.fixture
def package(tmp_path):
    path = str(tmp_path / "pipeline.yaml")
    if IS_OLD:
        kfp.compiler.Compiler().compile(echo_pipeline, path)
    else:
        from kfp import compiler

        compiler.Compiler().compile(echo_pipeline, path)
    return path


def name():
    return f"spaced-{uuid.uuid4().hex[:12]}"


def denied(call, *args, **more):
    """Asserts that the server forbids it, and says why."""
    with pytest.raises((kfp_server_api.ApiException, RuntimeError)) as caught:
        call(*args, **more)
    assert "403" in str(caught.value) or getattr(caught.value, "status", 0) == 403, caught.value
    return str(caught.value)


@pytest.mark.parametrize("base", ["", "/pipeline"])
def test_the_client_learns_that_there_are_users(client, base):
    ada = client("ada", base)
    assert ada.get_kfp_healthz().multi_user is True
    ada.set_user_namespace("team-a")
    assert ada.get_user_namespace() == "team-a"


def id_of(experiment):
    return experiment.id if IS_OLD else experiment.experiment_id


def namespace_of(experiment):
    if not IS_OLD:
        return experiment.namespace
    keys = [it.key for it in experiment.resource_references]
    return next(key.id for key in keys if key.type == "NAMESPACE")


def test_experiments_of_one_name_in_two_namespaces(client):
    title = name()
    ada, vic = client("ada", namespace="team-a"), client("vic")
    first = ada.create_experiment(title)
    assert namespace_of(first) == "team-a"
    second = vic.create_experiment(title, namespace="team-b")
    assert id_of(first) != id_of(second)
    # Who creates it again gets the one of the namespace.
    assert id_of(ada.create_experiment(title, namespace="team-a")) == id_of(first)
    assert id_of(vic.get_experiment(experiment_name=title, namespace="team-a")) == id_of(first)
    listed = ada.list_experiments(namespace="team-a", page_size=100).experiments
    assert id_of(first) in [id_of(one) for one in listed]
    assert id_of(second) not in [id_of(one) for one in listed]
    assert "needs the role" in denied(ada.list_experiments, namespace="team-b")
    assert "needs the role" in denied(ada.get_experiment, experiment_id=id_of(second))
    assert "needs the role editor" in denied(vic.create_experiment, name(), namespace="team-a")
    assert "needs the role editor" in denied(vic.delete_experiment, id_of(first))
    vic.delete_experiment(id_of(second))


@newer
def test_a_function_is_run_in_the_namespace_of_its_user(client, package):
    ada, vic = client("ada", namespace="team-a"), client("vic", namespace="team-a")
    started = ada.create_run_from_pipeline_package(package, arguments={"text": "here"}, experiment_name=name())
    finished = ada.wait_for_run_completion(started.run_id, SECONDS, 1)
    assert finished.state == "SUCCEEDED"
    assert started.run_id in [run.run_id for run in vic.list_runs(namespace="team-a", page_size=100).runs]
    assert vic.get_run(started.run_id).state == "SUCCEEDED"
    assert "needs the role editor" in denied(vic.archive_run, started.run_id)
    assert not vic.list_runs(namespace="team-b", page_size=100).runs
    denied(ada.list_runs, namespace="team-b")
    with pytest.raises(kfp_server_api.ApiException, match="empty namespace in multi-user mode"):
        ada._run_api.run_service_create_run(run=kfp_server_api.V2beta1Run(display_name="x", pipeline_spec={}))


@newer
def test_results_stay_in_their_namespace(client, package, server):
    text = name()
    ada, vic = client("ada", namespace="team-a"), client("vic", namespace="team-b")
    states = []
    for who in (ada, ada, vic):
        started = who.create_run_from_pipeline_package(package, arguments={"text": text}, experiment_name="Default")
        who.wait_for_run_completion(started.run_id, SECONDS, 1)
        user = "vic" if who is vic else "ada"
        tasks = server.call(user, f"/apis/pipewright/v1/runs/{started.run_id}/tasks")
        states.append(next(task["phase"] for task in tasks if task["kind"] == "container"))
    assert states == ["succeeded", "cached", "succeeded"]


def uploaded_id(pipeline):
    return pipeline.id if IS_OLD else pipeline.pipeline_id


def test_pipelines_are_private_or_shared(client, package):
    title = name()
    ada, vic, root = client("ada", namespace="team-a"), client("vic", namespace="team-b"), client("root")
    if IS_OLD:
        # The 1.8 client knows no namespace at uploads: what it uploads is shared.
        shared = root.upload_pipeline(package, title)
        denied(ada.upload_pipeline, package, name())
        assert shared.id in [one.id for one in ada.list_pipelines(page_size=100).pipelines]
        assert ada.get_pipeline(shared.id).name == title
        denied(ada.delete_pipeline, shared.id)
        return
    own = ada.upload_pipeline(package, title, namespace="team-a")
    other = vic.upload_pipeline(package, title, namespace="team-b")
    # The client sends the namespace of its context only when it is asked to.
    shared = root._upload_api.upload_pipeline(package, name=title, description="")
    assert (own.namespace, other.namespace, shared.namespace) == ("team-a", "team-b", None)

    def listed(who, namespace):
        return [one.pipeline_id for one in who.list_pipelines(namespace=namespace, page_size=100).pipelines or []]

    assert own.pipeline_id in listed(ada, "team-a")
    assert shared.pipeline_id not in listed(ada, "team-a")
    denied(ada.list_pipelines, namespace="team-b")
    denied(ada.get_pipeline, other.pipeline_id)
    assert ada.get_pipeline(shared.pipeline_id).display_name == title
    denied(ada.upload_pipeline, package, name(), namespace="team-b")
    denied(vic.upload_pipeline_version, package, "v2", pipeline_id=own.pipeline_id)
    ada.upload_pipeline_version(package, "v2", pipeline_id=own.pipeline_id)
    assert len(vic.list_pipeline_versions(own.pipeline_id).pipeline_versions) == 2
    experiment = ada.create_experiment("pipelines", namespace="team-a")
    version = vic.list_pipeline_versions(other.pipeline_id).pipeline_versions[0].pipeline_version_id
    denied(ada.run_pipeline, experiment.experiment_id, "r", pipeline_id=other.pipeline_id, version_id=version)
    version = ada.list_pipeline_versions(shared.pipeline_id).pipeline_versions[0].pipeline_version_id
    run = ada.run_pipeline(experiment.experiment_id, "r", pipeline_id=shared.pipeline_id, version_id=version)
    assert ada.wait_for_run_completion(run.run_id, SECONDS, 1).state == "SUCCEEDED"


@newer
def test_schedules_are_in_a_namespace(client, package):
    ada, vic = client("ada", namespace="team-a"), client("vic", namespace="team-b")
    experiment = ada.create_experiment("schedules", namespace="team-a")
    made = ada.create_recurring_run(experiment.experiment_id, name(), interval_second=3600, pipeline_package_path=package)
    assert made.namespace == "team-a"
    listed = vic.list_recurring_runs(namespace="team-a", page_size=100).recurring_runs
    assert made.recurring_run_id in [one.recurring_run_id for one in listed]
    assert not vic.list_recurring_runs(namespace="team-b").recurring_runs
    denied(vic.disable_recurring_run, made.recurring_run_id)
    denied(vic.create_recurring_run, experiment.experiment_id, name(), interval_second=60, pipeline_package_path=package)
    ada.delete_recurring_run(made.recurring_run_id)


@newer
def test_secrets_are_those_of_the_runs_namespace(server, client, tmp_path):
    kubernetes = pytest.importorskip("kfp.kubernetes")
    from kfp import compiler

    @dsl.container_component
    def tell(path: dsl.OutputPath(str)):
        return dsl.ContainerSpec(image="alpine", command=["sh", "-c", 'mkdir -p "$(dirname "$0")"; echo "$WORD" > "$0"'], args=[path])

    @dsl.pipeline(name="secretive")
    def secretive():
        task = tell()
        kubernetes.use_config_map_as_env(task, config_map_name="words", config_map_key_to_env={"word": "WORD"})

    for user, namespace in (("ada", "team-a"), ("vic", "team-b")):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words"}, "data": {"word": f"of {namespace}"}}
        server.call(user, f"/apis/pipewright/v1/namespaces/{namespace}/objects", body)
    path = str(tmp_path / "secretive.yaml")
    compiler.Compiler().compile(secretive, path)
    for user, namespace in (("ada", "team-a"), ("vic", "team-b")):
        who = client(user, namespace=namespace)
        run = who.create_run_from_pipeline_package(path, experiment_name="Default", enable_caching=False)
        assert who.wait_for_run_completion(run.run_id, SECONDS, 1).state == "SUCCEEDED"
        tasks = server.call(user, f"/apis/pipewright/v1/runs/{run.run_id}/tasks")
        told = next(task for task in tasks if task["kind"] == "container")["outcome"]["parameters"]["path"]
        assert told.strip() == f"of {namespace}"


@newer
def test_the_client_that_always_names_a_namespace(server, package):
    kubeflow_client = pytest.importorskip("kfp.kubeflow_client")
    config = kubeflow_client.KubernetesBackendConfig
    make = lambda user, namespace: kubeflow_client.PipelinesClient(  # noqa: E731
        config(base_url=server.url, namespace=namespace, user_token=server.tokens[user])
    )
    title = name()
    ada = make("ada", "team-a")
    made = ada.upload_pipeline(package, name=title)
    shown = server.call("ada", f"/apis/v2beta1/pipelines/{made.pipeline_id}")
    assert shown["namespace"] == "team-a"
    assert title in [one.display_name for one in ada.list_pipelines().pipelines]
    with pytest.raises(Exception, match="403|role"):
        make("ada", "team-b").list_pipelines()


@newer
def test_the_command_line_of_the_sdk(server, package, tmp_path):
    def run(user, *words):
        environment = {**os.environ, "HOME": str(tmp_path)}
        program = str(pathlib.Path(sys.executable).with_name("kfp"))
        call = [program, "--endpoint", server.url, "--existing-token", server.tokens[user], "--output", "json", *words]
        return subprocess.run(call, capture_output=True, text=True, env=environment, timeout=SECONDS)

    made = run("ada", "--namespace", "team-a", "experiment", "create", name())
    assert made.returncode == 0, made.stderr
    listed = run("vic", "--namespace", "team-a", "experiment", "list")
    # It tells where to look before it answers.
    assert json.loads(made.stdout[made.stdout.index("{") :])["experiment_id"] in listed.stdout
    refused = run("ada", "--namespace", "team-b", "experiment", "list")
    assert refused.returncode != 0 and "needs the role" in refused.stdout + refused.stderr


@older
def test_the_old_client_runs_in_a_namespace(client, package, server):
    ada, vic = client("ada", namespace="team-a"), client("vic")
    experiment = ada.create_experiment(name(), namespace="team-a")
    run = ada.run_pipeline(experiment.id, "old", pipeline_package_path=package, params={"text": "x"})
    assert ada.wait_for_run_completion(run.id, SECONDS).run.status == "Succeeded"
    assert run.id in [one.id for one in vic.list_runs(namespace="team-a", page_size=100).runs]
    assert not vic.list_runs(namespace="team-b").runs
    denied(ada.list_runs, namespace="team-b")
    detail = vic.get_run(run.id)
    assert json.loads(detail.pipeline_runtime.workflow_manifest)["metadata"]["namespace"] == "team-a"
    denied(vic.run_pipeline, experiment.id, "no", pipeline_package_path=package)
    job = ada.create_recurring_run(experiment.id, name(), interval_second=3600, pipeline_package_path=package)
    listed = vic.list_recurring_runs(experiment_id=experiment.id).jobs
    assert [one.id for one in listed] == [job.id]
    denied(vic.delete_job, job.id)
    ada.delete_job(job.id)


def test_our_own_command_line_keeps_a_namespace(server, package, tmp_path):
    environment = {**os.environ, "PIPEWRIGHT_CONTEXTS": str(tmp_path / "contexts.toml"), "HOME": str(tmp_path)}
    environment.pop("PIPEWRIGHT_TOKEN", None)

    def run(*words, status=0, text=None):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, env=environment, input=text, timeout=SECONDS)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    for user, namespace in (("ada", "team-a"), ("vic", "team-b")):
        words = ["--server", server.url, "--namespace", namespace, "--token-stdin"]
        run("context", "add", user, *words, text=server.tokens[user])
    assert "team-a" in run("context", "list")
    title = name()
    run("context", "use", "ada")
    run("pipeline", "upload", package, "--name", title)
    assert title in run("pipeline", "list", "--limit", "100")
    assert title not in run("pipeline", "list", "--limit", "100", "--namespace", "")
    made = json.loads(run("runs", "create", title, "--pipeline", title, "--wait", "--output", "json"))
    assert made["run_id"] in run("runs", "list", "--limit", "100")
    run("experiment", "create", title)
    assert "needs the role" in run("runs", "list", "--namespace", "team-b", status=1)
    run("context", "use", "vic")
    assert made["run_id"] not in run("runs", "list", "--limit", "100")
    assert made["run_id"] in run("runs", "list", "--limit", "100", "--namespace", "team-a")
    assert "needs the role editor" in run("runs", "cancel", made["run_id"], status=1)
    run("run", package, "--server", server.url, "--experiment", title)
    mine = json.loads(run("experiment", "list", "--output", "json", "--limit", "100"))["experiments"]
    assert {one["namespace"] for one in mine} == {"team-b"}
    assert title in {one["display_name"] for one in mine}

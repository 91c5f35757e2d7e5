"""Drives the name-first client of kfp 2.17, `kfp.kubeflow_client.PipelinesClient`: every method and its errors.

The server is found as in `test_client.py`. The client always sends a namespace, which a server of one user passes over.
"""

import os
import uuid

import pytest
from kfp import compiler, dsl

kubeflow_client = pytest.importorskip("kfp.kubeflow_client", reason="kfp before 2.17 has no such client")
from kfp.kubeflow_client import KubernetesBackendConfig, PipelinesClient, constants  # noqa: E402

URL = os.environ.get("PIPEWRIGHT_URL", "").rstrip("/")
SECONDS = 60

pytestmark = pytest.mark.skipif(not URL, reason="PIPEWRIGHT_URL names no server")


@dsl.container_component
def echo(text: str):
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=[text])


@dsl.container_component
def broken():
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", "exit 3"])


@dsl.pipeline(name="named-echo")
def echo_pipeline(text: str = "hello"):
    echo(text=text)


@dsl.pipeline(name="named-broken")
def broken_pipeline():
    broken()


@pytest.fixture(scope="module", params=["", "/pipeline"], ids=["root", "pipeline"])
def client(request):
    return PipelinesClient(KubernetesBackendConfig(base_url=URL + request.param, namespace="team-a"))


@pytest.fixture
def name():
    return f"named-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(echo_pipeline, str(path))
    return str(path)


def finish(client, run, **more):
    return client.wait_for_run_status(run, timeout=SECONDS, polling_interval=1, **more)


def test_pipelines(client, name, package):
    first = client.upload_pipeline(package, name=name, version="one", description="why")
    assert first.display_name == "one"
    pipeline = client.get_pipeline(name)
    assert pipeline.display_name == name and first.pipeline_id == pipeline.pipeline_id
    second = client.upload_pipeline(echo_pipeline, name=name, version="two")
    assert second.pipeline_id == pipeline.pipeline_id
    assert client.get_pipeline_version(name, "two").pipeline_version_id == second.pipeline_version_id
    listed = client.list_pipeline_versions(name)
    assert {version.display_name for version in listed.pipeline_versions} == {"one", "two"}
    page = client.list_pipelines(page_size=1)
    assert len(page.pipelines) == 1

    with pytest.raises(ValueError):
        client.delete_pipeline(name)
    client.delete_pipeline(name, version="one")
    with pytest.raises(ValueError):
        client.get_pipeline_version(name, "one")
    client.delete_pipeline(name, force=True)
    with pytest.raises(ValueError):
        client.get_pipeline(name)
    with pytest.raises(ValueError):
        client.delete_pipeline(name)
    with pytest.raises(ValueError):
        client.list_pipeline_versions(name)


def test_runs(client, name, package):
    client.upload_pipeline(package, name=name)
    seen = []
    by_name = finish(client, client.run(name, params={"text": "hi"}, name=name), callbacks=[seen.append])
    assert by_name.state.lower() == constants.RUN_SUCCEEDED and seen
    version = client.upload_pipeline(package, name=name, version="two")
    newest = client.run(name)
    assert newest.pipeline_version_reference.pipeline_version_id == version.pipeline_version_id
    client.create_experiment(name)
    for pipeline in (client.get_pipeline(name), version, echo_pipeline, package):
        run = client.run(pipeline, experiment=name)
        assert finish(client, run.run_id).state.lower() == constants.RUN_SUCCEEDED
    assert client.get_run(by_name.run_id).display_name == name
    assert len(client.list_runs(experiment=name).runs) == 4
    of_pipeline = client.list_runs(pipeline=name, experiment=name)
    assert len(of_pipeline.runs) == 2
    done = client.list_runs(experiment=name, status=constants.RUN_SUCCEEDED, page_size=2)
    assert len(done.runs) == 2 and done.next_page_token
    assert not client.list_runs(experiment=name, status=constants.RUN_FAILED).runs


def test_runs_that_fail(client, name):
    run = client.run(broken_pipeline, name=name)
    assert finish(client, run).state == "FAILED", "another end than the wanted one is an end"
    assert finish(client, run, status={constants.RUN_FAILED}).state == "FAILED"
    with pytest.raises(Exception, match="404"):
        client.get_run(str(uuid.uuid4()))
    with pytest.raises(Exception, match="400"):
        client.run(echo_pipeline, params={"other": 1})
    with pytest.raises(ValueError):
        client.run(name)
    with pytest.raises(ValueError):
        client.run(echo_pipeline, experiment=name)


def test_experiments(client, name):
    made = client.create_experiment(name, description="why")
    assert client.create_experiment(name).experiment_id == made.experiment_id
    found = client.get_experiment(name)
    assert found.experiment_id == made.experiment_id and found.description == "why"
    page = client.list_experiments(page_size=1)
    assert len(page.experiments) == 1 and page.next_page_token
    following = client.list_experiments(page_size=1, page_token=page.next_page_token)
    assert following.experiments[0].experiment_id != page.experiments[0].experiment_id
    client.delete_experiment(name)
    for call in (client.get_experiment, client.delete_experiment):
        with pytest.raises(ValueError):
            call(name)


def test_the_other_client_is_behind_it(client):
    assert client.kfp_client.get_kfp_healthz().multi_user is False

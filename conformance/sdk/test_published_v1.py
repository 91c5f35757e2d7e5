"""Submits published v1 pipelines as they were published, by the kfp 1.8 client, to a server with stand-ins.

The pipelines are not part of this repository. PIPEWRIGHT_PUBLISHED names a folder that holds
`g-research-crypto-forecast-kfp.ipynb` and `face_pipeline_01.yaml` of `kubeflow/examples` (or one of them);
PIPEWRIGHT names the binary. What stands for their images comes with the examples. Minutes, and packages from
the network.
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

kfp = pytest.importorskip("kfp")
if not kfp.__version__.startswith("1."):
    pytest.skip("wants kfp 1.8", allow_module_level=True)

BINARY = os.environ.get("PIPEWRIGHT", "")
PUBLISHED = pathlib.Path(os.environ.get("PIPEWRIGHT_PUBLISHED", "/nowhere"))
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SECONDS = 1800

pytestmark = pytest.mark.skipif(not BINARY, reason="PIPEWRIGHT names no binary")


def published(name):
    file = PUBLISHED / name
    if not file.is_file():
        pytest.skip(f"PIPEWRIGHT_PUBLISHED has no {name}")
    return file


@contextlib.contextmanager
def serving(home, images, **secret):
    """Runs a server of its own with what stands for the images; yields a client."""
    literals = [word for key, value in secret.items() for word in ("--from-literal", f"{key}={value}")]
    subprocess.run([BINARY, "secret", "create", "kaggle-secret", *literals, "--home", home], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen([BINARY, "serve", "--listen", address, "--home", home, "--images", images])
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/apis/v1beta1/healthz"):
                break
            time.sleep(0.05)
        yield kfp.Client(host=f"http://{address}")
    finally:
        server.terminate()
        server.wait(30)


def ended(client, run):
    """Waits for a run as scripts do; returns its details."""
    client.wait_for_run_completion(run, SECONDS)
    return client.get_run(run)


def test_the_notebook_runs_as_published(tmp_path):
    notebook = published("g-research-crypto-forecast-kfp.ipynb")
    images = EXAMPLES / "crypto-forecasting/published.toml"
    with serving(tmp_path / "home", images, username="somebody", password="something") as client:
        environment = {**os.environ, "KF_PIPELINES_ENDPOINT": client._existing_config.host}
        script = EXAMPLES / "crypto-forecasting/published.py"
        subprocess.run([sys.executable, script, notebook], check=True, cwd=tmp_path, env=environment)
        (run,) = client.list_runs().runs
        detail = ended(client, run.id)
        assert detail.run.status == "Succeeded"
        metrics = {metric.name: metric.number_value for metric in detail.run.metrics}
        assert set(metrics) == {"root-mean-squared-error", "weighted-correlation"}
        # A model that learnt nothing has no correlation.
        assert 0 < metrics["root-mean-squared-error"] < 0.01 and metrics["weighted-correlation"] > 0.05, metrics
    # The package that the notebook has written is that pipeline.
    (package,) = tmp_path.glob("*.zip")
    subprocess.run([BINARY, "check", package], check=True)


def test_the_keypoints_pipeline_runs_as_published(tmp_path):
    pipeline = published("face_pipeline_01.yaml")
    images = EXAMPLES / "facial-keypoints/images.toml"
    home = tmp_path / "home"
    with serving(home, images, KAGGLE_USERNAME="somebody", KAGGLE_KEY="something") as client:
        experiment = client.create_experiment("published")
        arguments = {"trial": 2, "epoch": 3, "patience": 3}
        run = client.run_pipeline(experiment.id, "faces", str(pipeline), arguments)
        assert ended(client, run.id).run.status == "Succeeded"
    (submission,) = home.glob("volumes/*/*/submission.csv")
    lines = submission.read_text().splitlines()
    assert lines[0] == "RowId,Location" and len(lines) > 30 and (len(lines) - 1) % 30 == 0

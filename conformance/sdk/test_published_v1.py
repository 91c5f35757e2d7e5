"""Submits published v1 pipelines as they were published, by the kfp 1.8 client, to a server with stand-ins.

The pipelines are not part of this repository. PIPEWRIGHT_PUBLISHED names a folder that holds
`g-research-crypto-forecast-kfp.ipynb` and `face_pipeline_01.yaml` of `kubeflow/examples` (or one of them); what
stands for their images comes with the examples: minutes, and packages from the network. Without it the same tests
run, in seconds, with pipelines of the corpus that have the names, images, commands, mounts, label and outputs of
the published ones, as a notebook and as a file. PIPEWRIGHT names the binary.
"""

import contextlib
import dataclasses
import json
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
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CORPUS = ROOT / "conformance/corpus-v1"
SECONDS = 1800
LABEL = "kaggle-secret"

pytestmark = pytest.mark.skipif(not BINARY, reason="PIPEWRIGHT names no binary")


@dataclasses.dataclass
class Published:
    """A file as it was published, or one of its shape; what stands for its images; where its secret is mounted."""

    file: pathlib.Path
    images: pathlib.Path
    is_original: bool
    pod_default: str | None = None


def published(name, example_images, stand_in, mount):
    """Returns the published file, or else what a function makes in its stead."""
    file = PUBLISHED / name
    if file.is_file():
        return Published(file, EXAMPLES / example_images, True)
    return Published(stand_in(), CORPUS / "images.toml", False, mount)


def notebook(file):
    """Writes a notebook: functions, a pipeline of them, a package, a run."""
    source = (CORPUS / "yardstick-forecast/pipeline.py").read_text(encoding="utf-8")
    cells = [
        "!pip install kfp --upgrade",
        source,
        "import kfp\n"
        "kfp.compiler.Compiler().compile(pipeline, 'g-research-crypto-forecasting-pipeline.zip')",
        "client = kfp.Client()\n"
        "client.create_run_from_pipeline_func(\n"
        "    pipeline, arguments={'dataset': 'g-research-crypto-forecasting', 'data_path': '/mnt'})",
    ]
    text = [{"cell_type": "markdown", "source": ["# Forecast"]}]
    text += [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    file.write_text(json.dumps({"cells": text, "nbformat": 4}), encoding="utf-8")
    return file


@contextlib.contextmanager
def serving(home, published, **secret):
    """Runs a server of its own with what stands for the images; yields a client."""
    literals = [word for key, value in secret.items() for word in ("--from-literal", f"{key}={value}")]
    subprocess.run([BINARY, "secret", "create", LABEL, *literals, "--home", home], check=True)
    if published.pod_default:
        # As a cluster of Kubeflow has it; the examples say it in `images.toml`.
        spec = {
            "selector": {"matchLabels": {LABEL: "true"}},
            "volumes": [{"name": "keys", "secret": {"secretName": LABEL}}],
            "volumeMounts": [{"name": "keys", "mountPath": published.pod_default}],
        }
        made = {"apiVersion": "kubeflow.org/v1alpha1", "kind": "PodDefault", "metadata": {"name": LABEL}, "spec": spec}
        command = [BINARY, "object", "apply", "-f", "-", "--home", home]
        subprocess.run(command, input=json.dumps(made), text=True, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen([BINARY, "serve", "--listen", address, "--home", home, "--images", published.images])
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
    source = published(
        "g-research-crypto-forecast-kfp.ipynb",
        "crypto-forecasting/published.toml",
        lambda: notebook(tmp_path / "forecast.ipynb"),
        "/secret/kaggle-secret",
    )
    with serving(tmp_path / "home", source, username="somebody", password="something") as client:
        environment = {**os.environ, "KF_PIPELINES_ENDPOINT": client._existing_config.host}
        script = EXAMPLES / "crypto-forecasting/published.py"
        subprocess.run([sys.executable, script, source.file], check=True, cwd=tmp_path, env=environment)
        (run,) = client.list_runs().runs
        detail = ended(client, run.id)
        assert detail.run.status == "Succeeded"
        metrics = {metric.name: metric.number_value for metric in detail.run.metrics}
        assert set(metrics) == {"root-mean-squared-error", "weighted-correlation"}
        # A model that learnt nothing has no correlation; that of the corpus makes no mistake.
        assert 0 <= metrics["root-mean-squared-error"] < 0.01 and metrics["weighted-correlation"] > 0.05, metrics
        assert not source.is_original or metrics["root-mean-squared-error"] > 0, metrics
    # The package that the notebook has written is that pipeline.
    (package,) = tmp_path.glob("*.zip")
    subprocess.run([BINARY, "check", package], check=True)


def test_the_keypoints_pipeline_runs_as_published(tmp_path):
    source = published(
        "face_pipeline_01.yaml",
        "facial-keypoints/images.toml",
        lambda: CORPUS / "yardstick-keypoints/pipeline.yaml",
        "/secret/kaggle",
    )
    home = tmp_path / "home"
    with serving(home, source, KAGGLE_USERNAME="somebody", KAGGLE_KEY="something") as client:
        experiment = client.create_experiment("published")
        arguments = {"trial": 2, "epoch": 3, "patience": 3}
        run = client.run_pipeline(experiment.id, "faces", str(source.file), arguments)
        assert ended(client, run.id).run.status == "Succeeded"
    (submission,) = home.glob("volumes/*/*/submission.csv")
    lines = submission.read_text().splitlines()
    assert lines[0] == "RowId,Location" and len(lines) > 30 and (len(lines) - 1) % 30 == 0

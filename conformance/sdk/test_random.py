"""A few random pipelines of the SDK come out as their meaning says; more by hand with `random/pipelines.py`."""

import os
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "random" / "pipelines.py"


@pytest.mark.skipif(not os.environ.get("PIPEWRIGHT"), reason="PIPEWRIGHT names no binary")
def test_random_pipelines_come_out_right():
    command = [sys.executable, "-W", "ignore", "-B", str(SCRIPT), "--count", "40"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr

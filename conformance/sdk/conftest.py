"""Finds the server to test: PIPEWRIGHT_URL, or one started from the binary PIPEWRIGHT.

A started server gets a free port on loopback and a home of its own, and is ended
after the tests. With neither variable the tests are skipped.
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

import calls

SECONDS = 30
_started = {}


def _answers(url):
    try:
        with urllib.request.urlopen(f"{url}/apis/v2beta1/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def pytest_configure(config):
    with contextlib.suppress(ImportError):
        calls.watch()
    binary = os.environ.get("PIPEWRIGHT")
    if os.environ.get("PIPEWRIGHT_URL") or not binary:
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder = tempfile.TemporaryDirectory(prefix="pipewright-sdk-")
    log = pathlib.Path(folder.name) / "server.log"
    home = pathlib.Path(folder.name) / "home"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binary, "serve", "--listen", address, "--home", str(home)], stdout=output, stderr=subprocess.STDOUT
        )
    _started.update(server=server, folder=folder, log=log)
    end = time.monotonic() + SECONDS
    while not _answers(f"http://{address}"):
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the server does not answer:\n{log.read_text()}")
        time.sleep(0.05)
    os.environ["PIPEWRIGHT_URL"] = f"http://{address}"


def pytest_terminal_summary(terminalreporter):
    if _started and terminalreporter.stats.get("failed"):
        terminalreporter.section("server log")
        terminalreporter.write(_started["log"].read_text()[-20000:])


def pytest_unconfigure(config):
    if not _started:
        return
    server = _started["server"]
    server.terminate()
    try:
        server.wait(SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    _started["folder"].cleanup()

"""Every public method of the official clients and every command of their programs is called by a test here, once
with success and once with an error. Methods and commands are enumerated, not listed: one that a new SDK brings fails
until it has a test.

Comes last, and only where everything else was run.
"""

import os

import pytest

kfp = pytest.importorskip("kfp")

import calls  # noqa: E402

IS_V1 = kfp.__version__.startswith("1.")
MAJOR = int(kfp.__version__.split(".")[0])

# What cannot end so, and why.
EXEMPT = {
    ("Client.get_kfp_healthz", calls.ERROR): "a client that finds no healthy server is never made; see test_health",
    ("Client.get_user_namespace", calls.ERROR): "reads a file of the client's own, without which it is empty",
    ("Client.set_user_namespace", calls.ERROR): "writes a file of the client's own",
    ("kfp diagnose-me", calls.ERROR): "looks at the user's machine, and tells what fails there as its result",
    ("kfp component build", calls.SUCCESS): "makes an image by Docker, and asks no server",
    ("kfp build", calls.SUCCESS): "makes an image by Docker, and asks no server",
    ("kfp build", calls.ERROR): "its library brings a click of its own, which is not watched; test_errors_v1 calls it",
    ("kfp pipeline list-versions", calls.SUCCESS, 1): "1.8 hands its own client an argument that it does not take",
}


def everything():
    from kfp.cli import cli

    clients = [kfp.Client]
    if not IS_V1:
        from kfp.kubeflow_client import PipelinesClient

        clients.append(PipelinesClient)
    for client in clients:
        yield from (f"{client.__name__}.{name}" for name in calls.methods(client))
    group = cli.cli
    if IS_V1:
        # As its own `main` puts it together.
        import typer
        from kfp.cli import components
        from kfp.cli.cli import diagnose_me, experiment, pipeline, recurring_run, run

        for one in (run, recurring_run, pipeline, experiment, typer.main.get_command(components.app)):
            group.add_command(one)
        group.add_command(diagnose_me, "diagnose_me")
    yield from sorted({f"kfp {command}" for command in calls.commands(group)})


def is_whole(session):
    """Tells whether all tests of this SDK were run."""
    files = {os.path.basename(str(item.fspath)) for item in session.items}
    needed = {"test_client_v1.py", "test_errors_v1.py"} if IS_V1 else {f"test_{part}.py" for part in ("cli", "client", "errors", "pipelines_client")}
    has_choice = session.config.option.keyword or session.config.option.markexpr
    return needed <= files and not has_choice and os.environ.get("PIPEWRIGHT_URL")


@pytest.mark.parametrize("end", [calls.SUCCESS, calls.ERROR])
@pytest.mark.parametrize("what", list(everything()))
def test_is_called(request, what, end):
    if not is_whole(request.session):
        pytest.skip("not all tests were run")
    reason = EXEMPT.get((what, end)) or EXEMPT.get((what, end, MAJOR))
    if reason:
        pytest.skip(reason)
    assert end in calls.seen[what], f"no test calls {what} so that it ends with {end}"


def test_what_is_exempt_is_not_called():
    of_this = [key for key in EXEMPT if key[2:] in ((), (MAJOR,))]
    assert not [key for key in of_this if key[1] in calls.seen[key[0]]], "an exempt one is called by now"

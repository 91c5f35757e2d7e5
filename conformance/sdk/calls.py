"""Notes which methods of the official clients and which commands of their programs tests call, and how that ends.

Calls that a client makes of itself do not count: a method is tested when a test calls it.
"""

import collections
import functools
import inspect
import threading

SUCCESS, ERROR = "success", "error"

seen = collections.defaultdict(set)
_inside = threading.local()


def methods(client):
    """Returns the public methods of a client's class, by name."""
    found = inspect.getmembers(client, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def commands(group):
    """Returns all commands below a group that have none below themselves, as words."""
    below = getattr(group, "commands", None)
    if not below:
        return []
    return [f"{one.name or ''} {rest}".strip() for one in below.values() for rest in commands(one) or [""]]


def note(what, call):
    """Calls, and remembers how it ended; what is called meanwhile is not looked at."""
    if getattr(_inside, "call", None):
        return call()
    _inside.call = what
    try:
        result = call()
    except BaseException as error:
        is_success = isinstance(error, SystemExit) and not error.code
        seen[what].add(SUCCESS if is_success else ERROR)
        raise
    else:
        seen[what].add(SUCCESS)
        return result
    finally:
        _inside.call = None


def watch_client(client):
    """Looks at every public method of a class from now on."""

    def watched(name, method):
        @functools.wraps(method)
        def called(*args, **kwargs):
            return note(f"{client.__name__}.{name}", lambda: method(*args, **kwargs))

        return called

    for name, method in methods(client).items():
        setattr(client, name, watched(name, method))


def watch_commands(click):
    """Looks at every command of a program from now on."""
    invoke = click.Command.invoke

    def watched(self, context):
        words, above = [], context
        while above.parent is not None:
            words[:0] = [above.command.name] if above.command.name else []
            above = above.parent
        if not words or getattr(self, "commands", None):
            return invoke(self, context)
        return note(f"kfp {' '.join(words)}", lambda: invoke(self, context))

    click.Command.invoke = watched


def watch():
    """Looks at everything that this environment's SDK has."""
    import click
    import kfp

    watch_client(kfp.Client)
    watch_commands(click)
    if not kfp.__version__.startswith("1."):
        from kfp.kubeflow_client import PipelinesClient

        watch_client(PipelinesClient)

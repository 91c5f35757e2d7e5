"""Compiles the pipelines of the corpus anew.

Usage: python compile.py [--check] [NAME ...]

Each folder's `pipeline.py` is compiled to `pipeline.yaml` beside it. With
`--check` nothing is written: files that differ are named and the exit code is 1.
A source may define `edit(document)`, which changes the compiled document where the
SDK cannot express what is to be tested. `PLATFORM` becomes the platform document.

Also writes `fast.txt`: the pipelines whose components all run shell commands or
plain programs, without a Python environment.
"""

import argparse
import gzip
import importlib.util
import os
import pathlib
import sys
import tarfile
import tempfile

import yaml
from kfp import compiler

HERE = pathlib.Path(__file__).resolve().parent


def steady_archives():
    """Makes archives of embedded files the same each time: without owners and times."""
    compress, info_of = gzip.compress, tarfile.TarFile.gettarinfo

    def info(*arguments, **options):
        made = info_of(*arguments, **options)
        made.mtime = made.uid = made.gid = 0
        made.uname = made.gname = ""
        made.mode = 0o755 if made.isdir() else 0o644
        return made

    gzip.compress = lambda data: compress(data, mtime=0)
    tarfile.TarFile.gettarinfo = info


def compiled(source: pathlib.Path) -> str:
    """Compiles one source file to text."""
    name = "corpus_" + source.parent.name.replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, source)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(module.pipeline, str(target))
        text = target.read_text()
    if hasattr(module, "edit"):
        document = yaml.safe_load(text)
        module.edit(document)
        text = yaml.dump(document, sort_keys=True)
    if hasattr(module, "PLATFORM"):
        text += "---\n" + yaml.dump({"platforms": {"kubernetes": module.PLATFORM}}, sort_keys=True)
    return text


def is_fast(text: str) -> bool:
    """Tells whether no component is a Python function."""
    document = next(yaml.safe_load_all(text))
    executors = document["deploymentSpec"]["executors"].values()
    return all("kfp.dsl.executor_main" not in str(executor) for executor in executors)


def main() -> int:
    sys.dont_write_bytecode = True
    steady_archives()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name what differs")
    parser.add_argument("names", nargs="*", help="pipelines to compile (default: all)")
    options = parser.parse_args()

    differing = []

    def settle(path: pathlib.Path, text: str):
        if not path.exists() or path.read_text() != text:
            differing.append(path.relative_to(HERE))
            if not options.check:
                path.write_text(text)

    for source in sorted(HERE.glob("*/pipeline.py")):
        if not options.names or source.parent.name in options.names:
            settle(source.with_suffix(".yaml"), compiled(source))
    every = sorted(HERE.glob("*/pipeline.yaml"))
    fast = [path.parent.name for path in every if is_fast(path.read_text())]
    settle(HERE / "fast.txt", "".join(f"{name}\n" for name in fast))

    for path in differing:
        print(path)
    return 1 if options.check and differing else 0


if __name__ == "__main__":
    # The SDK walks sets: only with a fixed seed is its output always the same.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())

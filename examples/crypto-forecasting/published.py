"""Runs the code of a notebook as it stands, but for its shell commands (`!pip …`).

    python published.py NOTEBOOK.ipynb

With KF_PIPELINES_ENDPOINT its `kfp.Client()` finds that server. Without it nothing is
submitted: what the notebook compiles is written to the current folder all the same.
"""

import json
import os
import pathlib
import runpy
import sys
import tempfile


def code(notebook):
    """Returns the code of all cells, one after the other."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [
        line
        for cell in cells
        if cell["cell_type"] == "code"
        for line in "".join(cell["source"]).splitlines()
        if not line.lstrip().startswith(("!", "%"))
    ]
    return "\n".join(lines) + "\n"


class Nobody:
    """A client that submits nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    notebook = pathlib.Path(sys.argv[1])
    if not os.environ.get("KF_PIPELINES_ENDPOINT"):
        import kfp

        kfp.Client = Nobody
    with tempfile.TemporaryDirectory() as folder:
        # The SDK reads the source of functions, so that it must lie in a file.
        script = pathlib.Path(folder) / f"{notebook.stem.replace('-', '_')}.py"
        script.write_text(code(notebook), encoding="utf-8")
        runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()

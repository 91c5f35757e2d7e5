"""Draws what the visualization creator asks for, and leaves it as one page of HTML.

Arguments: type, arguments as JSON, source, pattern below it, file of the page. It needs nothing but Python itself;
code of the user, and the types TFDV and TFMA, use what packages there are.
"""

import ast
import base64
import contextlib
import csv
import glob
import html
import io
import json
import os
import sys

MOST_ROWS = 5000
MOST_POINTS = 2000
STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 16px; color: #1d2129; background: #fff }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { border: 1px solid #d5d9e0; padding: 3px 10px; text-align: left; white-space: nowrap }
th { background: #f3f5f8; position: sticky; top: 0 }
td.number { text-align: right }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
img, svg { max-width: 100%; height: auto }
p.note { color: #5a6270 }
"""


class Stop(Exception):
    """What the user has to know, without a traceback."""


def page(title, parts):
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def files_of(source, pattern):
    """Returns the files that are meant: one, those of a folder, or those that a pattern fits, never outside of it."""
    if pattern:
        root = os.path.realpath(source)
        found = sorted(glob.glob(os.path.join(glob.escape(source), pattern), recursive=True))
        found = [path for path in found if os.path.realpath(path).startswith(root + os.sep)]
    elif os.path.isdir(source):
        found = sorted(os.path.join(source, name) for name in os.listdir(source) if name.endswith(".csv"))
    else:
        found = [source]
    found = [path for path in found if os.path.isfile(path)]
    if not found:
        wanted = f"no file fits `{pattern}`" if pattern else "no CSV file is in it"
        raise Stop(f"the source has nothing to show: {wanted}")
    return found


def rows_of(path):
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        for row in csv.reader(file):
            if row:
                yield row


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def typed(text):
    """Reads a cell as pandas would: whole numbers, other numbers, words."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def table(variables, source, pattern):
    headers = variables.get("headers")
    if headers is not None and (not isinstance(headers, list) or not all(isinstance(it, str) for it in headers)):
        raise Stop("`headers` is a list of names")
    rows, left = [], 0
    for path in files_of(source, pattern):
        content = rows_of(path)
        if variables.get("headers") is None:
            first = next(content, None)
            if first is None:
                continue
            if headers is None:
                headers = first
            elif first != headers:
                raise Stop(f"{os.path.basename(path)} has other columns than the files before it: {first}")
        for row in content:
            if len(row) != len(headers):
                raise Stop(f"{os.path.basename(path)} has a row of {len(row)} cells; there are {len(headers)} headers")
            if len(rows) < MOST_ROWS:
                rows.append(row)
            else:
                left += 1
    if headers is None:
        raise Stop("the source is empty: it has no headers and no rows")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in headers)

    def cell(text):
        kind = ' class="number"' if number(text) is not None else ""
        return f"<td{kind}>{html.escape(text)}</td>"

    lines = "\n".join("<tr>" + "".join(cell(text) for text in row) + "</tr>" for row in rows)
    parts = [f"<table><thead><tr>{head}</tr></thead><tbody>\n{lines}\n</tbody></table>"]
    if left:
        parts.append(f'<p class="note">{left} further rows are not shown.</p>')
    return parts


class Row(dict):
    """One row of data, as a lambda of the user sees it: `row["x"]` or `row.x`."""

    __getattr__ = dict.__getitem__


def scored(variables, source, pattern):
    """Returns pairs of truth and score."""
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    schema = os.path.join(folder, "schema.json")
    names = None
    if os.path.isfile(schema):
        with open(schema, encoding="utf-8") as file:
            names = [column["name"] for column in json.load(file)]
    score = variables.get("true_score_column") or "true"
    chosen = variables.get("target_lambda")
    is_true = eval(chosen) if chosen else None  # The user's own code, like that of a custom visualization.
    if is_true is None and "trueclass" not in variables:
        raise Stop("name the class that counts as true: `trueclass`, or `target_lambda` (or set `is_generated`)")
    pairs = []
    for path in files_of(source, pattern):
        content = rows_of(path)
        columns = names or next(content, [])
        for wanted in [score] + ([] if chosen else ["target"]):
            if wanted not in columns:
                raise Stop(f"{os.path.basename(path)} has no column `{wanted}`; it has {', '.join(columns)}")
        for cells in content:
            row = Row(zip(columns, map(typed, cells)))
            truth = bool(is_true(row)) if is_true else str(row["target"]) == str(variables["trueclass"])
            value = number(row[score])
            if value is None:
                raise Stop(f"`{row[score]}` in column `{score}` is no number")
            pairs.append((truth, value))
    return pairs


def curve(pairs):
    """Returns a point (false positive rate, true positive rate, threshold) for each score, from the highest on."""
    positive = sum(truth for truth, _ in pairs)
    negative = len(pairs) - positive
    if not positive or not negative:
        raise Stop(f"a ROC curve needs both classes; of {len(pairs)} rows {positive} are true")
    points, true, false, last = [(0.0, 0.0, float("inf"))], 0, 0, None
    for truth, score in sorted(pairs, key=lambda pair: -pair[1]):
        if last is not None and score != last:
            points.append((false / negative, true / positive, last))
        true, false, last = true + truth, false + (not truth), score
    points.append((false / negative, true / positive, last))
    return points


def generated(source, pattern):
    """Reads points that somebody has worked out: columns fpr, tpr and thresholds, with or without a header."""
    points = []
    for path in files_of(source, pattern):
        for at, row in enumerate(rows_of(path)):
            values = [number(cell) for cell in row[:3]]
            if at == 0 and None in values:
                continue
            if len(values) < 3 or None in values:
                raise Stop(f"row {at + 1} of {os.path.basename(path)} is no fpr, tpr and threshold: {','.join(row)}")
            points.append(tuple(values))
    if len(points) < 2:
        raise Stop("a curve has two points at least")
    return sorted(points, key=lambda point: (point[0], point[1]))


def roc(variables, source, pattern):
    if variables.get("is_generated"):
        points = generated(source, pattern)
    else:
        points = curve(scored(variables, source, pattern))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:]))
    size, edge = 420, 46
    x = lambda value: edge + value * size
    y = lambda value: 16 + (1 - value) * size
    marks = [step / 5 for step in range(6)]
    grid = "".join(
        f'<path d="M{x(at):g} {y(0):g}V{y(1):g}M{x(0):g} {y(at):g}H{x(1):g}" stroke="#e3e6eb"/>'
        f'<text x="{x(at):g}" y="{y(0) + 18:g}" text-anchor="middle">{at:g}</text>'
        f'<text x="{x(0) - 8:g}" y="{y(at) + 4:g}" text-anchor="end">{at:g}</text>'
        for at in marks
    )
    line = " ".join(f"{x(fpr):.2f},{y(tpr):.2f}" for fpr, tpr, _ in points)
    every = max(1, len(points) // MOST_POINTS + (len(points) % MOST_POINTS > 0))
    # Many of them would lie on one another; each stays where the pointer finds it.
    radius, ring = (3, 0) if len(points) <= 60 else (1, 5)
    dots = "".join(
        f'<circle cx="{x(fpr):.2f}" cy="{y(tpr):.2f}" r="{radius}" stroke="#2f6feb" stroke-opacity="0" '
        f'stroke-width="{ring}"><title>threshold {threshold:g}: '
        f"false positive rate {fpr:.4g}, true positive rate {tpr:.4g}</title></circle>"
        for fpr, tpr, threshold in points[::every]
    )
    return [
        f'<svg viewBox="0 0 {size + edge + 20} {size + 62}" width="{size + edge + 20}" role="img" '
        f'aria-label="ROC curve, area under it {area:.4f}" font-size="12" fill="#5a6270">{grid}'
        f'<path d="M{x(0):g} {y(0):g}L{x(1):g} {y(1):g}" stroke="#9aa3b2" stroke-dasharray="4 4"/>'
        f'<polyline points="{line}" fill="none" stroke="#2f6feb" stroke-width="2"/><g fill="#2f6feb">{dots}</g>'
        f'<text x="{x(0.5):g}" y="{size + 54}" text-anchor="middle">False positive rate</text>'
        f'<text transform="translate(12 {y(0.5):g}) rotate(-90)" text-anchor="middle">True positive rate</text></svg>',
        f"<p>Area under the curve: {area:.4f}</p>",
    ]


def picture(kind, data):
    data = data.encode() if isinstance(data, str) and kind.endswith("xml") else data
    text = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    return f'<img alt="" src="data:{kind};base64,{text}">'


def shown(value):
    """Shows a value as a notebook does: as HTML where it knows how, else as a picture, else as text."""
    for name, kind in (("_repr_html_", None), ("_repr_svg_", "image/svg+xml"), ("_repr_png_", "image/png"), ("_repr_jpeg_", "image/jpeg")):
        made = getattr(value, name, None) if not isinstance(value, type) else None
        result = made() if callable(made) else None
        if result is not None:
            return result if kind is None else picture(kind, result)
    return f"<pre>{html.escape(repr(value))}</pre>"


class Printed(io.TextIOBase):
    """What is printed goes into the page and into the log."""

    def __init__(self, parts):
        self.parts, self.texts, self.log = parts, [], sys.stdout

    def write(self, text):
        self.texts.append(text)
        return self.log.write(text)

    def flush(self):
        self.log.flush()

    def hand_over(self):
        text = "".join(self.texts)
        self.texts.clear()
        if text:
            self.parts.append(f"<pre>{html.escape(text)}</pre>")


def run(code, source, variables):
    """Runs Python as a cell of a notebook: what it prints, displays and ends with, and its figures, are the page."""
    parts = []
    printed = Printed(parts)

    def display(*values):
        printed.hand_over()
        parts.extend(shown(value) for value in values)

    os.environ["MPLBACKEND"] = "Agg"
    names = {"__name__": "__main__", "source": source, "variables": variables, "display": display}
    cell = ast.parse(code, "code")
    last = cell.body.pop() if cell.body and isinstance(cell.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(cell, "code", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "code", "eval"), names) if last is not None else None
    printed.hand_over()
    if value is not None:
        parts.append(shown(value))
    if "matplotlib.pyplot" in sys.modules:
        pyplot = sys.modules["matplotlib.pyplot"]
        for figure in pyplot.get_fignums():
            content = io.BytesIO()
            pyplot.figure(figure).savefig(content, format="png", bbox_inches="tight")
            parts.append(picture("image/png", content.getvalue()))
    return parts or ['<p class="note">The code printed and showed nothing.</p>']


TFDV = """
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.utils.display_util import get_statistics_html
class Page:
    _repr_html_ = lambda self: get_statistics_html(tfdv.generate_statistics_from_csv(data_location=source))
Page()
"""
TFMA = """
import tensorflow_model_analysis as tfma
column = variables.get("slicing_column")
result = tfma.load_eval_result(source)
tfma.view.render_slicing_metrics(result, slicing_column=column) if column else tfma.view.render_slicing_metrics(result)
"""
PACKAGES = {"TFDV": ("tensorflow_data_validation", TFDV), "TFMA": ("tensorflow_model_analysis", TFMA)}


def draw(kind, variables, source, pattern):
    if kind == "TABLE":
        return table(variables, source, pattern)
    if kind == "ROC_CURVE":
        return roc(variables, source, pattern)
    place = os.path.join(source, pattern) if pattern else source
    if kind == "CUSTOM":
        code = variables.pop("code")
        return run("\n".join(code) if isinstance(code, list) else code, place, variables)
    package, code = PACKAGES[kind]
    try:
        return run(code, place, variables)
    except ModuleNotFoundError as error:
        raise Stop(
            f"{kind} needs the Python package {package.replace('_', '-')}, which is not in the image that "
            f"visualizations run in ({error}); set `visualization_image` to one that has it"
        ) from None


def main():
    kind, arguments, source, pattern, target = sys.argv[1:]
    try:
        parts = draw(kind, json.loads(arguments), source, pattern)
    except Stop as stop:
        sys.exit(str(stop))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(page(kind, parts))


main()

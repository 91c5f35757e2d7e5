"""Predicts the keypoints of the test faces with the model in /data/model.

Leaves /data/submission.csv, as the competition wants it, and a page that shows
the predicted points on some faces.
"""

import argparse
import base64
import csv
import html
import json
import pathlib
import shutil
import struct
import zipfile
import zlib

import joblib
import numpy as np

SIZE, CELL = 96, 4
SHOWN = 24


def features(images):
    """The same as in training."""
    small = images.reshape(-1, SIZE // CELL, CELL, SIZE // CELL, CELL).mean(axis=(2, 4))
    flat = small.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return (flat / (flat.std(axis=1, keepdims=True) + 1e-6)).astype(np.float32)


def read(archive):
    csv.field_size_limit(1 << 20)
    with zipfile.ZipFile(archive) as source, source.open(source.namelist()[0]) as member:
        rows = csv.reader(line.decode() for line in member)
        next(rows)
        images = [np.array(pixels.split(), dtype=np.uint8) for _, pixels in rows]
    return np.array(images).reshape(-1, SIZE, SIZE)


def png(image):
    """Writes a grey picture as a data URL."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


def page(summary, images, points):
    """Draws the predicted points on the first faces."""
    chosen, given = summary["chosen"], summary["parameters"]
    faces = []
    for image, face in zip(images[:SHOWN], points[:SHOWN]):
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.1"/>' for x, y in face.reshape(-1, 2))
        faces.append(f'<svg viewBox="0 0 {SIZE} {SIZE}"><image href="{png(image)}" width="{SIZE}"/>{dots}</svg>')
    rows = "".join(
        f"<tr><td>{trial['trial']}<td>{trial['epoch']}<td>{trial['rmse']:.3f}" for trial in summary["trials"]
    )
    settings = html.escape(", ".join(f"{name} {value}" for name, value in given.items()))
    return f"""<!doctype html><meta charset="utf-8"><title>Facial keypoints</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1c2530 }}
.faces {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 8px }}
circle {{ fill: #ff3d57 }} td, th {{ padding: 2px 14px 2px 0; text-align: left }}
</style>
<h1>Facial keypoints</h1>
<p>{len(images)} test faces. Best is trial {chosen['trial']} after epoch {chosen['epoch']}:
validation RMSE <b>{chosen['rmse']:.2f} pixels</b> (always the mean points: {summary['usual']:.2f}). Asked for: {settings}.</p>
<table><tr><th>trial<th>best epoch<th>RMSE{rows}</table>
<h2>Predicted points</h2><div class="faces">{''.join(faces)}</div>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/data"))
    parser.add_argument("--submission", type=pathlib.Path, help="a copy of the submission goes here")
    parser.add_argument("--report", type=pathlib.Path, help="the page goes here [default: report.html of the data]")
    parser.add_argument("--ui", type=pathlib.Path, help="what makes kfp 1 show the page goes here")
    args = parser.parse_args()

    summary = json.loads((args.data / "model/model.json").read_text())
    kept = joblib.load(args.data / "model/model.joblib")
    print(kept["model"])
    images = read(args.data / "test.zip")
    points = np.clip(kept["model"].predict(features(images)) * kept["scale"] + kept["mean"], 0, SIZE)

    submission = args.data / "submission.csv"
    with submission.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["RowId", "Location"])
        writer.writerows([number + 1, f"{value:.4f}"] for number, value in enumerate(points.ravel()))
    print(f"{submission}: {points.size} locations on {len(images)} faces")
    report = args.report or args.data / "report.html"
    for path in filter(None, (args.submission, report, args.ui)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if args.submission:
        shutil.copyfile(submission, args.submission)
    text = page(summary, images, points)
    report.write_text(text)
    if args.ui:
        shown = {"type": "web-app", "storage": "inline", "source": text}
        args.ui.write_text(json.dumps({"version": 1, "outputs": [shown]}))


if __name__ == "__main__":
    main()

"""Draws faces with known keypoints, in the competition's schema.

The same seed gives the same faces. They are simple drawings and no photographs:
a model that is good on them knows nothing of real faces.
"""

import csv
import io
import zipfile

import numpy as np

SIZE = 96
POINTS = [
    "left_eye_center", "right_eye_center",
    "left_eye_inner_corner", "left_eye_outer_corner",
    "right_eye_inner_corner", "right_eye_outer_corner",
    "left_eyebrow_inner_end", "left_eyebrow_outer_end",
    "right_eyebrow_inner_end", "right_eyebrow_outer_end",
    "nose_tip", "mouth_left_corner", "mouth_right_corner",
    "mouth_center_top_lip", "mouth_center_bottom_lip",
]  # fmt: skip
COLUMNS = [f"{point}_{axis}" for point in POINTS for axis in "xy"]
# Rows of the two files; every fifth row of the first lacks some points.
ROWS = {"training": 600, "test": 60}
SEEDS = {"training": 30, "test": 31}


def layout(random):
    """Places the points of one face, as offsets from its middle; left is the face's own left."""
    eye_gap, eye_width = random.uniform(15, 20), random.uniform(5, 7)
    eye_height, brow = random.uniform(-14, -9), random.uniform(8, 11)
    nose, mouth = random.uniform(6, 10), random.uniform(19, 24)
    mouth_width, lips = random.uniform(10, 15), random.uniform(2.5, 5)
    points = []
    for side in (1, -1):
        points.append((side * eye_gap, eye_height))
    for side in (1, -1):
        points.append((side * (eye_gap - eye_width), eye_height + 1))
        points.append((side * (eye_gap + eye_width), eye_height + 1))
    for side in (1, -1):
        points.append((side * (eye_gap - 1.3 * eye_width), eye_height - brow + 1))
        points.append((side * (eye_gap + 1.6 * eye_width), eye_height - brow + 2))
    points.append((0, nose))
    points.append((mouth_width, mouth))
    points.append((-mouth_width, mouth))
    points.append((0, mouth - lips))
    points.append((0, mouth + lips))
    return np.array(points)


def segment(x, y, start, end, width):
    """Returns how much each pixel belongs to a line."""
    way = end - start
    along = ((x - start[0]) * way[0] + (y - start[1]) * way[1]) / max(way @ way, 1e-9)
    along = np.clip(along, 0, 1)
    distance = np.hypot(x - start[0] - along * way[0], y - start[1] - along * way[1])
    return np.clip(width - distance + 0.5, 0, 1)


def face(random):
    """Draws one face: its points (15 × 2) and its pixels (96 × 96, 0 to 255)."""
    angle, scale = random.normal(0, 0.08), random.uniform(0.85, 1.1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([SIZE / 2, SIZE / 2]) + random.normal(0, 2.0, 2)
    points = layout(random) * scale @ turn.T + middle

    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(float)
    light, skin = random.uniform(30, 90), random.uniform(140, 210)
    image = np.full((SIZE, SIZE), light) + random.uniform(-0.4, 0.4) * (x - SIZE / 2)
    u, v = (x - middle[0]) / (36 * scale), (y - middle[1] - 2) / (46 * scale)
    image += (skin - image) * np.clip((1 - np.hypot(u, v)) * 12 + 0.5, 0, 1)
    dark = random.uniform(20, 70)
    for centre, corners in ((0, (2, 3)), (1, (4, 5))):
        inner, outer = points[corners[0]], points[corners[1]]
        image += (235 - image) * 0.8 * segment(x, y, inner, outer, 2.6 * scale)
        ball = np.hypot(x - points[centre][0], y - points[centre][1])
        image += (dark - image) * np.clip(2.8 * scale - ball + 0.5, 0, 1)
    for inner, outer in ((6, 7), (8, 9)):
        image += (dark - image) * segment(x, y, points[inner], points[outer], 1.4 * scale)
    image += (skin * 0.6 - image) * segment(x, y, (points[2] + points[4]) / 2, points[10], 1.0)
    image += (dark - image) * np.clip(2.2 - np.hypot(x - points[10][0], y - points[10][1]), 0, 1)
    for lip in (13, 14):
        for corner in (11, 12):
            image += (dark + 40 - image) * segment(x, y, points[corner], points[lip], 1.2 * scale)
    image += random.normal(0, 6, image.shape)
    return points, np.clip(image, 0, 255).astype(int)


def table(name):
    """Yields the rows of `training` or `test`, the header first."""
    random = np.random.default_rng(SEEDS[name])
    yield [*COLUMNS, "Image"] if name == "training" else ["ImageId", "Image"]
    for number in range(ROWS[name]):
        points, image = face(random)
        pixels = " ".join(map(str, image.ravel()))
        if name == "test":
            yield [number + 1, pixels]
            continue
        values = [f"{value:.6f}" for value in points.ravel()]
        if number % 5 == 4:
            for point in random.choice(15, 4, replace=False):
                values[2 * point] = values[2 * point + 1] = ""
        yield [*values, pixels]


def write_zip(name, path):
    """Writes `training.zip` or `test.zip`, with the CSV as its only member."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table(name))
    member = zipfile.ZipInfo(f"{name}.csv", (2013, 5, 7, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text.getvalue())

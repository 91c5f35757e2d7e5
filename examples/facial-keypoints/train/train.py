"""Trains a model that finds 15 keypoints on faces of 96 × 96 pixels.

The data comes from /data/training.zip and /data/test.zip. Where they are missing
they are downloaded from Kaggle, if there are credentials, else drawn (faces.py).
The model goes to /data/model.
"""

import argparse
import csv
import json
import os
import pathlib
import zipfile

# The matrices are small: threads would rather wait for each other than help.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import numpy as np
from sklearn.neural_network import MLPRegressor

COMPETITION = "facial-keypoints-detection"
SECRET = pathlib.Path("/secret/kaggle")
SIZE, CELL = 96, 4
# What the trials try, in this order, again from the start when there are more.
CANDIDATES = [
    {"hidden_layer_sizes": (128,), "learning_rate_init": 0.003, "alpha": 1.0},
    {"hidden_layer_sizes": (64,), "learning_rate_init": 0.006, "alpha": 3.0},
    {"hidden_layer_sizes": (256,), "learning_rate_init": 0.002, "alpha": 0.3},
    {"hidden_layer_sizes": (128, 64), "learning_rate_init": 0.003, "alpha": 1.0},
    {"hidden_layer_sizes": (256, 64), "learning_rate_init": 0.002, "alpha": 3.0},
]


def credentials():
    """Puts the secret's keys into the environment; says whether there are any."""
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        file = SECRET / name
        if file.is_file():
            os.environ[name] = file.read_text().strip()
    return all(os.environ.get(name) for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"))


def provide(folder):
    """Sees to it that both zips are there."""
    missing = [name for name in ("training", "test") if not (folder / f"{name}.zip").exists()]
    if not missing:
        print("data: as it lies in", folder)
    elif credentials():
        from kaggle.api.kaggle_api_extended import KaggleApi

        api = KaggleApi()
        api.authenticate()
        for name in missing:
            api.competition_download_file(COMPETITION, f"{name}.zip", path=str(folder))
        print("data: downloaded by", KaggleApi.__module__)
    else:
        import faces

        for name in missing:
            faces.write_zip(name, folder / f"{name}.zip")
        print("data: no Kaggle credentials in", SECRET, "- faces are drawn")


def read(archive):
    """Returns points (rows × 30) and images (rows × 96 × 96) of the rows that are complete."""
    csv.field_size_limit(1 << 20)
    points, images, dropped = [], [], 0
    with zipfile.ZipFile(archive) as source, source.open(source.namelist()[0]) as member:
        rows = csv.reader(line.decode() for line in member)
        header = next(rows)
        for *values, pixels in rows:
            if "" in values:
                dropped += 1
                continue
            points.append([float(value) for value in values])
            images.append(np.array(pixels.split(), dtype=np.uint8).reshape(SIZE, SIZE))
    print(f"{len(points)} complete faces, {dropped} incomplete ones dropped")
    return header[:-1], np.array(points), np.array(images)


def features(images):
    """Shrinks images to 24 × 24, with brightness and contrast of each made equal."""
    small = images.reshape(-1, SIZE // CELL, CELL, SIZE // CELL, CELL).mean(axis=(2, 4))
    flat = small.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return (flat / (flat.std(axis=1, keepdims=True) + 1e-6)).astype(np.float32)


def fit(number, x, y, scale, held, epochs, patience):
    """Trains one candidate; stops when it has not got better for `patience` epochs."""
    settings = CANDIDATES[number % len(CANDIDATES)]
    model = MLPRegressor(random_state=number, batch_size=32, **settings)
    best, best_at, kept = np.inf, 0, None
    for epoch in range(1, epochs + 1):
        model.partial_fit(x[~held], y[~held])
        error = float(np.sqrt(np.mean(((model.predict(x[held]) - y[held]) * scale) ** 2)))
        print(f"trial {number + 1} epoch {epoch}: validation RMSE {error:.3f} pixels")
        if error < best:
            best, best_at = error, epoch
            kept = [weights.copy() for weights in model.coefs_ + model.intercepts_]
        elif epoch - best_at >= patience:
            print(f"trial {number + 1}: no better for {patience} epochs, stops")
            break
    layers = len(model.coefs_)
    model.coefs_, model.intercepts_ = kept[:layers], kept[layers:]
    return best, best_at, model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", type=int, required=True, help="candidates that are tried")
    parser.add_argument("--epoch", type=int, required=True, help="most passes over the data for each")
    parser.add_argument("--patience", type=int, required=True, help="passes without progress before it stops")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/data"))
    args = parser.parse_args()
    if min(args.trial, args.epoch, args.patience) < 1:
        parser.error("trial, epoch and patience are at least 1")

    args.data.mkdir(exist_ok=True)
    provide(args.data)
    columns, points, images = read(args.data / "training.zip")
    x = features(images)
    held = np.random.default_rng(0).permutation(len(x)) < round(0.15 * len(x))
    mean, scale = points[~held].mean(axis=0), points[~held].std(axis=0)
    y = (points - mean) / scale
    usual = float(np.sqrt(np.mean((points[held] - mean) ** 2)))
    print(f"always the mean points would have a validation RMSE of {usual:.3f} pixels")
    trials = [fit(number, x, y, scale, held, args.epoch, args.patience) for number in range(args.trial)]
    chosen = min(range(len(trials)), key=lambda number: trials[number][0])
    error, epoch, model = trials[chosen]
    print(f"best is trial {chosen + 1} after epoch {epoch}: validation RMSE {error:.3f} pixels")

    folder = args.data / "model"
    folder.mkdir(exist_ok=True)
    joblib.dump({"model": model, "mean": mean, "scale": scale}, folder / "model.joblib")
    summary = {
        "columns": columns,
        "usual": usual,
        "chosen": {"trial": chosen + 1, "epoch": epoch, "rmse": error, **CANDIDATES[chosen % len(CANDIDATES)]},
        "trials": [{"trial": number + 1, "epoch": at, "rmse": rmse} for number, (rmse, at, _) in enumerate(trials)],
        "parameters": {"trial": args.trial, "epoch": args.epoch, "patience": args.patience},
    }
    (folder / "model.json").write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()

"""Crypto forecasting with kfp 1.8: Python functions that share a volume.

All data flows through the volume; the steps install what they need themselves.

Compile with kfp 1.8:  python pipeline_v1.py
"""

import pathlib
from typing import NamedTuple

import kfp
from kfp import dsl
from kfp.components import create_component_from_func

IMAGE = "python:3.7.1"


def download_data(dataset: str, data_path: str):
    """Puts train.csv and asset_details.csv on the volume.

    In this order: from <data_path>/<dataset>.zip; by the program `kaggle`, if there
    are credentials; by the image's own generator.
    """
    import os
    import pathlib
    import subprocess
    import sys
    import zipfile

    archive = pathlib.Path(data_path) / f"{dataset}.zip"
    secret = pathlib.Path("/secret/kaggle-secret")
    maker = pathlib.Path("/kaggle/make_data.py")
    if archive.exists():
        print("data: from", archive)
    elif (secret / "username").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "kaggle"])
        os.environ["KAGGLE_USERNAME"] = (secret / "username").read_text().strip()
        os.environ["KAGGLE_KEY"] = (secret / "password").read_text().strip()
        subprocess.run(["kaggle", "competitions", "download", "-c", dataset, "-p", data_path], check=True)
        print("data: downloaded")
    elif maker.exists():
        subprocess.run([sys.executable, str(maker), str(archive)], check=True)
        print("data: no Kaggle credentials in", secret, "- it is made")
    else:
        sys.exit(f"no {archive}, no Kaggle credentials in {secret}, and no generator in this image")
    with zipfile.ZipFile(str(archive)) as source:
        for name in ("train.csv", "asset_details.csv"):
            print(source.extract(name, data_path))


def load_data(data_path: str):
    """Keeps the bars since 2020, as pickles."""
    import pathlib
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pandas"])
    import pandas as pd

    folder = pathlib.Path(data_path)
    bars = pd.read_csv(folder / "train.csv")
    bars["datetime"] = pd.to_datetime(bars["timestamp"], unit="s")
    kept = bars[bars["datetime"] >= "2020-01-01"].reset_index(drop=True)
    assets = pd.read_csv(folder / "asset_details.csv").sort_values("Asset_ID").reset_index(drop=True)
    kept.to_pickle(str(folder / "df_train"))
    assets.to_pickle(str(folder / "df_asset_details"))
    print(f"kept {len(kept)} of {len(bars)} bars, {len(assets)} assets, pandas {pd.__version__}")


def feature_engineering(data_path: str):
    """Computes what each asset's own history tells."""
    import pathlib
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pandas", "tqdm"])
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    folder = pathlib.Path(data_path)
    parts = []
    for _, bar in tqdm(pd.read_pickle(str(folder / "df_train")).groupby("Asset_ID")):
        bar = bar.sort_values("timestamp").reset_index(drop=True)
        # No window reaches over a hole of more than half an hour.
        spell = (bar["timestamp"].diff() > 1800).cumsum()
        price = np.log(bar["Close"])
        top, bottom = bar[["Open", "Close"]].max(axis=1), bar[["Open", "Close"]].min(axis=1)
        bar["upper_shadow"], bar["lower_shadow"] = bar["High"] / top - 1, bar["Low"] / bottom - 1
        bar["vwap_gap"] = price - np.log(bar["VWAP"])
        step = price.groupby(spell).diff()
        for window in (5, 15, 30, 60, 120, 240):
            bar[f"return_{window}"] = price.groupby(spell).diff(window)
            rolled = step.groupby(spell).rolling(window, min_periods=window // 3 + 1)
            bar[f"mean_{window}"] = rolled.mean().reset_index(level=0, drop=True)
            bar[f"volatility_{window}"] = rolled.std().reset_index(level=0, drop=True)
        bar["hour"] = bar["datetime"].dt.hour
        parts.append(bar)
    features = pd.concat(parts, ignore_index=True).replace([np.inf, -np.inf], np.nan)
    features.to_pickle(str(folder / "feature_df"))
    print(f"{features.shape[1]} columns, {len(features)} rows")


def merge_assets_features(data_path: str):
    """Adds each asset's weight and what the whole market does at the same minute."""
    import pathlib
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pandas"])
    import pandas as pd

    folder = pathlib.Path(data_path)
    features = pd.read_pickle(str(folder / "feature_df"))
    assets = pd.read_pickle(str(folder / "df_asset_details"))
    merged = features.merge(assets[["Asset_ID", "Weight"]], on="Asset_ID", how="left")
    for name in ("mean_15", "mean_30", "mean_60", "return_15"):
        weighted = (merged[name] * merged["Weight"]).groupby(merged["timestamp"]).transform("sum")
        market = weighted / merged.groupby("timestamp")["Weight"].transform("sum")
        merged[f"beyond_{name}"] = merged[name] - market
    merged.to_pickle(str(folder / "merge_feature_df"))
    print(f"{merged.shape[1]} columns, {len(merged)} rows")


def modeling(data_path: str):
    """Trains LightGBM on the time before May 2021."""
    import pathlib
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pandas", "lightgbm", "joblib"])
    import joblib
    import lightgbm as lgb
    import pandas as pd

    folder = pathlib.Path(data_path)
    table = pd.read_pickle(str(folder / "merge_feature_df")).dropna(subset=["Target"])
    outside = ("timestamp", "datetime", "Target", "Weight")
    names = [name for name in table.columns if name not in outside]
    held = table["datetime"] >= "2021-05-01"
    parts = [
        lgb.Dataset(part[names].values, label=part["Target"].values, weight=part["Weight"].values)
        for part in (table[~held], table[held])
    ]
    settings = {
        "objective": "regression",
        "metric": "rmse",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": 200,
        "feature_fraction": 0.6,
        "num_threads": 2,
        "seed": 7,
        "verbosity": -1,
    }
    booster = lgb.train(
        settings,
        parts[0],
        num_boost_round=150,
        valid_sets=[parts[1]],
        callbacks=[lgb.early_stopping(20, verbose=False)],
    )
    joblib.dump({"booster": booster, "names": names}, str(folder / "lgb.jl"))
    print(f"{booster.best_iteration} rounds, {len(names)} features, lightgbm {lgb.__version__}")


def evaluation_result(
    data_path: str,
    metrics: kfp.components.OutputPath(str),
) -> NamedTuple("Outputs", [("mlpipeline_metrics", "Metrics")]):
    """Measures the model on the time since May 2021."""
    import json
    import pathlib
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "pandas", "lightgbm", "joblib"])
    import joblib
    import numpy as np
    import pandas as pd

    folder = pathlib.Path(data_path)
    kept = joblib.load(str(folder / "lgb.jl"))
    table = pd.read_pickle(str(folder / "merge_feature_df")).dropna(subset=["Target"])
    table = table[table["datetime"] >= "2021-05-01"]
    found = kept["booster"].predict(table[kept["names"]].values)
    target, weight = table["Target"].values, table["Weight"].values

    def mean(values):
        return np.average(values, weights=weight)

    apart = (found - mean(found)), (target - mean(target))
    correlation = mean(apart[0] * apart[1]) / np.sqrt(mean(apart[0] ** 2) * mean(apart[1] ** 2))
    error = np.sqrt(np.mean((found - target) ** 2))
    result = {
        "metrics": [
            {"name": "root-mean-squared-error", "numberValue": float(error), "format": "RAW"},
            {"name": "weighted-correlation", "numberValue": float(correlation), "format": "RAW"},
        ]
    }
    print(f"rmse {error:.6f}, weighted correlation {correlation:.3f} on {len(table)} rows")
    pathlib.Path(metrics).write_text(json.dumps(result))
    return (json.dumps(result),)


FUNCTIONS = [
    download_data,
    load_data,
    feature_engineering,
    merge_assets_features,
    modeling,
    evaluation_result,
]


@dsl.pipeline(
    name="g-research-crypto-forecasting-pipeline",
    description="Forecasts the 15 minute return of 14 crypto assets.",
)
def crypto_forecasting(dataset: str, data_path: str):
    volume = dsl.VolumeOp(
        name="create-data-volume", resource_name="data-volume", size="1Gi", modes=dsl.VOLUME_MODE_RWO
    )
    before = None
    for function in FUNCTIONS:
        component = create_component_from_func(function, base_image=IMAGE)
        if function is download_data:
            task = component(dataset, data_path).add_pod_label("kaggle-secret", "true")
        else:
            task = component(data_path).after(before)
        before = task.add_pvolumes({data_path: volume.volume})


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("pipeline_v1.yaml")
    kfp.compiler.Compiler().compile(crypto_forecasting, str(target))

"""Crypto forecasting: predict the 15 minute return of 14 crypto assets.

A pipeline after the G-Research crypto forecasting competition, made of Python
functions with the Kubeflow Pipelines SDK. Data flows between the steps as
artifacts only, so every step can run on its own machine, in its own container
or in its own private folder.

Compile with:  python pipeline.py
"""

import pathlib
from typing import NamedTuple

from kfp import compiler, dsl
from kfp.dsl import HTML, Dataset, Input, Metrics, Model, Output

BASE_IMAGE = "python:3.11"
# One requirement set for all steps: the environment is prepared once and shared.
PACKAGES = ["pandas==2.2.3", "lightgbm==4.6.0"]


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def download_data(
    dataset: str,
    data_path: str,
    train: Output[Dataset],
    asset_details: Output[Dataset],
    seed: int = 14,
):
    """Takes the competition's data from a zip, from Kaggle, or makes its like.

    In this order: `<data_path>/<dataset>.zip` if it is there; the Kaggle CLI if
    credentials are there (KAGGLE_USERNAME and KAGGLE_KEY, kaggle.json, or secret
    files); else synthetic data of the same schema, the same for the same seed.
    """
    import csv
    import importlib.util
    import json
    import os
    import shutil
    import subprocess
    import sys
    import tempfile
    import zipfile

    import numpy as np
    import pandas as pd

    # Asset_ID, Weight, Asset_Name, price, in the order of the real file.
    assets = [
        (2, 2.397895, "Bitcoin Cash", 300.0),
        (0, 4.304065, "Binance Coin", 30.0),
        (1, 6.779922, "Bitcoin", 20000.0),
        (5, 1.386294, "EOS.IO", 3.0),
        (7, 2.079442, "Ethereum Classic", 8.0),
        (6, 5.894403, "Ethereum", 900.0),
        (9, 2.397895, "Litecoin", 90.0),
        (11, 1.609438, "Monero", 120.0),
        (13, 1.791759, "TRON", 0.03),
        (12, 2.079442, "Stellar", 0.15),
        (3, 4.406719, "Cardano", 0.3),
        (8, 1.098612, "IOTA", 0.5),
        (10, 1.098612, "Maker", 700.0),
        (4, 3.555348, "Dogecoin", 0.01),
    ]

    def credentials():
        """Finds (username, key), or None."""
        names = ("KAGGLE_USERNAME", "KAGGLE_KEY")
        if all(os.environ.get(name) for name in names):
            return tuple(os.environ[name] for name in names)
        folder = os.environ.get("KAGGLE_CONFIG_DIR", os.path.expanduser("~/.kaggle"))
        try:
            with open(os.path.join(folder, "kaggle.json")) as file:
                found = json.load(file)
            return found["username"], found["key"]
        except (OSError, KeyError, TypeError, ValueError):
            pass
        for folder, pair in (
            ("/secret/kaggle-secret", ("username", "password")),
            ("/secret/kaggle", names),
        ):
            try:
                return tuple(open(os.path.join(folder, name)).read().strip() for name in pair)
            except OSError:
                continue
        return None

    def download(username, key):
        """Fetches the zip with the Kaggle CLI and returns its path."""
        folder = data_path
        try:
            os.makedirs(folder, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            folder = tempfile.mkdtemp()
            print(f"{data_path} is not writable, downloading to {folder}")
        env = dict(os.environ, KAGGLE_USERNAME=username, KAGGLE_KEY=key)
        command = [shutil.which("kaggle")] if shutil.which("kaggle") else None
        if command is None:
            if importlib.util.find_spec("kaggle") is None:
                site = tempfile.mkdtemp()
                install = ["-m", "pip", "install", "--quiet", "--target", site]
                subprocess.run([sys.executable, *install, "kaggle==1.7.4.5"], check=True)
                env["PYTHONPATH"] = os.pathsep.join(filter(None, [site, env.get("PYTHONPATH")]))
            command = [sys.executable, "-c", "from kaggle.cli import main; main()"]
        command += ["competitions", "download", "-c", dataset, "-p", folder]
        if subprocess.run(command, env=env).returncode != 0:
            raise RuntimeError(
                f"the Kaggle CLI could not download {dataset!r}: see its message above "
                "(have the competition's rules been accepted?)"
            )
        return os.path.join(folder, f"{dataset}.zip")

    def unpack(archive):
        """Copies the two tables out of the zip into the artifacts."""
        with zipfile.ZipFile(archive) as source:
            for name, artifact in (("train.csv", train), ("asset_details.csv", asset_details)):
                with source.open(name) as member, open(artifact.path, "wb") as file:
                    shutil.copyfileobj(member, file, 1 << 20)

    def prices(random, minutes):
        """Makes the log returns of all assets: a market, drifts that last, and noise."""
        count = len(assets)
        market = 0.0006 * random.standard_normal(minutes)
        drift = np.zeros((minutes, count))
        kicks = random.standard_normal((minutes, count))
        for t in range(1, minutes):
            drift[t] = 0.97 * drift[t - 1] + 0.00009 * kicks[t]
        beta = random.uniform(0.7, 1.3, count)
        noise = 0.0011 * random.standard_normal((minutes, count))
        return market[:, None] * beta + drift + noise

    def target_of(log_price):
        """Computes the competition's target: the return from one to sixteen minutes
        ahead, less what the whole market explains of it."""
        minutes, count = log_price.shape
        ahead = np.full((minutes, count), np.nan)
        ahead[:-16] = log_price[16:] - log_price[1:-15]
        weight = np.array([asset[1] for asset in assets])
        market = pd.Series(ahead @ weight / weight.sum())
        variance = (market**2).rolling(3750, min_periods=60).mean()
        result = np.empty_like(ahead)
        for i in range(count):
            covariance = (market * ahead[:, i]).rolling(3750, min_periods=60).mean()
            beta = (covariance / variance).fillna(0.0)
            result[:, i] = ahead[:, i] - beta * market
        return result

    def synthesise():
        """Makes four spells of minute bars for the 14 assets."""
        random = np.random.default_rng(seed)
        frames = []
        # One spell before 2020, two to learn from, one after 2021-05-01 to validate on.
        spells = (("2019-12-30", 240), ("2020-06-01", 1500), ("2021-02-01", 1500), ("2021-06-01", 1000))
        for start, minutes in spells:
            returns = prices(random, minutes)
            log_price = np.cumsum(returns, axis=0)
            target = target_of(log_price)
            first = int(pd.Timestamp(start, tz="UTC").timestamp())
            timestamp = first + 60 * np.arange(minutes)
            for i, (asset_id, weight, _, price) in enumerate(assets):
                close = price * np.exp(log_price[:, i])
                open_ = close * np.exp(-returns[:, i])
                reach = 0.0004 * random.exponential(size=(2, minutes)) + 1e-6
                high = np.maximum(open_, close) * (1 + reach[0])
                low = np.minimum(open_, close) * (1 - reach[1])
                trades = random.poisson(40 * weight, minutes) + 1.0
                frame = pd.DataFrame(
                    {
                        "timestamp": timestamp,
                        "Asset_ID": asset_id,
                        "Count": trades,
                        "Open": open_,
                        "High": high,
                        "Low": low,
                        "Close": close,
                        "Volume": trades * random.gamma(2.0, 500.0 / price, minutes),
                        "VWAP": (high + low + close) / 3,
                        "Target": target[:, i],
                    }
                )
                # Like the real data, it has holes: quiet minutes and a missing VWAP.
                frame.loc[random.random(minutes) < 0.0005, "VWAP"] = np.nan
                frames.append(frame[random.random(minutes) > 0.002])
        table = pd.concat(frames).sort_values(["timestamp", "Asset_ID"], kind="stable")
        table.to_csv(train.path, index=False, float_format="%.10g")
        with open(asset_details.path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["Asset_ID", "Weight", "Asset_Name"])
            writer.writerows(asset[:3] for asset in assets)
        return len(table)

    archive = os.path.join(data_path, f"{dataset}.zip")
    account = credentials()
    if os.path.isfile(archive):
        source = "zip"
        unpack(archive)
    elif account is not None:
        source = "kaggle"
        unpack(download(*account))
    else:
        source = "synthetic"
        rows = synthesise()
        print(f"no {archive} and no Kaggle credentials: made {rows} synthetic rows, seed {seed}")
    for artifact in (train, asset_details):
        artifact.metadata["source"] = source
        artifact.metadata["bytes"] = os.path.getsize(artifact.path)
    print(f"source: {source}, train.csv: {train.metadata['bytes']} bytes")


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def load_data(
    train: Input[Dataset],
    asset_details: Input[Dataset],
    bars: Output[Dataset],
    assets: Output[Dataset],
    first_day: str = "2020-01-01",
):
    """Reads the tables, checks their columns and keeps the bars since `first_day`."""
    import pandas as pd

    numbers = ["Count", "Open", "High", "Low", "Close", "Volume", "VWAP", "Target"]
    kinds = {"timestamp": "int64", "Asset_ID": "int8", **{name: "float64" for name in numbers}}
    table = pd.read_csv(train.path, usecols=list(kinds), dtype=kinds)
    read = len(table)
    first = int(pd.Timestamp(first_day, tz="UTC").timestamp())
    table = table[table["timestamp"] >= first]
    table = table.sort_values(["Asset_ID", "timestamp"], kind="stable", ignore_index=True)
    if table.empty:
        raise ValueError(f"no bar since {first_day} among the {read} rows")

    details = pd.read_csv(asset_details.path).sort_values("Asset_ID", ignore_index=True)
    unknown = sorted(set(table["Asset_ID"]) - set(details["Asset_ID"]))
    if unknown:
        raise ValueError(f"assets without details: {unknown}")

    table.to_pickle(bars.path)
    details.to_csv(assets.path, index=False)
    bars.metadata.update(rows=len(table), dropped=read - len(table), format="pickle")
    assets.metadata.update(rows=len(details), format="csv")
    print(f"kept {len(table)} of {read} rows, {len(details)} assets")


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def feature_engineering(bars: Input[Dataset], features: Output[Dataset]):
    """Computes what each asset's own history tells, over several windows."""
    import numpy as np
    import pandas as pd

    windows = (5, 15, 30, 60, 120, 240)

    def of_asset(bar):
        bar = bar.reset_index(drop=True)
        body_top = np.maximum(bar["Open"], bar["Close"])
        body_bottom = np.minimum(bar["Open"], bar["Close"])
        log_close = np.log(bar["Close"])
        log_volume = np.log1p(bar["Volume"])
        # A window never reaches over a hole of more than half an hour.
        spell = (bar["timestamp"].diff() > 1800).cumsum()

        def by_spell(series):
            return series.groupby(spell, sort=False)

        def rolling(series, window, what):
            rolled = by_spell(series).rolling(window, min_periods=max(2, window // 3))
            return getattr(rolled, what)().reset_index(level=0, drop=True)

        step = by_spell(log_close).diff()
        columns = {
            "upper_shadow": bar["High"] / body_top - 1,
            "lower_shadow": body_bottom / bar["Low"] - 1,
            "body": np.log(bar["Close"] / bar["Open"]),
            "high_low": np.log(bar["High"] / bar["Low"]),
            "vwap_gap": np.log(bar["Close"] / bar["VWAP"]),
            "volume_per_trade": np.log1p(bar["Volume"] / bar["Count"]),
            "log_return": step,
        }
        for window in windows:
            mean = rolling(step, window, "mean")
            deviation = rolling(step, window, "std")
            columns[f"log_return_{window}"] = by_spell(log_close).diff(window)
            columns[f"mean_{window}"] = mean
            columns[f"volatility_{window}"] = deviation
            columns[f"trend_{window}"] = mean / (deviation + 1e-9)
            columns[f"close_to_mean_{window}"] = log_close - rolling(log_close, window, "mean")
            columns[f"volume_to_mean_{window}"] = log_volume - rolling(log_volume, window, "mean")
        columns["mean_cross_15_60"] = columns["mean_15"] - columns["mean_60"]
        columns["mean_cross_30_240"] = columns["mean_30"] - columns["mean_240"]
        columns["volatility_ratio_15_120"] = columns["volatility_15"] / (columns["volatility_120"] + 1e-9)
        table = pd.DataFrame(columns).replace([np.inf, -np.inf], np.nan).astype("float32")
        table.insert(0, "timestamp", bar["timestamp"])
        table.insert(1, "Asset_ID", bar["Asset_ID"])
        minute = bar["timestamp"] // 60 % 1440
        table["day_sin"] = np.sin(2 * np.pi * minute / 1440).astype("float32")
        table["day_cos"] = np.cos(2 * np.pi * minute / 1440).astype("float32")
        table["Target"] = bar["Target"]
        return table

    table = pd.read_pickle(bars.path)
    parts = [of_asset(bar) for _, bar in table.groupby("Asset_ID", sort=True)]
    result = pd.concat(parts, ignore_index=True)
    result.to_pickle(features.path)
    names = [c for c in result.columns if c not in ("timestamp", "Asset_ID", "Target")]
    features.metadata.update(rows=len(result), features=len(names), windows=list(windows), format="pickle")
    print(f"{len(names)} features of {len(parts)} assets, {len(result)} rows")


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def merge_asset_features(
    features: Input[Dataset],
    assets: Input[Dataset],
    merged: Output[Dataset],
):
    """Adds each asset's weight and what the whole market does at the same minute."""
    import numpy as np
    import pandas as pd

    table = pd.read_pickle(features.path)
    details = pd.read_csv(assets.path)
    table = table.merge(details[["Asset_ID", "Weight"]], on="Asset_ID", how="left", validate="m:1")

    shared = ["log_return", "log_return_5", "log_return_15", "log_return_60", "volatility_60", "volume_to_mean_60"]
    key = table["timestamp"]
    for name in shared:
        # The weighted mean over the assets that traded in this minute.
        weight = table["Weight"].where(table[name].notna(), 0.0)
        total = (table[name].fillna(0.0) * weight).groupby(key).transform("sum")
        market = (total / weight.groupby(key).transform("sum")).replace([np.inf, -np.inf], np.nan)
        table[f"market_{name}"] = market.astype("float32")
        table[f"beyond_market_{name}"] = (table[name] - market).astype("float32")
    for window in (5, 15, 60):
        table[f"rank_{window}"] = table[f"log_return_{window}"].groupby(key).rank(pct=True).astype("float32")
    table["breadth"] = (table["log_return_15"] > 0).groupby(key).transform("mean").astype("float32")

    # How strongly the asset follows the market, over the last two hours.
    pair = table["log_return"] * table["market_log_return"]
    square = table["market_log_return"] ** 2
    by_asset = [pair.groupby(table["Asset_ID"]), square.groupby(table["Asset_ID"])]
    rolled = [g.rolling(120, min_periods=30).mean().reset_index(level=0, drop=True) for g in by_asset]
    beta = (rolled[0] / rolled[1].clip(lower=1e-12)).clip(-5, 5)
    table["market_beta"] = beta.astype("float32")
    for window in (15, 60):
        market = table[f"market_log_return_{window}"]
        table[f"residual_{window}"] = (table[f"log_return_{window}"] - beta * market).astype("float32")

    table = table.sort_values(["timestamp", "Asset_ID"], kind="stable", ignore_index=True)
    table.to_pickle(merged.path)
    outside = ("timestamp", "Asset_ID", "Target", "Weight")
    count = sum(name not in outside for name in table.columns)
    merged.metadata.update(rows=len(table), features=count, assets=table["Asset_ID"].nunique(), format="pickle")
    print(f"{count} features, {len(table)} rows")


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def modelling(
    merged: Input[Dataset],
    model: Output[Model],
    validation_start: str = "2021-05-01",
    rounds: int = 300,
):
    """Trains LightGBM on everything before `validation_start`.

    The last tenth of that time decides when to stop; the validation data stays
    unseen. Bars whose target looks over a border are left out.
    """
    import os

    # Threads that wait let others work: on a busy machine this is many times faster.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import lightgbm as lgb
    import pandas as pd

    table = pd.read_pickle(merged.path).dropna(subset=["Target"])
    start = int(pd.Timestamp(validation_start, tz="UTC").timestamp())
    look_ahead = 16 * 60
    known = table[table["timestamp"] < start - look_ahead]
    if known.empty:
        raise ValueError(f"no bar with a target before {validation_start}")
    minutes = known["timestamp"].drop_duplicates().sort_values()
    border = int(minutes.iloc[int(len(minutes) * 0.9)])
    fit = known[known["timestamp"] < border - look_ahead]
    tune = known[known["timestamp"] >= border]

    outside = ("timestamp", "Target", "Weight")
    names = [name for name in table.columns if name not in outside]

    def dataset(part, reference=None):
        return lgb.Dataset(
            part[names],
            label=part["Target"],
            weight=part["Weight"],
            categorical_feature=["Asset_ID"],
            reference=reference,
        )

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings = {
        "objective": "regression",
        "metric": "rmse",
        "learning_rate": 0.05,
        "num_leaves": 24,
        "min_data_in_leaf": 200,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 127,
        "seed": 7,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": max(1, min(threads or 1, 8)),
        "verbosity": -1,
    }
    train_set = dataset(fit)
    booster = lgb.train(
        settings,
        train_set,
        num_boost_round=rounds,
        valid_sets=[dataset(tune, train_set)],
        valid_names=["tune"],
        callbacks=[lgb.early_stopping(25, verbose=False), lgb.log_evaluation(50)],
    )
    booster.save_model(model.path, num_iteration=booster.best_iteration)
    model.metadata.update(
        framework="lightgbm",
        best_iteration=booster.best_iteration,
        features=len(names),
        rows=len(fit),
        validation_start=validation_start,
    )
    print(f"trained on {len(fit)} rows, best of {rounds} rounds: {booster.best_iteration}")


@dsl.component(base_image=BASE_IMAGE, packages_to_install=PACKAGES)
def evaluation(
    merged: Input[Dataset],
    model: Input[Model],
    metrics: Output[Metrics],
    report: Output[HTML],
    validation_start: str = "2021-05-01",
):
    """Measures the model on the time that it has not seen."""
    import html

    import lightgbm as lgb
    import numpy as np
    import pandas as pd

    def weighted_correlation(x, y, weight):
        x = x - np.average(x, weights=weight)
        y = y - np.average(y, weights=weight)
        spread = np.average(x * x, weights=weight) * np.average(y * y, weights=weight)
        return float(np.average(x * y, weights=weight) / np.sqrt(spread)) if spread > 0 else 0.0

    table = pd.read_pickle(merged.path).dropna(subset=["Target"])
    start = int(pd.Timestamp(validation_start, tz="UTC").timestamp())
    table = table[table["timestamp"] >= start].copy()
    if table.empty:
        raise ValueError(f"no bar with a target since {validation_start}")
    booster = lgb.Booster(model_file=model.path)
    table["prediction"] = booster.predict(table[booster.feature_name()])

    error = float(np.sqrt(np.mean((table["prediction"] - table["Target"]) ** 2)))
    baseline = float(np.sqrt(np.mean(table["Target"] ** 2)))
    correlation = weighted_correlation(table["prediction"], table["Target"], table["Weight"])
    metrics.log_metric("root-mean-squared-error", error)
    metrics.log_metric("weighted-correlation", correlation)
    print(f"root-mean-squared-error {error:.6f} (of no forecast: {baseline:.6f})")
    print(f"weighted-correlation {correlation:.4f} over {len(table)} rows")

    def bars(pairs, digits):
        top = max((abs(value) for _, value in pairs), default=0.0) or 1.0
        lines = []
        for name, value in pairs:
            width = 100 * abs(value) / top
            colour = "#3b7dd8" if value >= 0 else "#d8603b"
            bar = f'<div style="background:{colour};height:12px;width:{width:.1f}%"></div>'
            text = f"<td>{html.escape(name)}</td><td align=right>{value:.{digits}f}</td>"
            lines.append(f'<tr>{text}<td style="width:320px">{bar}</td></tr>')
        return "<table>" + "".join(lines) + "</table>"

    by_asset = [
        (f"asset {asset}", weighted_correlation(part["prediction"], part["Target"], part["Weight"]))
        for asset, part in table.groupby("Asset_ID")
    ]
    gains = zip(booster.feature_name(), booster.feature_importance("gain"))
    strongest = sorted(gains, key=lambda pair: -pair[1])[:15]
    total = booster.feature_importance("gain").sum() or 1.0
    page = f"""<!doctype html>
<html><head><meta charset="utf-8"><title>Crypto forecasting</title></head>
<body style="font-family:sans-serif;max-width:46em;margin:2em auto">
<h1>Crypto forecasting</h1>
<p>{len(table)} bars since {html.escape(validation_start)}, {len(by_asset)} assets.</p>
<table><tr><td>root-mean-squared-error</td><td><b>{error:.6f}</b></td></tr>
<tr><td>root-mean-squared-error of no forecast</td><td>{baseline:.6f}</td></tr>
<tr><td>weighted-correlation</td><td><b>{correlation:.4f}</b></td></tr></table>
<h2>Correlation by asset</h2>{bars(by_asset, 3)}
<h2>What the model looks at (share of gain)</h2>{bars([(n, 100 * g / total) for n, g in strongest], 1)}
</body></html>
"""
    with open(report.path, "w") as file:
        file.write(page)


class Results(NamedTuple):
    metrics: Metrics
    report: HTML


@dsl.pipeline(
    name="crypto-forecasting",
    description="Forecasts 15 minute returns of 14 crypto assets with LightGBM.",
)
def crypto_forecasting(
    dataset: str = "g-research-crypto-forecasting",
    data_path: str = "/mnt",
) -> Results:
    """Downloads or makes data, builds features, trains and evaluates a model.

    Args:
        dataset: Name of the Kaggle competition, and of the zip in `data_path`.
        data_path: Folder where a zip that is already there is taken from.
    """
    downloaded = download_data(dataset=dataset, data_path=data_path)
    loaded = load_data(
        train=downloaded.outputs["train"],
        asset_details=downloaded.outputs["asset_details"],
    )
    engineered = feature_engineering(bars=loaded.outputs["bars"])
    merged = merge_asset_features(
        features=engineered.outputs["features"],
        assets=loaded.outputs["assets"],
    )
    trained = modelling(merged=merged.outputs["merged"])
    evaluated = evaluation(merged=merged.outputs["merged"], model=trained.outputs["model"])
    return Results(metrics=evaluated.outputs["metrics"], report=evaluated.outputs["report"])


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_suffix(".yaml")
    compiler.Compiler().compile(crypto_forecasting, str(target))
    print(target)

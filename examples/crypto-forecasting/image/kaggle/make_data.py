"""Makes a zip like that of the G-Research crypto forecasting competition.

Minute bars of 14 assets in four spells, always the same; needs nothing but Python.
Their drifts last for half an hour or so, which is what a model can learn.

    python3 make_data.py TARGET.zip
"""

import csv
import datetime
import io
import math
import random
import sys
import zipfile

# Asset_ID, Weight, Asset_Name, price, in the order of the real file.
ASSETS = [
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
COLUMNS = ["timestamp", "Asset_ID", "Count", "Open", "High", "Low", "Close", "Volume", "VWAP", "Target"]
# One spell before 2020, two to learn from, one after 2021-05-01 to validate on.
SPELLS = [((2019, 12, 30), 240), ((2020, 6, 1), 700), ((2021, 2, 1), 700), ((2021, 6, 1), 500)]
AHEAD = 15


def spell(dice, day, minutes):
    """Returns the bars of one spell, by minute and asset."""
    start = int(datetime.datetime(*day, tzinfo=datetime.timezone.utc).timestamp())
    market = [0.0006 * dice.gauss(0, 1) for _ in range(minutes)]
    paths = []
    for _, _, _, _ in ASSETS:
        beta, drift, log_price, path = dice.uniform(0.7, 1.3), 0.0, 0.0, []
        for minute in range(minutes):
            drift = 0.97 * drift + 0.00009 * dice.gauss(0, 1)
            step = beta * market[minute] + drift + 0.0011 * dice.gauss(0, 1)
            log_price += step
            path.append((log_price, step))
        paths.append(path)
    total = sum(weight for _, weight, _, _ in ASSETS)
    for minute in range(minutes):
        ahead = None
        if minute + AHEAD + 1 < minutes:
            ahead = [path[minute + AHEAD + 1][0] - path[minute + 1][0] for path in paths]
            whole = sum(value * asset[1] for value, asset in zip(ahead, ASSETS)) / total
        for number, (asset, weight, _, price) in enumerate(ASSETS):
            if dice.random() < 0.002:
                continue
            log_price, step = paths[number][minute]
            close = price * math.exp(log_price)
            opened = close * math.exp(-step)
            high = max(opened, close) * (1 + 0.0004 * dice.expovariate(1) + 1e-6)
            low = min(opened, close) * (1 - 0.0004 * dice.expovariate(1) - 1e-6)
            trades = float(1 + int(dice.expovariate(1 / (40 * weight))))
            volume = trades * dice.gammavariate(2.0, 500.0 / price)
            vwap = "" if dice.random() < 0.0005 else f"{(high + low + close) / 3:.10g}"
            target = "" if ahead is None else f"{ahead[number] - whole:.10g}"
            bar = [f"{value:.10g}" for value in (trades, opened, high, low, close, volume)]
            yield [start + 60 * minute, asset, *bar, vwap, target]


def write(target):
    dice = random.Random(14)
    train, details = io.StringIO(), io.StringIO()
    writer = csv.writer(train, lineterminator="\n")
    writer.writerow(COLUMNS)
    for day, minutes in SPELLS:
        writer.writerows(spell(dice, day, minutes))
    writer = csv.writer(details, lineterminator="\n")
    writer.writerow(["Asset_ID", "Weight", "Asset_Name"])
    writer.writerows(asset[:3] for asset in ASSETS)
    with zipfile.ZipFile(target, "w") as archive:
        for name, table in (("train.csv", train), ("asset_details.csv", details)):
            member = zipfile.ZipInfo(name, (2021, 11, 2, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, table.getvalue())


if __name__ == "__main__":
    write(sys.argv[1])

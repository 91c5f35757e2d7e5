"""Stands in for `talib`: the two indicators that the published pipeline asks for, as Wilder defined them.

The wheels of `talib-binary` end with Python 3.7; this needs numpy and pandas of any version.
"""

import numpy as np
import pandas as pd


def _wilder(values, period):
    """Returns the mean of the first values, then each further one smoothed in; nothing before."""
    smooth = np.full(len(values), np.nan)
    if period < 1 or len(values) < period:
        return smooth
    smooth[period - 1] = values[:period].mean()
    for index in range(period, len(values)):
        smooth[index] = (smooth[index - 1] * (period - 1) + values[index]) / period
    return smooth


def _as_given(given, values):
    """Returns a series where a series was given; the first bar has no value."""
    values = np.concatenate([np.full(len(given) - len(values), np.nan), values])
    return pd.Series(values, index=given.index) if isinstance(given, pd.Series) else values


def RSI(close, timeperiod=14):
    """Returns the relative strength index, from 0 to 100."""
    change = np.diff(np.asarray(close, dtype=float))
    gain = _wilder(np.clip(change, 0, None), timeperiod)
    loss = _wilder(np.clip(-change, 0, None), timeperiod)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.where(gain + loss == 0, 0.0, 100 * gain / (gain + loss))
    return _as_given(close, np.where(np.isnan(gain), np.nan, strength))


def ATR(high, low, close, timeperiod=14):
    """Returns the average true range."""
    highs, lows, closes = (np.asarray(series, dtype=float) for series in (high, low, close))
    before = closes[:-1]
    ranges = np.maximum(highs[1:], before) - np.minimum(lows[1:], before)
    return _as_given(close, _wilder(ranges, timeperiod))

"""Log scales, and the robust moving median with its spread.

Catches run over five orders of size and are analysed on a log scale; nights are the largest source of variance
(Rothamsted, Williams). The mean of logs is a geometric type of mean: label it "typical", never "average".
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lighttrap.agronomy import valid
from lighttrap.agronomy.defaults import MedianSettings
from lighttrap.agronomy.valid import Floats

_DEFAULT = MedianSettings()
MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""


def to_log(catch: Floats) -> Floats:
    """The log y = ln(1 + c), for averages and trends; c in insects per trap per night, NaN stays."""
    return np.log1p(catch)


def from_log(y: Floats) -> Floats:
    """The catch c = e^y - 1, back from `to_log`."""
    return np.expm1(y)


def to_log10(catch: Floats) -> Floats:
    """The log y = log10(1 + c), for charts and peaks; NaN stays."""
    return np.log10(1.0 + catch)


def typical(catch: Floats, at_least: int = 1) -> Floats:
    """Typical catch of the last axis: expm1(mean(log1p(c))) over the valid nights, insects per trap per night."""
    return from_log(valid.mean(to_log(catch), at_least))


def windows(catch: Floats, before: int, after: int = 0) -> Floats:
    """For each night t the values t-before … t+after, NaN beyond the ends; shape (..., nights, before + 1 + after)."""
    if catch.shape[-1] == 0:
        return np.empty((*catch.shape, before + 1 + after))
    padding = [(0, 0)] * (catch.ndim - 1) + [(before, after)]
    padded = np.pad(np.asarray(catch, np.float64), padding, constant_values=np.nan)
    return sliding_window_view(padded, before + 1 + after, axis=-1)


def trailing_median(catch: Floats, settings: MedianSettings = _DEFAULT) -> Floats:
    """m_t = median of the valid c in t-6 … t, at least 4 valid, else NaN (assumed). Knows no future: fit for alerts."""
    return valid.median(windows(catch, settings.trailing_nights - 1), settings.min_valid)


def centred_median(catch: Floats, settings: MedianSettings = _DEFAULT) -> Floats:
    """m_t = median of the valid c in t-3 … t+3, at least 4 valid, else NaN (assumed). For charts only."""
    half = settings.centred_nights // 2
    return valid.median(windows(catch, half, settings.centred_nights - 1 - half), settings.min_valid)


def trailing_spread(values: Floats, settings: MedianSettings = _DEFAULT) -> Floats:
    """1.4826 · median |y - median y| in t-6 … t, in the unit of `values` (logs, as a rule); at least 4 valid.

    With many zeros the median is 0 and so is the spread: 0 here means "mostly the same", not "certain".
    """
    seen = windows(values, settings.trailing_nights - 1)
    away = np.abs(seen - valid.median(seen)[..., None])
    return MAD_TO_SIGMA * valid.median(away, settings.min_valid)

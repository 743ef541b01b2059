# SPDX-License-Identifier: BSD-3-Clause
"""Averages over the films of a sweep, with their errors. Floor 0.

Pure functions of arrays: films along the first axis, nan where a film has no value.
"""

from __future__ import annotations

import numpy as np

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""tuple of float: which quantiles a summary holds."""

STATISTICS = (
    "mean", "standard_error", "low", "high", "n", "standard_deviation", *(f"q{100 * q:02.0f}" for q in QUANTILES)
)
"""tuple of str: names of the statistics along the first axis of a summary."""


def summarize(values: np.ndarray, weights: np.ndarray, confidence: float) -> np.ndarray:
    """Mean over films with standard error, confidence interval, spread and quantiles.

    Parameters
    ----------
    values : float64, shape (n_films, ...)
        nan where a film has none: it then does not count there.
    weights : float64, shape (n_films,)
        What each film stands for; films of weight 0 are left out.
    confidence : float
        Level of the interval, such as 0.95.

    Returns
    -------
    summary : float64, shape (n_statistics, ...)
        In the order of `STATISTICS`. nan where there are too few films: none for the mean, one for the errors.

    Notes
    -----
    With weights w that sum to 1 over the n films that have a value, the mean is m = sum w x; its standard error
    SE^2 = n / (n - 1) sum w^2 (x - m)^2, which is s^2 / n where all weights are equal; the interval is m -+ t SE with
    the quantile t of Student's distribution with n - 1 degrees of freedom. The variance of the films is
    s^2 = n / (n - 1) sum w (x - m)^2. Quantiles invert the distribution function with linear interpolation between the
    middles of the weights (Hyndman and Fan's definition 5 where all weights are equal).

    References
    ----------
    Student, Biometrika 6, 1 (1908), doi:10.1093/biomet/6.1.1.
    Hyndman, Fan, Am. Stat. 50, 361 (1996), doi:10.1080/00031305.1996.10473566.
    """
    from scipy.special import stdtrit

    values, weights = values[weights > 0.0], weights[weights > 0.0]
    has_value = np.isfinite(values)
    shares = np.where(has_value, weights.reshape(-1, *(1,) * (values.ndim - 1)), 0.0)
    filled = np.where(has_value, values, 0.0)
    n = has_value.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = shares / shares.sum(axis=0)
        mean = np.where(n > 0, (shares * filled).sum(axis=0), np.nan)
        deviation = np.where(has_value, filled - mean, 0.0)
        unbiased = np.where(n > 1, n / (n - 1.0), np.nan)
        error = np.sqrt(unbiased * (shares**2 * deviation**2).sum(axis=0))
        spread = np.sqrt(unbiased * (shares * deviation**2).sum(axis=0))
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + 0.5 * confidence) * error
    return np.stack([mean, error, mean - half, mean + half, n.astype(float), spread, *_quantiles(values, shares)])


def _quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles, shape (n_quantiles, ...), of values whose shares sum to 1 where there is any."""
    found = np.full((len(QUANTILES), *values.shape[1:]), np.nan)
    if len(values) == 0:
        return found
    has_value = np.isfinite(values)
    order = np.argsort(np.where(has_value, values, np.inf), axis=0, kind="stable")
    ordered, weight = (np.take_along_axis(each, order, axis=0) for each in (values, shares))
    middles = np.cumsum(weight, axis=0) - 0.5 * weight
    last = np.maximum(has_value.sum(axis=0) - 1, 0)
    for number, wanted in enumerate(QUANTILES):
        below = ((middles <= wanted) & np.take_along_axis(has_value, order, axis=0)).sum(axis=0) - 1
        below = np.clip(below, 0, last)[None]
        above = np.minimum(below + 1, last[None])
        low, high = (np.take_along_axis(middles, each, axis=0)[0] for each in (below, above))
        share = np.divide(wanted - low, high - low, out=np.zeros_like(low), where=high > low).clip(0.0, 1.0)
        first, second = (np.take_along_axis(ordered, each, axis=0)[0] for each in (below, above))
        found[number] = np.where(has_value.any(axis=0), first + share * (second - first), np.nan)
    return found

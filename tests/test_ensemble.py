# SPDX-License-Identifier: BSD-3-Clause
"""Statistics over films against closed forms."""

import numpy as np
import pytest

from kmc.ensemble import QUANTILES, STATISTICS, summarize


def of(values, weights=None, confidence=0.95):
    values = np.asarray(values, dtype=float)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    return dict(zip(STATISTICS, summarize(values, weights, confidence), strict=True))


def test_interval_is_that_of_student():
    found = of([1, 2, 3, 4, 5])
    assert found["mean"] == 3.0
    assert found["standard_error"] == pytest.approx(np.sqrt(2.5 / 5))
    # the 97.5 % quantile of t with 4 degrees of freedom is 2.776445
    assert found["high"] - 3.0 == pytest.approx(2.776445 * np.sqrt(0.5), rel=1e-6)
    assert found["standard_deviation"] == pytest.approx(np.sqrt(2.5))
    assert found["n"] == 5


def test_interval_covers_the_mean_as_often_as_it_says():
    # 4000 ensembles of 6 normal films: the share covered has a standard deviation of 0.0047 around 0.9;
    # the tolerance of 4 of them gives a false alarm in 1 of 16 000 seeds.
    films = np.random.default_rng(7).normal(2.0, 3.0, (6, 4000))
    found = of(films, confidence=0.9)
    covered = ((found["low"] < 2.0) & (2.0 < found["high"])).mean()
    assert covered == pytest.approx(0.9, abs=4 * 0.0047)


def test_missing_values_do_not_count():
    films = np.random.default_rng(1).normal(size=(9, 3, 2))
    films[2, 1, 0] = films[4] = np.nan
    found = of(films)
    assert found["n"][1, 0] == 7
    assert found["n"][0, 0] == 8
    np.testing.assert_allclose(found["mean"], np.nanmean(films, axis=0))
    np.testing.assert_allclose(found["standard_deviation"], np.nanstd(films, axis=0, ddof=1))


def test_weights_that_are_equal_change_nothing():
    films = np.random.default_rng(2).normal(size=(8, 5))
    for name, value in of(films).items():
        np.testing.assert_allclose(of(films, np.full(8, 0.125))[name], value, err_msg=name)


def test_films_of_weight_zero_are_left_out():
    found = of([1.0, 2.0, 50.0], [1, 1, 0])
    assert found["mean"] == 1.5
    assert found["n"] == 2
    assert found["q95"] == 2.0


def test_mean_follows_the_weights():
    assert of([1.0, 4.0], [3, 1])["mean"] == pytest.approx(1.75)


@pytest.mark.parametrize("number", range(len(QUANTILES)))
def test_quantiles_are_those_of_definition_5(number):
    films = np.random.default_rng(3).normal(size=(21, 4))
    films[3, 2] = np.nan
    found = summarize(films, np.ones(21), 0.95)[STATISTICS.index("q05") + number]
    np.testing.assert_allclose(found, np.nanquantile(films, QUANTILES[number], axis=0, method="hazen"))


def test_too_few_films_give_no_error_and_none_no_mean():
    alone, nobody = of([1.0, np.nan]), of([np.nan, np.nan])
    assert alone["mean"] == alone["q05"] == 1.0
    assert np.isnan(alone["standard_error"])
    assert np.isnan(alone["low"])
    assert nobody["n"] == 0
    assert np.isnan(nobody["mean"])
    assert np.isnan(of([])["mean"])

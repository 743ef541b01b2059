# SPDX-License-Identifier: BSD-3-Clause
"""Sobol indices against functions whose indices are known."""

import csv
import math
import sys

import numpy as np
import pytest
from sweep_decks import written

import kmc
from kmc.cli import main
from kmc.deck_sweep import SampleDeck
from kmc.errors import KmcError
from kmc.sobol import NOISE, indices, order_of
from kmc.sweep_plan import shares_of


def draws(size, n_factors, seed=1):
    sample = SampleDeck.model_construct(method="saltelli", size=size, seed=None, values=None, ranges={})
    return shares_of(sample, n_factors, seed).reshape(size, n_factors + 3, n_factors)


def ishigami(shares, a=7.0, b=0.1):
    """Ishigami and Homma, 1990: sin x1 + a sin^2 x2 + b x3^4 sin x1 with x uniform in -pi .. pi."""
    x = math.pi * (2 * shares - 1)
    return np.sin(x[..., 0]) + a * np.sin(x[..., 1]) ** 2 + b * x[..., 2] ** 4 * np.sin(x[..., 0])


# Variances of the terms: x1 alone, x2 alone, x1 and x3 together.
ALONE_1 = 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2
ALONE_2 = 7.0**2 / 8
BOTH = 0.1**2 * math.pi**8 * (1 / 18 - 1 / 50)
VARIANCE = ALONE_1 + ALONE_2 + BOTH
FIRST = np.array([ALONE_1, ALONE_2, 0.0]) / VARIANCE
TOTAL = np.array([ALONE_1 + BOTH, ALONE_2, BOTH]) / VARIANCE


def test_indices_of_the_ishigami_function_are_found():
    # 2048 rows of a scrambled Sobol sequence: the bootstrap says errors of 0.05 and less, the tolerance
    found = indices(ishigami(draws(2048, 3)), ["x1", "x2", "x3"], n_resamples=50)
    np.testing.assert_allclose(found.film_first_order[:3, 0], FIRST, atol=0.05)
    np.testing.assert_allclose(found.film_total[:3, 0], TOTAL, atol=0.05)
    assert found.total[3, 0] == 0.0
    assert found.n_rows == 2048
    assert found.factors == ("x1", "x2", "x3", NOISE)
    assert order_of(found) == [0, 1, 2, 3]


def test_noise_has_an_index_of_its_own_and_those_of_the_expected_film_are_free_from_it():
    # noise as large as the signal: without the correction the totals would be off by up to 0.28
    values = ishigami(draws(4096, 3))
    noisy = values + np.random.default_rng(4).normal(0.0, math.sqrt(VARIANCE), values.shape)
    found = indices(noisy, ["x1", "x2", "x3"], n_resamples=50)
    assert found.total[3, 0] == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(found.total[:3, 0], 0.5 * TOTAL + 0.5, atol=0.06)
    np.testing.assert_allclose(found.film_total[:3, 0], TOTAL, atol=0.1)
    np.testing.assert_allclose(found.film_first_order[:3, 0], FIRST, atol=0.1)


def test_intervals_cover_the_indices_as_often_as_they_say():
    # 40 designs of 128 rows with 2 factors of an additive function: 80 intervals of 90 % miss 8 on average if the
    # estimates are independent. Rows of a Sobol sequence are more even than the resampled ones, so fewer; more than 17
    # would happen by chance in 1 of 1000 cases.
    missed = 0
    generator = np.random.default_rng(1)
    for seed in range(40):
        shares = draws(128, 2, seed)
        values = shares[..., 0] + 2.0 * shares[..., 1] + generator.normal(0.0, 0.3, shares.shape[:2])
        found = indices(values, ["a", "b"], confidence=0.9, n_resamples=200)
        missed += (np.abs(found.film_total[:2, 0] - [0.2, 0.8]) > found.film_total[:2, 1]).sum()
    assert missed <= 17


def test_rows_with_a_missing_film_are_left_out():
    values = ishigami(draws(512, 3))
    values[5, 2] = values[9] = np.nan
    found = indices(values, ["x1", "x2", "x3"], n_resamples=20)
    assert found.n_rows == 510
    assert np.isfinite(found.film_total[:3]).all()
    with pytest.raises(KmcError, match="3 of 512 rows of the sample have all films; 4 are needed"):
        indices(np.where(np.arange(512)[:, None] < 3, values, np.nan), ["x1", "x2", "x3"])


def test_output_that_does_not_vary_has_no_indices():
    assert np.isnan(indices(np.ones((8, 5)), ["a", "b"]).film_total).all()


SWEEP = "{sample: {method: saltelli, size: 4}, keep-films: false}"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sobol")
    return kmc.sweep(written(directory, SWEEP), directory=directory / "sweep").path


def test_table_and_picture_are_written(swept, tmp_path):
    assert main(["sensitivity", str(swept), "-o", str(tmp_path), "--of", "thickness"]) == 0
    assert (tmp_path / "sensitivity.png").stat().st_size > 10_000
    with (tmp_path / "sensitivity.csv").open() as file:
        rows = list(csv.DictReader(file))
    drawn = {f"processes.{name}.rate.rate-constant" for name in ("in", "out")}
    assert {row["factor"] for row in rows} == drawn | {NOISE}
    assert rows[-1]["factor"] == NOISE
    assert [row["rows"] for row in rows] == ["4"] * 3


def test_field_that_is_not_there_is_named(swept):
    with pytest.raises(KmcError, match="no 'thicknes' at the end of the films, did you mean 'thickness'"):
        kmc.sensitivity(swept, ["thicknes"])


def test_sweep_with_another_sample_has_no_indices(tmp_path):
    run = kmc.sweep(written(tmp_path, "{sample: {size: 2}}"), directory=tmp_path / "sweep")
    with pytest.raises(KmcError, match=r"Sobol indices need a sweep with .* not 'latin-hypercube'"):
        kmc.sensitivity(run.path)


def test_salib_is_asked_for_where_it_is_missing(swept, monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.analyze", None)
    with pytest.raises(KmcError, match=r"pip install 'sei-kmc\[sensitivity\]'"):
        kmc.sensitivity(swept)


@pytest.mark.verify
def test_indices_of_a_langmuir_layer_are_those_of_its_closed_form(tmp_path):
    """Coverage k / (k + d) (1 - exp(-(k + d) t)) of 3000 sites, k normal, d uniform; indices by quadrature.

    32 rows, 160 films: each index within its interval of 99.9 %, so that one of four fails in 1 of 250 run seeds.
    """
    deck = written(tmp_path, "{sample: {method: saltelli, size: 32}, keep-films: false, confidence: 0.999}")
    run = kmc.sweep(deck, directory=tmp_path / "sweep", overrides={"lattice.size": "[3000, 3]"}, workers=2)
    table = kmc.sensitivity(run.path, ["coverage"]).set_index("factor")
    nodes = (np.arange(400) + 0.5) / 400
    from statistics import NormalDist

    k = np.array([NormalDist(1.0, 0.2).inv_cdf(node) for node in nodes])[:, None]
    d = (0.2 + 0.4 * nodes)[None, :]
    coverage = k / (k + d) * (1.0 - np.exp(-(k + d) * 2.0))
    variance = coverage.var()
    alone = np.array([coverage.mean(axis=1).var(), coverage.mean(axis=0).var()]) / variance
    for name, first, other in zip(("in", "out"), alone, alone[::-1], strict=True):
        row = table.loc[f"processes.{name}.rate.rate-constant"]
        assert row["film_first_order"] == pytest.approx(first, abs=row["film_first_order_error"])
        assert row["film_total"] == pytest.approx(1.0 - other, abs=row["film_total_error"])
    # binomial noise of the sites, averaged over the factors
    noise = (coverage * (1 - coverage)).mean() / 3000
    assert table.loc[NOISE, "total"] == pytest.approx(noise / (variance + noise), abs=table.loc[NOISE, "total_error"])

# SPDX-License-Identifier: BSD-3-Clause
"""Langmuir adsorption in tiles: sites that do not know of each other, so that no window is too long."""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score
from physics.test_langmuir import ADSORPTION, COVERAGE, DESORPTION, PATTERNS, RELAXATION

SHAPE = 5, 20, 20


def langmuir(seed, **options):
    species = np.zeros(SHAPE, dtype=np.uint8)
    return engine_of(PATTERNS, (ADSORPTION, DESORPTION), species, kind="simple cubic", periodic=(True, True, True),
                     seed=seed, tiles={"size": (10, 10), **options})


def test_langmuir_in_tiles_has_the_coverage_and_the_variance_of_independent_sites():
    """2 x 2 tiles in windows of one relaxation time; 1200 samples, five relaxation times apart.

    Mean and variance: |z| < 4.5 (false alarm 7e-6 each).
    """
    engine = langmuir(21, window=RELAXATION)
    n_samples, n_sites = 1200, int(np.prod(SHAPE))
    counts = np.array([np.count_nonzero(run_to(engine, (15 + 5 * i) * RELAXATION)) for i in range(n_samples)])
    variance = n_sites * COVERAGE * (1 - COVERAGE)
    inflation = np.sqrt((1 + np.exp(-5)) / (1 - np.exp(-5)))  # samples are not quite independent
    z_mean = (counts.mean() - n_sites * COVERAGE) / np.sqrt(variance / n_samples) / inflation
    z_var = (counts.var(ddof=1) / variance - 1) / np.sqrt(2 / (n_samples - 1)) / inflation
    print(f"coverage {counts.mean() / n_sites:.5f} ({COVERAGE}), z {z_mean:.2f}; "
          f"variance {counts.var(ddof=1) / n_sites:.4f} ({variance / n_sites}), z {z_var:.2f}")
    assert abs(z_mean) < LIMIT
    assert abs(z_var) < LIMIT


def test_langmuir_in_tiles_reports_no_window_error():
    """Events in windows twice as long are as many; |z| < 4.5 (7e-6). Without a length, windows have no end."""
    engine = langmuir(22, window=RELAXATION)
    engine.run((600, 0.0))
    found, error = (engine.report()[name] for name in ("window_error", "window_error_uncertainty"))
    print(f"window error {found:.4f} +- {error:.4f}")
    assert error < 0.02
    assert abs(found) < LIMIT * error
    endless = langmuir(22)
    endless.run((600, 0.0))
    assert endless.n_windows == 1


@pytest.mark.verify
def test_langmuir_in_tiles_equals_the_exact_engine_over_twenty_seeds():
    """Coverage at five relaxation times, and events: 20 seeds each, |z| < 4.5 (6e-5 by Student)."""
    found = {}
    for in_tiles in (False, True):
        rows = []
        for seed in range(20):
            tiles = {"size": (25, 25), "window": RELAXATION, "probes": False} if in_tiles else None
            engine = engine_of(PATTERNS, (ADSORPTION, DESORPTION), np.zeros((20, 100, 100), dtype=np.uint8),
                               kind="simple cubic", periodic=(True, True, True), seed=500 + seed, tiles=tiles)
            rows.append((run_to(engine, 5 * RELAXATION).mean(), engine.event_count.sum()))
        found[in_tiles] = np.array(rows, dtype=float)
    exact = COVERAGE * (1 - np.exp(-5))
    for name, k in (("coverage", 0), ("events", 1)):
        one, many = found[False][:, k], found[True][:, k]
        z = (many.mean() - one.mean()) / np.sqrt((one.var(ddof=1) + many.var(ddof=1)) / 20)
        print(f"{name}: one piece {one.mean():.6g}, tiles {many.mean():.6g}, z {z:.2f}")
        assert abs(z) < LIMIT
    print(f"coverage against the exact value: z {z_score(found[True][:, 0], exact):.2f}")
    assert abs(z_score(found[True][:, 0], exact)) < 6.0  # 20 samples give the error: 9e-6 by Student

# SPDX-License-Identifier: BSD-3-Clause
"""Langmuir adsorption: independent sites, exact at all times and in its fluctuations."""

import numpy as np
from physics.ensembles import LIMIT, engine_of, run_to

from kmc.patterns import Pattern

ADSORPTION, DESORPTION = 0.5, 1.5
COVERAGE = ADSORPTION / (ADSORPTION + DESORPTION)
RELAXATION = 1 / (ADSORPTION + DESORPTION)
PATTERNS = (Pattern((frozenset({0}),), (1,), ((0, 0, 0),)), Pattern((frozenset({1}),), (0,), ((0, 0, 0),)))


def langmuir(shape, start, seed):
    return engine_of(
        PATTERNS,
        (ADSORPTION, DESORPTION),
        np.full(shape, start, dtype=np.uint8),
        kind="simple cubic",
        periodic=(True, True, True),
        seed=seed,
    )


def test_langmuir_equilibrium_has_the_coverage_and_the_variance_of_independent_sites():
    """theta = K p / (1 + K p), var(N) = n_sites theta (1 - theta).

    1500 samples, five relaxation times apart; both |z| < 4.5 (false alarm 7e-6 each).
    """
    engine = langmuir((10, 10, 20), 0, seed=11)
    n_samples, n_sites = 1500, 2000
    counts = np.array([np.count_nonzero(run_to(engine, (15 + 5 * i) * RELAXATION)) for i in range(n_samples)])
    variance = n_sites * COVERAGE * (1 - COVERAGE)
    inflation = np.sqrt((1 + np.exp(-5)) / (1 - np.exp(-5)))  # samples are not quite independent
    z_mean = (counts.mean() - n_sites * COVERAGE) / np.sqrt(variance / n_samples) / inflation
    z_var = (counts.var(ddof=1) / variance - 1) / np.sqrt(2 / (n_samples - 1)) / inflation
    print(
        f"coverage {counts.mean() / n_sites:.5f} ({COVERAGE}), z {z_mean:.2f}; "
        f"variance {counts.var(ddof=1) / n_sites:.4f} ({variance / n_sites}), z {z_var:.2f}"
    )
    assert abs(z_mean) < LIMIT
    assert abs(z_var) < LIMIT


def test_langmuir_coverage_relaxes_with_the_sum_of_the_rates():
    """Started empty: theta (1 - exp(-t/tau)); started full less started empty: exp(-t/tau); tau = 1/(ka p +
    kd).

    200 000 sites, binomial at every time. Four times and the relaxation time itself: |z| < 4.5 (7e-6 each).
    """
    n_sites, shape = 200_000, (40, 50, 100)
    empty, full = langmuir(shape, 0, seed=12), langmuir(shape, 1, seed=13)
    for time in (0.1, 0.25, 0.5, 1.0):
        low = np.count_nonzero(run_to(empty, time)) / n_sites
        high = np.count_nonzero(run_to(full, time)) / n_sites
        decayed = np.exp(-time / RELAXATION)
        expected_low, expected_high = COVERAGE * (1 - decayed), COVERAGE + (1 - COVERAGE) * decayed
        error_low, error_high = (np.sqrt(p * (1 - p) / n_sites) for p in (expected_low, expected_high))
        z = (low - expected_low) / error_low
        tau = -time / np.log(high - low)
        error_tau = np.hypot(error_low, error_high) / decayed * RELAXATION**2 / time
        z_tau = (tau - RELAXATION) / error_tau
        print(
            f"t {time}: coverage {low:.5f} ({expected_low:.5f}), z {z:.2f}; tau {tau:.4f} ({RELAXATION}), "
            f"z {z_tau:.2f}"
        )
        assert abs(z) < LIMIT
        assert abs(z_tau) < LIMIT

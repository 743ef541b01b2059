# SPDX-License-Identifier: BSD-3-Clause
"""Rates that are twelve decades apart, for a long time: nothing rare is lost and nothing drifts.

Seeds are fixed. The thresholds would raise a false alarm once in a million seeds, test by test.
"""

import cases
import numpy as np
import pytest
from scipy import stats

FALSE_ALARM = 1e-6

N_KINDS = 13
"""int: processes with rate constants 1, 1e-1, ..., 1e-12."""


def crowd():
    """Sites that do nothing but count: the slower a process, the more sites there are for it.

    The rate constants span twelve decades and what they amount to six, so that the rarest is met within 1e8 events.
    """
    n_sites = np.round(10.0 ** (np.arange(N_KINDS) / 2)).astype(int)
    species = np.repeat(np.arange(N_KINDS, dtype=np.uint8), n_sites)
    patterns = tuple(cases.single(i, i) for i in range(N_KINDS))
    rates = 10.0 ** -np.arange(N_KINDS, dtype=float)
    lattice = cases.cubic(1, 1, species.size)
    return cases.Case(lattice, patterns, tuple(rates), species.reshape(1, 1, -1), N_KINDS), n_sites * rates


@pytest.mark.parametrize("n_events", [1_000_000, pytest.param(100_000_000, marks=pytest.mark.verify)])
def test_rare_events_are_as_frequent_as_a_poisson_process_says(n_events):
    case, weights = crowd()
    engine = cases.engine_of(case.parts())
    engine.run(cases.FOREVER, n_events)
    counted = engine.event_count
    assert counted.sum() == n_events
    for kind, share in enumerate(weights / weights.sum()):
        low, high = stats.binom.interval(1 - FALSE_ALARM / N_KINDS, n_events, share)
        assert low <= counted[kind] <= high, (kind, counted[kind], n_events * share)
    # The clock: as many events take a gamma-distributed time.
    low, high = stats.gamma.interval(1 - FALSE_ALARM, n_events, scale=1 / weights.sum())
    assert low < sum(engine.time) < high


def round_trips(n):
    """Sites that go round three states at 0.1, 1e10 and 1: eleven decades in the sum of all rates, again and again."""
    patterns = (cases.single(0, 1), cases.single(1, 2), cases.single(2, 0))
    return cases.Case(cases.cubic(1, 1, n), patterns, (0.1, 1e10, 1.0), np.zeros((1, 1, n), dtype=np.uint8), 3)


@pytest.mark.parametrize("n_events", [1_000_000, pytest.param(300_000_000, marks=pytest.mark.verify)])
def test_weights_from_a_tenth_to_1e10_do_not_drift(n_events):
    """A running sum of such rates loses 1e-6 of a unit with every visit of 1e10 and fails after some million events."""
    n, rates = 1000, np.array([0.1, 1e10, 1.0])
    engine = cases.engine_of(round_trips(n).parts())
    engine.run((100, 0.0))
    begin, before, slow = sum(engine.time), engine.event_count, []
    for _ in range(100):
        engine.run(cases.FOREVER, n_events // 100)
        counts = np.bincount(engine.species, minlength=3)
        assert engine.total_propensity == pytest.approx(float(counts @ rates), rel=1e-12)
        slow.append(counts[0])
    engine.verify()
    trips = engine.event_count - before
    assert np.ptp(trips) <= n  # every site is at most one step ahead
    # Each site leaves the slowest state every 11 s on average: a renewal process of two exponentials, 10 s and 1 s.
    expected = n * (sum(engine.time) - begin) / 11.0
    spread = (expected * (10.0**2 + 1.0**2) / 11.0**2) ** 0.5
    assert abs(trips[0] - expected) < stats.norm.isf(FALSE_ALARM / 2) * spread + n**0.5
    assert abs(np.mean(slow) / n - 10 / 11) < 0.01

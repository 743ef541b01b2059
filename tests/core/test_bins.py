# SPDX-License-Identifier: BSD-3-Clause
"""SiteGroups hold every site that can start something, and their weights never drift."""

import cases
import numpy as np
import pytest
from kmc_core.bins import SiteGroups
from kmc_core.verification import structures

DECADES = 10.0 ** np.arange(-3, 13)
"""float64: rates from 1e-3 to 1e12 per second."""


def spread(n=200):
    """Switches at 16 rates over 15 decades."""
    return cases.switches(n, DECADES[0], DECADES[1], DECADES[2:])


def test_totals_over_fifteen_decades_equal_counts_times_rates_after_two_million_events():
    case = spread()
    engine = cases.engine_of(case.parts())
    engine.run(cases.FOREVER, 2_000_000)
    rates = np.array(case.constants)
    assert engine.total_propensity == pytest.approx(rates[engine.species].sum(), rel=1e-13)
    weight = structures(engine)["weight"][: engine.groups.n_groups]
    assert weight.tolist() == (engine.groups.bounds * engine.groups.lengths).tolist()
    engine.verify()


def test_slow_processes_keep_their_rate_after_fast_ones_have_died_out():
    """A running sum would be left with a remainder of 1e12 that swamps what is as slow as 1e-3."""
    patterns = (cases.single(0, 1), cases.single(2, 3))
    species = np.repeat([0, 2], [50_000, 1000]).astype(np.uint8).reshape(1, 1, -1)
    case = cases.Case(cases.cubic(1, 1, species.size), patterns, (1e12, 1e-3), species, 4)
    engine = cases.engine_of(case.parts())
    engine.run((0, 1e-9))
    assert engine.event_count.tolist() == [50_000, 0]
    assert engine.total_propensity == pytest.approx(1.0, rel=1e-12)
    engine.run(cases.FOREVER, 900)
    mean = sum(1.0 / (1e-3 * n) for n in range(101, 1001))
    spread = sum(1.0 / (1e-3 * n) ** 2 for n in range(101, 1001)) ** 0.5
    assert abs(sum(engine.time) - mean) < 5 * spread
    engine.run(cases.FOREVER)
    assert engine.event_count.tolist() == [50_000, 1000]
    engine.verify()


def test_groups_are_opened_for_any_rate_that_a_double_can_hold():
    rates = [5e-324, 1e-300, 1.0, 1e300, 1.7e308]
    patterns = tuple(cases.single(i, i) for i in range(5))
    species = np.arange(5, dtype=np.uint8).reshape(1, 1, 5)
    engine = cases.engine_of(cases.Case(cases.cubic(1, 1, 5), patterns, tuple(rates), species, 5).parts())
    assert sorted(engine.groups.bounds) == rates
    engine.run(cases.FOREVER, 10)
    engine.verify()


def test_lists_grow_and_compact_without_losing_a_site():
    """Adsorption fills one list after the other, each far beyond its first 64 places."""
    case = cases.rd3d((20, 20, 20))
    species = np.zeros((20, 20, 20), dtype=np.uint8)
    patterns = (cases.single(0, 1), cases.single(1, 2), cases.single(2, 0))
    engine = cases.engine_of(cases.Case(case.lattice, patterns, (1.0, 100.0, 1e4), species, 3).parts())
    for factor in (1.0, 1e-2, 1e-4, 1e-6):
        engine.set_rates(np.array([1.0, 100.0 * factor, 1e4 * factor]))
        engine.run(cases.FOREVER, 12_000)
        engine.verify()
        listed = np.concatenate([engine.groups.sites(g) for g in range(engine.groups.n_groups)])
        assert np.array_equal(np.sort(listed), np.arange(8000))


def test_each_candidate_is_accepted_at_least_every_other_time():
    engine = cases.engine_of(cases.rd3d((10, 10, 10)).parts())
    engine.run(cases.FOREVER, 50_000)
    assert engine.n_candidates < 2 * engine.n_events


def test_cleared_groups_return_what_they_held():
    groups = SiteGroups(10, 4)
    assert groups.clear().tolist() == []
    assert (groups.n_groups, groups.pool_used) == (0, 0)

# SPDX-License-Identifier: BSD-3-Clause
"""Where a bound on energy changes is easily too low or too high: rates of zero, neutral anchors, levels, restarts."""

from dataclasses import replace

import cases
import numpy as np
import pytest
from expansions import EMPTY, KT, A, B, interactions_of

from kmc.lattice import Lattice
from kmc.patterns import Pattern
from kmc.tables import DECAY_QUANTUM, build_rules
from kmc_core import Engine, restore, snapshot

LATTICE = Lattice("square", 1e-9, (15, 1, 17), (True, False, True))
FAR_PAIRS = (((A, A), ((0, 0, 0), (2, 0, 0)), 60_000_000), ((A, A), ((0, 0, 0), (0, 0, 2)), 60_000_000))


def surface(patterns, rates, lines, n_species=2, seed=1, lattice=LATTICE, clusters=FAR_PAIRS, species=None, **given):
    """An engine of a surface, by default one that is filled by half at random."""
    rules = replace(build_rules(patterns, n_species, lattice), rates=np.array(rates, dtype=float))
    if species is None:
        species = np.random.default_rng(0).choice(2, size=lattice.shape).astype(np.uint8)
    return Engine(species, lattice.periodic, rules, cases.bits(seed),
                  interactions=interactions_of(clusters, lines), **given)


def test_a_process_of_rate_zero_takes_nothing_from_the_others():
    def time_of_2000_events(rate):
        patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), cases.single(A, B))
        engine = surface(patterns, [1.0, 1.0, rate], [[(0.5, 0.0)]] * 3, n_species=3)
        engine.run(cases.FOREVER, 2000)
        engine.verify()
        assert engine.n_events == 2000
        return sum(engine.time)

    zero, nearly = time_of_2000_events(0.0), time_of_2000_events(1e-300)
    # The spread of a sum of 2000 waits is a 45th of it; false alarms one in 1e6.
    assert abs(zero / nearly - 1.0) < 5.0 * np.sqrt(2.0 / 2000)


@pytest.mark.parametrize("pattern", [cases.pair(EMPTY, A, B, EMPTY), cases.pair(A, EMPTY, EMPTY, B)])
def test_the_anchor_of_a_pair_may_change_without_energy(pattern):
    patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), pattern, cases.single(B, EMPTY))
    engine = surface(patterns, [1.0, 1.0, 1.0, 1.0], [[(0.5, 0.0)]] * 4, n_species=3)
    for _ in range(100):
        engine.run(cases.FOREVER, 3)
        engine.verify()


def test_what_the_two_sites_of_a_rule_share_may_fall_alone():
    """Neighbours attract each other as much as three in a row repel.

    Who comes two sites away from another one changes nothing for either site of its hop alone, but all for both.
    """
    clusters = (((A, A), ((0, 0, 0), (0, 0, 1)), -100_000_000),
                ((A, A, A), ((0, 0, 0), (0, 0, 1), (0, 0, 2)), 100_000_000))  # fmt: skip
    patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), cases.pair(A, EMPTY, EMPTY, A))
    engine = surface(patterns, [1.0, 1.0, 0.5], [[], [], [(0.5, 0.0)]], clusters=clusters)
    for _ in range(100):
        engine.run(cases.FOREVER, 2)
        engine.verify()


@pytest.mark.parametrize("tunnels", [False, True])
def test_rates_follow_levels_of_electrons_and_energies_in_the_same_event(tunnels):
    def single(before, after):
        return Pattern((frozenset({before}),), (after,), ((0, 0, 0),), tunnels=tunnels)

    walled = Lattice("square", 1e-9, (15, 1, 17), (False, False, True))
    decay = np.array([round(each / DECAY_QUANTUM) for each in (0.001, 0.05, 0.0)], dtype=np.int64)
    engine = surface((single(EMPTY, A), single(A, EMPTY)), [1.0, 1.0], [[(0.5, 0.0)]] * 2, lattice=walled,
                     decay=decay, quantum=DECAY_QUANTUM, cutoff=round(46 / DECAY_QUANTUM))
    for _ in range(100):
        engine.run(cases.FOREVER, 3)
        engine.verify()


def test_a_restored_surface_goes_on_to_the_same_bits():
    clusters = (((A, A), ((0, 0, 0), (0, 0, 1)), 60_000_000), ((A, A), ((0, 0, 0), (1, 0, 0)), 60_000_000),
                ((A, A), ((0, 0, 0), (2, 0, 0)), -30_000_000))
    patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), cases.pair(A, EMPTY, EMPTY, A))
    lines = ([], [(0.5, 0.0)], [(0.9, 0.0)])
    for n_events in range(100, 1100, 100):
        engine = surface(patterns, [1.0] * 3, lines, clusters=clusters, seed=n_events)
        engine.run(cases.FOREVER, n_events)
        other = surface(patterns, [1.0] * 3, lines, clusters=clusters, seed=5,
                        species=np.asarray(engine.species).reshape(LATTICE.shape))
        restore(other, {name: array.copy() for name, array in snapshot(engine).items()})
        for each in (engine, other):
            each.run(cases.FOREVER, 30)
        assert engine.time == other.time
        assert np.array_equal(engine.species, other.species)


def test_a_restored_site_waits_as_long_as_a_fresh_one():
    """A single site that many neighbours make fast, beside a process without lines."""
    bent = Pattern((frozenset({A}), frozenset({EMPTY, A}), frozenset({EMPTY, A})), (EMPTY, EMPTY, EMPTY),
                   ((0, 0, 0), (0, 0, 1), (1, 0, 0)))
    lattice = Lattice("square", 1e-9, (9, 1, 9), (True, False, True))
    clusters = (((A,), ((0, 0, 0),), int(np.log(3.6) * KT / 0.5 * 1e9)), ((A, A), ((0, 0, 0), (0, 0, 3)), 1))
    rules = build_rules((cases.single(B, EMPTY), bent), 3, lattice)
    rules = replace(rules, rates=np.array([1e-3, 1.0]))
    species = np.zeros(lattice.shape, dtype=np.uint8)
    species[4, 0, 4] = A

    def engine(seed):
        return Engine(species, lattice.periodic, rules, cases.bits(seed),
                      interactions=interactions_of(clusters, [[], [(0.5, 0.0)]]))

    rate = sum(each[1] for each in engine(0).rates_at(4 * 9 + 4))
    waits = []
    for seed in range(1, 501):
        other = engine(0)
        restore(other, snapshot(engine(seed)))
        other.run(cases.FOREVER, 1)
        waits.append(sum(other.time))
    assert abs(np.mean(waits) * rate - 1.0) < 5.0 / np.sqrt(len(waits))  # exponential; false alarms one in 1e6

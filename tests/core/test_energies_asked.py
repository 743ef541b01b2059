# SPDX-License-Identifier: BSD-3-Clause
"""Anchors around an event are asked rightly: with and without AVX2, in narrow boxes, with many rules in a class."""

from dataclasses import replace

import cases
import numpy as np
import pytest
from expansions import KT, interactions_of

from kmc.lattice import Lattice
from kmc.tables import build_rules
from kmc_core import Engine

HALF = [(0.5, 0.0)]
PAIRS = (
    ((1, 1), ((0, 0, 0), (0, 0, 1)), 60_000_000),
    ((1, 1), ((0, 0, 0), (1, 0, 0)), -80_000_000),
    ((1,), ((0, 0, 0),), -20_000_000),
)
FAR = [(0, 0, 2), (0, 0, 3), (2, 0, 0), (3, 0, 0), *((z, 0, x) for z in (1, 2) for x in (-2, -1, 1, 2))]
ENERGIES = np.random.default_rng(1).normal(0, 2e7, len(FAR))
WIDER = (*PAIRS, *(((1, 1), ((0, 0, 0), far), int(energy)) for far, energy in zip(FAR, ENERGIES, strict=True)))
"""Clusters around 24 positions: several blocks, with records of 64 bytes."""

COME_GO_AND_HOP = (cases.single(0, 1), cases.single(1, 0), cases.pair(1, 0, 0, 1))
TWO = (
    *(form for a in (1, 2) for form in (cases.single(0, a), cases.single(a, 0), cases.pair(a, 0, 0, a))),
    cases.pair(1, 2, 0, 0),
    cases.pair(1, 2, 2, 1),
)
THREE = (
    *TWO,
    *(cases.single(0, 3), cases.single(3, 0)),
    *(cases.pair(3, 0, 0, 3), cases.pair(3, 1, 1, 3), cases.pair(3, 2, 0, 0)),
)
"""More adsorbates, for which sites have more lanes."""


def mixed(n):
    """Clusters of n adsorbates."""
    kinds = range(1, n + 1)
    unlike = [((a, b), ((0, 0, 0), (0, 0, 1)), 10_000_000 * (a - 3 * b)) for b in kinds[1:] for a in kinds]
    three = [((a,) * 3, ((0, 0, 0), (0, 0, 1), (1, 0, 1)), 7_000_000 * a) for a in kinds]
    return (*WIDER, *unlike, *three)


MANY = (cases.single(0, 1), cases.single(0, 1), *[cases.single(1, 0)] * 7, cases.pair(1, 0, 0, 1))
MANY_RATES = [0.05, 0.05, *[1.0] * 7, 0.9]
SLOPES = (0.5, 0.2, *[0.1] * 7, 1.0)


def gas(shape, patterns, lines, clusters, seed, kt=KT, rates=None):
    """Adsorbates, with rate constants drawn from three decades if none are given."""
    lattice, generator = Lattice("square", 1e-9, shape, (True, False, True)), np.random.default_rng(seed)
    n_species = 1 + max(max(pattern.products) for pattern in patterns)
    rules = build_rules(patterns, n_species, lattice)
    drawn = 10.0 ** generator.uniform(-2, 1, len(rules.rates))
    rules = replace(rules, rates=drawn if rates is None else np.array(rates))
    species = generator.choice(n_species, size=shape).astype(np.uint8)
    return Engine(species, lattice.periodic, rules, cases.bits(seed), interactions=interactions_of(clusters, lines, kt))


CASES = {
    "one line": ((14, 1, 14), COME_GO_AND_HOP, [HALF] * 3, PAIRS),
    "wider": ((14, 1, 14), COME_GO_AND_HOP, [HALF] * 3, WIDER),
    "narrow": ((3, 1, 5), COME_GO_AND_HOP, [HALF] * 3, PAIRS),
    "wider and narrow": ((7, 1, 8), COME_GO_AND_HOP, [HALF] * 3, WIDER),
    "two adsorbates": ((14, 1, 14), TWO, [HALF] * len(TWO), mixed(2)),
    "two adsorbates, narrow": ((7, 1, 8), TWO, [HALF] * len(TWO), mixed(2)),
    "three adsorbates": ((14, 1, 14), THREE, [HALF] * len(THREE), mixed(3)),
    "two lines": ((12, 1, 12), MANY, [[(slope, 0.0)] for slope in SLOPES], WIDER),
}


@pytest.mark.parametrize("name", CASES)
def test_a_machine_without_avx2_goes_the_same_way(name):
    engine, plain = gas(*CASES[name], seed=3), gas(*CASES[name], seed=3)
    plain.lattice.site_rates.ask_plainly()
    for _ in range(5):
        for each in (engine, plain):
            each.run(cases.FOREVER, 300)
        np.testing.assert_array_equal(engine.species, plain.species)
        assert engine.time == plain.time
    plain.verify()


def test_records_of_wider_clusters_have_64_bytes():
    assert gas(*CASES["wider"], seed=1).lattice.energies.rows.strides[0] == 64


@pytest.mark.parametrize(("name", "n_lanes"), [("one line", 8), ("wider", 8), ("two adsorbates", 16)])
def test_loops_that_are_written_out_are_asked_for(name, n_lanes):
    """They know one vector of lanes about the site and its four neighbours."""
    lanes = gas(*CASES[name], seed=1).lattice.energies.lanes
    assert (lanes.n_lanes, lanes.width, len(lanes.posts)) == (n_lanes, n_lanes, 5)


def test_more_adsorbates_need_several_vectors_of_lanes():
    lanes = gas(*CASES["three adsorbates"], seed=1).lattice.energies.lanes
    assert lanes.n_lanes > lanes.width == 16


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(
    ("shape", "clusters"), [((3, 1, 3), PAIRS), ((3, 1, 5), PAIRS), ((7, 1, 7), WIDER), ((7, 1, 8), WIDER)]
)
def test_an_anchor_that_an_event_reaches_on_two_ways_keeps_to_its_bound(shape, clusters, seed):
    engine = gas(shape, COME_GO_AND_HOP, [HALF] * 3, clusters, seed, KT / 2)
    for _ in range(200):
        engine.run(cases.FOREVER, 1)
        engine.verify()


@pytest.mark.parametrize("clusters", [PAIRS, WIDER], ids=["pairs", "wider"])
@pytest.mark.parametrize("size", [9, 14])
def test_all_rules_are_asked_where_there_are_more_than_eight(clusters, size):
    lines = [[(slope, 0.0)] for slope in SLOPES]
    engine = gas((size, 1, size), MANY, lines, clusters, 1, KT / 3, MANY_RATES)
    for _ in range(60):
        engine.run(cases.FOREVER, 1)
        engine.verify()


@pytest.mark.parametrize("name", ["wider", "two adsorbates", "two lines"])
def test_stops_between_candidates_find_all_in_order_and_change_nothing(name):
    """A refused candidate may have changed lists, too: no event follows that would tidy up."""
    engine, cut = gas(*CASES[name], seed=5, kt=2 * KT), gas(*CASES[name], seed=5, kt=2 * KT)
    engine.run(cases.FOREVER, 300)
    for k in range(1, 600):
        share = sum(engine.time) * k / 600
        cut.run((int(share), share % 1.0), 10**9)
        cut.verify()
    cut.run(engine.time, 10**9)
    assert cut.event_count.sum() in (299, 300)  # the last event is at the stop itself
    cut.run(cases.FOREVER, 300 - int(cut.event_count.sum()))
    np.testing.assert_array_equal(cut.species, engine.species)
    assert cut.time == engine.time


def test_interactions_without_sites_are_refused():
    rules = build_rules(COME_GO_AND_HOP, 2, Lattice("square", 1e-9, (4, 1, 4), (True, False, True)))
    energies = interactions_of(PAIRS, [HALF] * 3, KT)
    with pytest.raises(ValueError, match="interactions need a lattice with sites"):
        Engine(np.zeros((0, 1, 5), dtype=np.uint8), (True, False, True), rules, cases.bits(1), interactions=energies)

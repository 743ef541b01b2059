# SPDX-License-Identifier: BSD-3-Clause
"""Energies of a cluster expansion in the core, against sums over the whole lattice."""

from dataclasses import replace
from itertools import product

import cases
import numpy as np
import pytest
from expansions import CLUSTERS, EMPTY, KT, A, B, energy_of, interactions_of
from kmc_core.energies import SiteEnergies
from kmc_core.verification import structures

from kmc.lattice import Lattice
from kmc.patterns import Pattern, symmetry_number
from kmc.tables import build_rules
from kmc_core import Engine, ExitReason

LATTICE = Lattice("square", 1e-9, (5, 1, 6), (True, False, True))
PATTERNS = (
    cases.single(EMPTY, A),
    cases.single(A, EMPTY),
    cases.single(A, B),
    cases.single(B, A),
    cases.pair(A, EMPTY, EMPTY, A),
    cases.pair(B, EMPTY, EMPTY, B),
    cases.pair(A, B, B, A),
)
CONSTANTS = (1.0, 0.7, 0.2, 0.3, 2.0, 1.5, 0.4)
HALF = [(0.5, 0.0)]
LINES = (HALF, HALF, [(0.3, 0.0)], [(0.7, 0.0)], HALF, [*HALF, (1.0, -0.02), (0.0, -0.1)], [])


def gas(seed=1, clusters=CLUSTERS, lines=LINES, species=None):
    """An engine for a gas of two interacting species."""
    species = cases.scattered(LATTICE.shape, (0.3, 0.2)).reshape(LATTICE.shape) if species is None else species
    rules = build_rules(PATTERNS, 3, LATTICE)
    constants = [k / symmetry_number(p, LATTICE) for k, p in zip(CONSTANTS, PATTERNS, strict=True)]
    rules = replace(rules, rates=np.array(constants))
    return Engine(species, LATTICE.periodic, rules, cases.bits(seed), interactions=interactions_of(clusters, lines))


def expected_factor(process, change, lines=LINES):
    """What an energy change [eV] multiplies a rate constant with."""
    return np.exp(-max(b + m * change for m, b in lines[process]) / KT) if lines[process] else 1.0


def test_rates_follow_the_energy_of_the_whole_lattice():
    engine = gas()
    seen = set()
    for _ in range(60):
        engine.run(cases.FOREVER, 7)
        lattice = np.array(engine.species).reshape(LATTICE.shape)
        before = energy_of(lattice, CLUSTERS)
        for site in range(lattice.size):
            for process, rate, places, new in engine.rates_at(site):
                after = lattice.ravel().copy()
                after[list(places)] = new
                change = energy_of(after.reshape(lattice.shape), CLUSTERS) - before
                constant = CONSTANTS[process] / symmetry_number(PATTERNS[process], LATTICE)
                assert rate == pytest.approx(constant * expected_factor(process, change * 1e-9), rel=1e-12)
                seen.add(process)
    assert seen == set(range(len(PATTERNS)))


def test_every_structure_is_what_the_species_imply_after_many_events():
    engine = gas()
    engine.run(cases.FOREVER, 20_000)
    engine.verify()


@pytest.mark.parametrize("name", ["energy_row", "lane", "energy_group", "block_energy", "block_lane", "is_slow",
                                  "rule", "line", "line_rate"])
def test_verify_notices_a_broken(name):
    engine = gas()
    engine.run(cases.FOREVER, 500)
    array = structures(engine)[name]
    array[np.flatnonzero(array.reshape(len(array), -1).any(axis=1))[0]] += 1
    with pytest.raises(AssertionError):
        engine.verify()


@pytest.mark.parametrize("periodic", [(True, False, True), (False, False, True)])
def test_lanes_follow_what_events_do_in_a_wide_box(periodic):
    """In the narrow box of the other tests a boundary is near every site, where lanes are looked at one by one."""
    lattice = Lattice("square", 1e-9, (15, 1, 17), periodic)
    rules = build_rules(PATTERNS, 3, lattice)
    rules = replace(rules, rates=np.resize(CONSTANTS, len(rules.rates)))
    species = cases.scattered(lattice.shape, (0.3, 0.2)).reshape(lattice.shape)
    interactions = interactions_of(CLUSTERS, LINES)
    engine = Engine(species, lattice.periodic, rules, cases.bits(9), interactions=interactions)
    notes, noted = structures(engine)["note"], []
    for _ in range(60):
        engine.run(cases.FOREVER, 5)
        engine.verify()
        noted.append(notes > 1)
    assert np.mean(noted) > 0.3


@pytest.mark.parametrize("thermal", [4 * KT, KT, KT / 4])
@pytest.mark.parametrize("patterns", ["up to two sites", "three sites and two species"])
def test_bounds_hold_after_every_event(patterns, thermal):
    """`verify` works every rate out and compares it with its part of the bound."""
    reactants = (frozenset({A, B}), frozenset({EMPTY}), frozenset({A}))
    bent = Pattern(reactants, (EMPTY, A, B), ((0, 0, 0), (0, 0, 1), (1, 0, 0)))
    chosen, lines = (PATTERNS, LINES) if patterns == "up to two sites" else ((*PATTERNS, bent), (*LINES, [(0.4, 0.01)]))
    rules = build_rules(chosen, 3, LATTICE)
    rules = replace(rules, rates=np.resize(CONSTANTS, len(rules.rates)))
    species = cases.scattered(LATTICE.shape, (0.3, 0.2)).reshape(LATTICE.shape)
    interactions = interactions_of(CLUSTERS, lines, thermal)
    engine = Engine(species, LATTICE.periodic, rules, cases.bits(8), interactions=interactions)
    for _ in range(100):
        engine.run(cases.FOREVER, 1)
        engine.verify()
    assert (engine.event_count > 0).sum() >= 4


def test_a_surface_that_has_become_slow_is_not_drawn_in_vain_for_long():
    """After 900 fast events the rest is 1e12 times slower: the lowest bound follows within some thousand candidates."""
    lattice = Lattice("square", 1e-9, (30, 1, 30), (True, False, True))
    rules = build_rules((cases.single(A, B), cases.single(B, EMPTY)), 3, lattice)
    rules = replace(rules, rates=np.array([1e9, 1e-3]))
    interactions = interactions_of(CLUSTERS, [HALF, HALF], 4 * KT)
    full = np.full(lattice.shape, A, dtype=np.uint8)
    engine = Engine(full, lattice.periodic, rules, cases.bits(9), interactions=interactions)
    engine.run(cases.FOREVER, 1000)
    engine.verify()
    assert np.array_equal(engine.event_count, [900, 100])
    assert engine.n_candidates < 200_000


@pytest.mark.parametrize("seed", range(3))
def test_sites_that_nothing_could_start_from_are_listed_once_something_can(seed):
    """Of hops alone: a particle among others cannot move, and an empty site starts nothing."""
    lattice = Lattice("square", 1e-9, (16, 1, 16), (True, False, True))
    rules = build_rules((cases.pair(A, EMPTY, EMPTY, A), cases.pair(B, EMPTY, EMPTY, B)), 3, lattice)
    species = cases.scattered(lattice.shape, (0.5, 0.3)).reshape(lattice.shape)
    engine = Engine(species, lattice.periodic, replace(rules, rates=np.array([1.0, 0.1])), cases.bits(seed),
                    interactions=interactions_of(CLUSTERS, [HALF] * 2))
    for _ in range(100):
        engine.run(cases.FOREVER, 2)
        engine.verify()


@pytest.mark.parametrize("energy", [1e-3, 0.1, 1.0, 10.0, 50.0, 100.0, 1000.0])
def test_candidates_are_not_drawn_in_vain_however_strong_clusters_are(energy):
    """Neighbours that exclude each other are written as a large energy; measured: 3.0 to 3.8 an event."""
    lattice = Lattice("square", 1e-9, (40, 1, 40), (True, False, True))
    patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), cases.pair(A, EMPTY, EMPTY, A))
    rules = replace(build_rules(patterns, 2, lattice), rates=np.array([1.0, 1.0, 20.0]))
    clusters = (((A, A), ((0, 0, 0), (0, 0, 1)), round(energy * 1e9)), ((A, A), ((0, 0, 0), (1, 0, 1)), 30_000_000))
    engine = Engine(np.zeros(lattice.shape, dtype=np.uint8), lattice.periodic, rules, cases.bits(1),
                    interactions=interactions_of(clusters, [HALF] * 3))
    engine.run(cases.FOREVER, 1000)
    before = engine.n_candidates
    engine.run(cases.FOREVER, 1000)
    assert engine.n_candidates - before < 6000


def test_candidates_are_not_drawn_in_vain_after_cooling():
    """Lanes are made for the temperature of the start; measured at a 64th of it: 3.2 candidates an event."""
    lattice = Lattice("square", 1e-9, (40, 1, 40), (True, False, True))
    rules = build_rules((cases.single(EMPTY, A), cases.single(A, EMPTY), cases.pair(A, EMPTY, EMPTY, A)), 2, lattice)
    rules = replace(rules, rates=np.array([1.0, 1.0, 20.0]))
    clusters = (((A, A), ((0, 0, 0), (0, 0, 1)), 100_000_000_000), ((A, A), ((0, 0, 0), (1, 0, 1)), 3_000_000))
    engine = Engine(np.zeros(lattice.shape, dtype=np.uint8), lattice.periodic, rules, cases.bits(1),
                    interactions=interactions_of(clusters, [HALF] * 3, 8 * KT))
    engine.run(cases.FOREVER, 1000)
    engine.set_rates(rules.rates, interactions_of(clusters, [HALF] * 3, KT / 8))
    engine.run(cases.FOREVER, 300)
    engine.verify()
    before = engine.n_candidates
    engine.run(cases.FOREVER, 300)
    assert engine.n_candidates - before < 1800


def test_a_falling_line_is_refused():
    with pytest.raises(ValueError, match="line_slope"):
        interactions_of(CLUSTERS, [[(-0.5, 0.0)]])


def test_stopping_to_look_does_not_change_the_trajectory():
    at_once, in_steps = gas(seed=3), gas(seed=3)
    at_once.run((20, 0.0))
    for step in range(200):
        in_steps.run((step // 10, step % 10 / 10))
        in_steps.verify() if step % 50 == 0 else None
    in_steps.run((20, 0.0))
    assert at_once.n_events == in_steps.n_events > 500
    assert np.array_equal(at_once.species, in_steps.species)


def test_interactions_of_zero_energy_leave_the_counts_of_an_engine_without_them():
    """Same rates, same master equation; coverages over 400 steps agree within 5 sigma of their scatter."""
    silent = [(species, sites, 0) for species, sites, _ in CLUSTERS]
    engine = gas(seed=5, clusters=silent)
    plain = Engine(np.array(engine.species).reshape(LATTICE.shape), LATTICE.periodic, engine.rules, cases.bits(6))
    means = []
    for each in (engine, plain):
        counts = []
        for step in range(1, 401):
            assert each.run((2 * step, 0.0)) == ExitReason.MAX_TIME
            counts.append(np.bincount(each.species, minlength=3))
        means.append((np.mean(counts, axis=0), np.std(counts, axis=0) / np.sqrt(400 / 4)))
    difference = np.abs(means[0][0] - means[1][0])
    assert (difference < 5 * np.hypot(means[0][1], means[1][1])).all()


def test_new_rates_and_temperature_reach_every_site():
    engine = gas()
    engine.run(cases.FOREVER, 300)
    engine.set_rates(2 * engine.rules.rates, interactions_of(CLUSTERS, LINES, thermal=2 * KT))
    engine.verify()
    lattice = np.array(engine.species).reshape(LATTICE.shape)
    process, rate, places, new = engine.rates_at(int(np.flatnonzero(lattice.ravel() == A)[0]))[0]
    after = lattice.ravel().copy()
    after[list(places)] = new
    change = (energy_of(after.reshape(lattice.shape), CLUSTERS) - energy_of(lattice, CLUSTERS)) * 1e-9
    constant = 2 * CONSTANTS[process] / symmetry_number(PATTERNS[process], LATTICE)
    assert rate == pytest.approx(constant * np.sqrt(expected_factor(process, change)), rel=1e-12)


def test_all_states_of_a_small_box_come_in_their_equilibrium_shares():
    """A lattice gas with all its interactions on 3 x 5 sites, walls in z: A only, 2**15 states in 16 bins of energy.

    chi-square over 16 bins of 3000 snapshots 3 relaxation times apart; limit for a false alarm of 1e-4: 44.3.
    """
    clusters = (*CLUSTERS[1:3], ((A, A, A), ((0, 0, 0), (0, 0, 1), (1, 0, 0)), 25_000_000))
    lattice = Lattice("square", 1e-9, (3, 1, 5), (False, False, True))
    patterns = (cases.single(EMPTY, A), cases.single(A, EMPTY), cases.pair(A, EMPTY, EMPTY, A))
    rules = replace(build_rules(patterns, 2, lattice), rates=np.array([1.0, 1.0, 1.0]))
    lines = ([(0.5, 0.0)], [(0.5, 0.0)], [(0.5, 0.0)])
    engine = Engine(np.zeros(lattice.shape, dtype=np.uint8), lattice.periodic, rules, cases.bits(2),
                    interactions=interactions_of(clusters, lines))
    states = np.array(list(product((0, 1), repeat=15)), dtype=np.uint8).reshape(-1, 3, 1, 5)
    padded = np.zeros((len(states), 4, 1, 5), dtype=np.uint8)  # an empty layer is a wall
    padded[:, :3] = states
    energies = np.array([energy_of(state, clusters) for state in padded]) * 1e-9
    weights = np.exp(-energies / KT)
    order = np.argsort(energies, kind="stable")
    edges = np.searchsorted(np.cumsum(weights[order]) / weights.sum(), np.arange(1, 16) / 16)
    limits = np.unique(energies[order][edges])
    share = np.bincount(np.searchsorted(limits, energies), weights=weights / weights.sum(), minlength=len(limits) + 1)
    found = np.zeros(len(share))
    for step in range(1, 3001):
        engine.run((6 * step, 0.0))
        snapshot = np.zeros((4, 1, 5), dtype=np.uint8)
        snapshot[:3] = np.array(engine.species).reshape(3, 1, 5)
        found[np.searchsorted(limits, energy_of(snapshot, clusters) * 1e-9)] += 1
    expected = 3000 * share
    assert ((found - expected) ** 2 / expected).sum() < 44.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thermal": 0.0}, "thermal"),
        ({"energy": np.zeros(1)}, "energy"),
        ({"centre": np.full(16, 7, dtype=np.int32)}, "centre"),
        ({"other_position": np.full(24, 99, dtype=np.int32)}, "other_position"),
        ({"line_ptr": np.array([0, 1], dtype=np.int32)}, "line_ptr"),
        ({"line_slope": np.full(8, np.nan)}, "line_"),
    ],
)
def test_malformed_interactions_are_refused_by_name(change, message):
    good = interactions_of(CLUSTERS, LINES)
    change = {key: np.resize(value, np.shape(getattr(good, key))) if key in ("centre", "other_position", "line_slope")
              else value for key, value in change.items()}
    rules, empty = gas().rules, np.zeros(LATTICE.shape, dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        Engine(empty, LATTICE.periodic, rules, cases.bits(), interactions=replace(good, **change))


def test_a_box_so_narrow_that_a_site_meets_itself_is_refused():
    with pytest.raises(ValueError, match="too small for interactions"):
        gas(species=np.zeros((4, 1, 6), dtype=np.uint8))


def test_energies_are_kept_only_where_there_are_interactions():
    assert not SiteEnergies(None, None, None, None, None).enabled

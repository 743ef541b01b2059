# SPDX-License-Identifier: BSD-3-Clause
"""Exchange of molecules between the solution and the lattice: exact chains, equilibria, conservation.

Seeds are fixed. Unless another rate is stated, a test would raise a false alarm once in a million seeds.
"""

from itertools import product

import cases
import networks
import numpy as np
import pytest
from master_equation import FALSE_ALARM, at, chi_square
from scipy import linalg, special, stats

from kmc_core import Engine, Interactions, Solution


def chain_of(n_sites, molecules, order, up, down):
    """Birth-death chain of the number of occupied sites: rates[to, from]."""
    most = min(n_sites, molecules // order)
    rates = np.zeros((most + 1, most + 1))
    for k in range(most + 1):
        left = molecules - order * k
        ways = max(left, 0) if order == 1 else max(left * (left - 1) // 2, 0)
        for other, rate in ((k + 1, up * (n_sites - k) * ways), (k - 1, down * k)):
            if 0 <= other <= most and rate > 0:
                rates[other, k] += rate
                rates[k, k] -= rate
    return rates


SORPTION = {
    "plenty": (300, 0.004, 1.0),
    "as many as sites": (14, 0.1, 1.0),
    "scarce": (3, 2.0, 0.5),
    "one": (1, 9.0, 1.0),
}
"""dict: molecules, adsorption per empty site and combination, desorption [1/s]."""


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", SORPTION)
def test_adsorption_from_a_finite_compartment_follows_the_birth_death_chain(name, order):
    """Occupied sites at several times after a quench and in the steady state."""
    molecules, up, down = SORPTION[name]
    molecules, n_sites = molecules * order, 14
    network = networks.sorption((1, 2, 7), molecules, up, down)
    asked, added = {0: order}, {0: -order}
    network = networks.Network((molecules,), (), network.lattice, ((asked, added), ({}, {0: order})))
    exact_rates = chain_of(n_sites, molecules, order, up, down)
    engine, occupied = network.engine(7), []
    step = 1.2 / -np.sort(np.linalg.eigvals(exact_rates).real)[-2]
    for i in range(4000):
        engine.run(at((i + 1) * step))
        k = int((engine.species == 1).sum())
        assert engine.solution.count[0] == molecules - order * k
        occupied.append(k)
    engine.verify()
    moves = linalg.expm(exact_rates * step)
    start, end = np.array([0, *occupied[:-1]]), np.array(occupied)
    counted, expected = np.zeros_like(moves), np.zeros_like(moves)
    np.add.at(counted, (end, start), 1)
    expected = moves * np.bincount(start, minlength=len(moves))
    often = expected >= 10
    counted, expected = counted[often], expected[often]  # which pairs are frequent hardly depends on the draws
    z = (counted - expected) / np.sqrt(expected)
    assert often.sum() > 1
    assert (z**2).sum() < stats.chi2.isf(FALSE_ALARM, often.sum())


def test_interacting_molecules_adsorb_from_a_finite_compartment_to_the_exact_equilibrium():
    """Six sites in a ring, neighbours attract: exp(-H / kT) (up / down)^k n! / (n - k)! for every arrangement."""
    up, down, molecules, pair, thermal = 0.4, 1.0, 5, -0.03, 0.0257
    parts = networks.sorption((1, 1, 6), molecules, up, down).lattice
    interactions = Interactions(
        offsets=np.array([[0, 0, -1], [0, 0, 1]], dtype=np.int32),
        centre=np.array([1, 1], dtype=np.int32),
        other_ptr=np.array([0, 1, 2], dtype=np.int32),
        other_position=np.array([0, 1], dtype=np.int32),
        other_species=np.array([1, 1], dtype=np.int32),
        energy=np.array([round(pair * 1e9)] * 2, dtype=np.int64),
        line_ptr=np.array([0, 1, 2], dtype=np.int32),
        line_slope=np.array([0.3, 0.7]),
        line_intercept=np.zeros(2),
        thermal=thermal,
    )
    engine = Engine(
        parts.species,
        parts.periodic,
        parts.rules,
        cases.bits(3),
        interactions=interactions,
        solution=Solution([molecules], [0], [], [], [0], [], [], []),
        exchange_change=[[-1], [1]],
        exchange_order=[[1], [0]],
    )
    states = [state for state in product(range(2), repeat=6) if sum(state) <= molecules]
    bonds = np.array([sum(a * b for a, b in zip(state, state[1:] + state[:1], strict=True)) for state in states])
    occupied = np.array(states).sum(axis=1)
    weight = np.exp(-pair * bonds / thermal) * (up / down) ** occupied / special.factorial(molecules - occupied)
    samples = []
    for i in range(6000):
        engine.run((6 * i + 20, 0.0))
        samples.append(engine.species.tolist())
        assert engine.solution.count[0] + engine.species.sum() == molecules
    engine.verify()
    assert chi_square(samples, states, weight / weight.sum()) > FALSE_ALARM


def test_molecules_are_conserved_between_solution_and_lattice():
    network = networks.exchanging_film(90)
    engine = network.engine()
    for _ in range(150):
        engine.run(cases.FOREVER, 200)
        monomers, dimers = engine.solution.count.tolist()
        walkers, pairs = (int((engine.species == s).sum()) for s in (1, 2))
        assert monomers + 2 * dimers + walkers + 2 * pairs == 90
        engine.verify()
    assert engine.event_count.min() > 20
    assert engine.solution.event_count.min() > 20
    changes = [[-1, 0], [1, 0], [0, 0], [0, 0], [0, 1], [-2, 0]]
    expected = engine.event_count @ np.array(changes) + engine.solution.event_count @ np.array([[-2, 1], [2, -1]])
    assert (engine.solution.count - [90, 0]).tolist() == expected.tolist()


def test_total_propensity_counts_the_molecules_that_are_there():
    network = networks.exchanging_film(30)
    engine = network.engine()
    for _ in range(30):
        engine.run(cases.FOREVER, 17)
        monomers = int(engine.solution.count[0])
        count = [int((engine.species == s).sum()) for s in range(3)]
        single = 0.02 * count[0] * monomers + 0.004 * count[0] * monomers * (monomers - 1) / 2
        single += 0.8 * count[1] + 0.3 * count[2] + engine.solution.propensities.sum()
        rates = [engine.rates_at(site) for site in range(engine.species.size)]
        hops = sum(rate for found in rates for process, rate, *_ in found if process in (2, 3))
        assert engine.total_propensity == pytest.approx(single + hops, rel=1e-12)


def test_the_lattice_is_rated_anew_a_few_times_only():
    """Ten thousand molecules go and come: the gate moves once for each doubling."""
    network = networks.sorption((10, 10, 100), 12_000, 0.0005, 1.0)
    engine, ceilings = network.engine(), []
    for _ in range(1000):
        engine.run(cases.FOREVER, 100)
        ceilings.append(float(engine.solution.ceilings[0]))
    assert len(set(ceilings)) < 5
    assert engine.n_candidates < 3.0 * engine.n_events
    engine.verify()

# SPDX-License-Identifier: BSD-3-Clause
"""The compiled engine and its twin do the same thing in a solution, and between a solution and a lattice."""

import cases
import networks
import numpy as np
import pytest

NETWORKS = {
    "birth and death": networks.birth_and_death(200),
    "dimerisation": networks.dimerisation(40),
    "few molecules, third order": networks.crowd(),
    "lithium hops": networks.sei_like(1),
    "lithium hops, more molecules": networks.sei_like(40),
    "adsorption": networks.sorption((3, 4, 5), 30),
    "film": networks.exchanging_film(),
}


def counts(engine):
    return np.concatenate([engine.event_count, engine.solution.event_count])


def assert_same(engine, twin):
    """Everything that both keep is equal."""
    solution, other = engine.solution, twin.solution
    assert solution.count.tolist() == other.count
    assert solution.event_count.tolist() == other.events
    assert engine.event_count.tolist() == twin.count
    assert (engine.n_events, engine.n_candidates) == (twin.n_events, twin.n_candidates)
    assert engine.time == (twin.seconds, twin.fraction)
    assert engine.species.tolist() == twin.species[:-1]
    assert solution.groups() == [
        other.groups[exponent] for exponent in sorted(other.groups, reverse=True) if other.groups[exponent]
    ]
    assert solution.ceilings.tolist() == [other.ceiling(p) for p in range(engine.rules.n_processes)]


def assert_same_events(engine, twin, n):
    """The next n events are the same, and the time of each to the last bit."""
    before = counts(engine)
    for i in range(n):
        engine.run(cases.FOREVER, 1)
        after = counts(engine)
        event = twin.run(cases.FOREVER, 1)
        found = [(int(what), *engine.time) for what in np.flatnonzero(after - before)]
        assert [each[1:] for each in event] == found, f"event {i}"
        before = after
        if not found:
            break
        assert engine.solution.count.tolist() == twin.solution.count, f"event {i}"
    assert_same(engine, twin)
    engine.verify()


@pytest.mark.parametrize("name", NETWORKS)
def test_engine_replays_its_twin_event_for_event(name):
    network = NETWORKS[name]
    engine, twin = network.engine(4), network.twin(4)
    assert_same(engine, twin)
    assert_same_events(engine, twin, 400 if "lithium" in name else 3000)
    assert engine.n_events == (400 if "lithium" in name else 3000)


@pytest.mark.parametrize("name", ["few molecules, third order", "film"])
def test_engine_replays_its_twin_while_rates_and_counts_are_changed(name):
    network = NETWORKS[name]
    engine, twin = network.engine(6), network.twin(6)
    rng = np.random.Generator(cases.bits(11))
    for step in range(12):
        assert_same_events(engine, twin, 60)
        stop = (engine.time[0], engine.time[1] / 2 + 0.5)
        twin.run(stop, 40)
        engine.run(stop, 40)
        rates = engine.solution.rates * 10.0 ** rng.uniform(-0.5, 0.5, len(engine.solution.rates))
        rates[step % len(rates)] *= step % 4 > 0
        engine.solution.set_rates(rates)
        twin.renew(rates=rates.tolist())
        assert engine.next_time == twin.pending
        if step % 3 == 0:
            molecules = rng.integers(0, 12, len(network.count))
            engine.solution.reset(molecules)
            twin.renew(count=molecules.tolist())
            assert engine.next_time == twin.pending
        if step % 3 == 1:
            on_lattice = network.lattice.rules.rates * 10.0 ** rng.uniform(-0.5, 0.5, len(network.lattice.rules.rates))
            engine.set_rates(on_lattice)
            twin.set_rates(on_lattice)
        if step % 4 == 0:
            engine.solution.set_rates(network.arrays()["rates"])
            twin.renew(rates=network.arrays()["rates"].tolist())
    assert engine.n_events > 500


def test_gates_move_down_as_well_as_up_in_step_with_the_twin():
    """Few molecules, most of them adsorbed: the lattice asks in vain, until its gate is lowered."""
    network = networks.sorption((3, 3, 3), 25, adsorption=40.0, desorption=1.0)
    engine, twin = network.engine(2), network.twin(2)
    ceilings = set()
    for _ in range(1500):
        engine.run(cases.FOREVER, 1)
        twin.run(cases.FOREVER, 1)
        ceilings.add(float(engine.solution.ceilings[0]))
        assert engine.time == (twin.seconds, twin.fraction)
        assert engine.n_candidates == twin.n_candidates
    assert_same(engine, twin)
    engine.verify()
    assert len(ceilings) > 2

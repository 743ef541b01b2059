# SPDX-License-Identifier: BSD-3-Clause
"""The compiled engine and its twin in plain Python do the same thing, event for event."""

from dataclasses import replace

import cases
import numpy as np
import pytest
from reference_engine import Event, ReferenceEngine

MECHANISMS = {
    "walkers": replace(cases.rd3d((12, 11, 13)), constants=(0.02, 0.1, 1.0, 0.4, 0.05)),
    "interacting gas": cases.lattice_gas((7, 8, 9)),
    "walled gas": cases.lattice_gas((6, 7, 5), periodic=(False, False, False)),
    "film": cases.film((16, 7, 6)),
    "adsorption": cases.zgb2d(12, 9),
    "self images": replace(cases.rd3d((2, 3, 2)), constants=(0.02, 0.1, 1.0, 0.4, 0.05)),
}
N_EVENTS = {"walled gas": 2000, "adsorption": 4000, "self images": 4000}
"""Where it is fewer than the 10 500 events of the main mechanisms."""


def both(parts, seed=3):
    """An engine and its twin, with equal bit generators."""
    twin = ReferenceEngine(
        parts.species,
        parts.periodic,
        parts.rules,
        cases.bits(seed),
        decay=parts.decay,
        quantum=parts.quantum,
        cutoff=parts.cutoff,
    )
    return cases.engine_of(parts, seed), twin


def engine_events(engine, n):
    """Yield (process, seconds, fraction) of the next events, one run each."""
    before = engine.event_count
    for _ in range(n):
        engine.run(cases.FOREVER, 1)
        after = engine.event_count
        (process,) = np.flatnonzero(after - before)
        before = after
        yield int(process), *engine.time


def assert_same(engine, twin):
    """Everything that both keep is equal."""
    assert engine.species.tolist() == twin.species[:-1]
    assert engine.event_count.tolist() == twin.count
    assert (engine.n_events, engine.n_candidates) == (twin.n_events, twin.n_candidates)
    assert engine.time == (twin.seconds, twin.fraction)
    assert [engine.groups.sites(g).tolist() for g in range(engine.groups.n_groups)] == [
        group.sites for group in twin.groups.values()
    ]
    assert engine.groups.bounds.tolist() == [group.bound for group in twin.groups.values()]


def assert_same_events(engine, twin, n):
    """The next n events are the same: place, process, time to the last bit, and the lattice afterwards."""
    for i, (process, seconds, fraction) in enumerate(engine_events(engine, n)):
        (event,) = twin.run(cases.FOREVER, 1)
        assert event == Event(event.site, process, seconds, fraction), f"event {i}"
        assert np.array_equal(engine.species, twin.species[:-1]), f"event {i}"
    assert_same(engine, twin)


@pytest.mark.parametrize("name", MECHANISMS)
def test_engine_replays_its_twin_event_for_event(name):
    engine, twin = both(MECHANISMS[name].parts(), seed=7)
    assert_same_events(engine, twin, N_EVENTS.get(name, 10_500))
    engine.verify()
    assert np.count_nonzero(engine.event_count) == engine.rules.n_processes, "a process never happened"


@pytest.mark.parametrize("name", ["walkers", "interacting gas", "film"])
def test_engine_replays_its_twin_while_rates_are_ramped(name):
    case = MECHANISMS[name]
    engine, twin = both(case.parts(), seed=5)
    for step in range(10):
        assert_same_events(engine, twin, 50)
        stop = (engine.time[0], engine.time[1] / 2 + 0.5)  # rates also change between two events
        twin.run(stop, 40)
        engine.run(stop, 40)
        rates = case.rates(10.0 ** (0.3 * step - 2)) * (1.0 + 0.1 * step * np.arange(case.rates().size))
        rates[step % 3] = 0.0
        engine.set_rates(rates)
        twin.set_rates(rates)
        assert_same(engine, twin)
    engine.verify()


def test_engine_and_twin_stop_at_the_same_times_with_the_same_candidate_pending():
    engine, twin = both(MECHANISMS["walkers"].parts())
    for step in range(1, 60):
        stop = (step // 7, step % 7 / 7)
        twin.run(stop)
        engine.run(stop)
        assert engine.time == stop == (twin.seconds, twin.fraction)
        assert engine.next_time == twin.pending
    assert engine.n_events > 1000
    assert_same(engine, twin)


def test_engine_and_twin_agree_that_nothing_can_happen():
    parts = cases.rd3d((4, 4, 4)).parts()
    engine, twin = both(parts)
    engine.set_rates(np.zeros_like(parts.rules.rates))
    twin.set_rates(np.zeros_like(parts.rules.rates))
    engine.run((5, 0.25))
    assert twin.run((5, 0.25)) == []
    assert_same(engine, twin)


def parts_of_deck(path, size):
    """The main deck's mechanism in a small box, at the conditions of time zero."""
    from kmc.deck import load_deck
    from kmc.model import Model

    model = Model.of(load_deck(path, {"lattice.size": str(list(size))}))
    rules = replace(model.tables.rules, rates=model.rates(0.0))
    tables = model.tables
    return cases.Parts(
        model.initial(), model.lattice.periodic, rules, tables.decay, tables.quantum, tables.cutoff
    )


def test_engine_replays_its_twin_on_the_main_deck(repository):
    engine, twin = both(parts_of_deck(repository / "inputs" / "graphite_ec.yaml", (8, 8, 14)))
    assert_same_events(engine, twin, 10_500)
    engine.verify()
    assert np.count_nonzero(engine.event_count) >= 5

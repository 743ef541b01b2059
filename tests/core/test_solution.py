# SPDX-License-Identifier: BSD-3-Clause
"""Molecules of a well-mixed volume react at the rates of the master equation, alone and beside a lattice.

Seeds are fixed. Unless another rate is stated, a test would raise a false alarm once in a million seeds.
"""

import cases
import networks
import numpy as np
import pytest
from master_equation import FALSE_ALARM, at
from scipy import stats

from kmc_core import ExitReason, Solution


def test_a_fast_reaction_without_molecules_costs_nothing():
    """A -> B 1e3, B -> C 6e12 per second: a ceiling of one B would draw 1e7 candidates for every event."""
    network = networks.Network((2000, 0, 0), (({0: 1}, {1: 1}, 1e3), ({1: 1}, {2: 1}, 6e12)))
    engine = network.engine()
    assert engine.run((1, 0.0)) is ExitReason.NO_EVENTS
    assert engine.solution.count.tolist() == [0, 0, 2000]
    assert engine.n_candidates < 4 * engine.n_events


@pytest.mark.parametrize("n_hot", [1, 3, 30])
@pytest.mark.parametrize("back", [1e-2, 1.0, 1e2, 1e4, 1e8])
def test_a_species_that_flickers_wastes_few_candidates(back, n_hot):
    """A + D -> B with one B at most, which has thirty ways back: at worst each of those in use is refused once."""
    ways = tuple(
        ({1: 1, 3 + k: 1}, {0: 1, 2: 1, 3 + k: 1}, 500 * back / n_hot * (1.0 if k < n_hot else 1e-9)) for k in range(30)
    )
    network = networks.Network((500, 0, 1) + (1,) * 30, (({0: 1, 2: 1}, {1: 1}, 1.0), *ways))
    engine = network.engine()
    engine.run(cases.FOREVER, 20_000)
    assert engine.n_events == 20_000
    assert engine.n_candidates < (4 + n_hot / 2) * engine.n_events
    engine.verify()


@pytest.mark.parametrize("count", [3, 100, 10**6, 10**15])
def test_acceptance_does_not_depend_on_how_many_molecules_there_are(count):
    network = networks.Network(
        (count, count, count), (({0: 1, 1: 1}, {2: 2}, 2.0), ({2: 2}, {0: 1, 1: 1}, 2.0), ({0: 1}, {1: 1}, 0.1))
    )
    engine = network.engine()
    engine.run(cases.FOREVER, 50_000)
    engine.verify()
    assert engine.n_candidates < 2.5 * engine.n_events
    assert engine.solution.count.sum() == 3 * count


def test_acceptance_and_groups_do_not_depend_on_the_number_of_reactions():
    few, many = networks.sei_like(20), networks.sei_like(20)
    slow = tuple((asked, added, rate * 1e-9) for asked, added, rate in many.reactions for _ in range(10))
    many = networks.Network(many.count, many.reactions + slow)
    share = []
    for network in (few, many):
        engine = network.engine()
        engine.run(cases.FOREVER, 20_000)
        share.append(engine.n_candidates / engine.n_events)
        engine.verify()
        assert engine.solution.n_groups < 250
    assert share[1] < 1.1 * share[0] < 2.5


def test_propensities_count_distinct_combinations():
    orders = ({}, {0: 1}, {0: 2}, {0: 3}, {0: 1, 1: 1}, {0: 2, 1: 1}, {1: 2}, {1: 3})
    network = networks.Network((5, 2), tuple((order, {}, 0.5) for order in orders))
    engine = network.engine()
    assert engine.solution.propensities.tolist() == [0.5, 2.5, 5.0, 5.0, 5.0, 10.0, 0.5, 0.0]
    assert engine.total_propensity == 28.5


def driven(network, drive, end, seed=5):
    """All that a trajectory has led to."""
    engine = network.engine(seed)
    drive(engine, end)
    return (
        engine.solution.count.tolist(),
        engine.solution.event_count.tolist(),
        engine.event_count.tolist(),
        engine.species.tobytes(),
        engine.n_candidates,
        engine.next_time,
        engine.random.bit_generator.random_raw(),
    )


def in_one_go(engine, end):
    engine.run((end, 0.0))


def event_by_event(engine, end):
    while engine.run((end, 0.0), 1) is ExitReason.MAX_EVENTS:
        pass


def at_odd_times(engine, end):
    for when in np.sort(np.random.Generator(cases.bits(8)).uniform(0, end, 60)).tolist():
        for _ in range(2):
            engine.run(at(when), 10**9)
            engine.verify()
            assert engine.total_propensity >= 0
            assert engine.n_bytes > 0
    engine.run((end, 0.0))


@pytest.mark.parametrize("network", [networks.crowd(), networks.exchanging_film(90)], ids=["solution", "film"])
def test_stopping_to_look_does_not_change_the_trajectory(network):
    found = [driven(network, drive, 60) for drive in (in_one_go, event_by_event, at_odd_times)]
    assert sum(found[0][1]) > 200
    assert found[0] == found[1] == found[2]


def test_a_solution_in_which_nothing_happens_does_not_change_the_lattice():
    parts = cases.rd3d((6, 7, 8)).parts()
    idle = networks.Network((3, 0), (({0: 2, 1: 1}, {0: 1}, 1e9), ({1: 1}, {0: 1}, 1.0)), parts, ())
    alone, beside = cases.engine_of(parts, 4), idle.engine(4)
    for engine in (alone, beside):
        engine.run(cases.FOREVER, 5000)
    assert alone.time == beside.time
    assert np.array_equal(alone.species, beside.species)
    assert alone.n_candidates == beside.n_candidates


def test_run_says_that_nothing_can_react_any_more():
    engine = networks.Network((7, 0), (({0: 2}, {1: 1}, 3.0),)).engine()
    assert engine.run((100, 0.25)) is ExitReason.NO_EVENTS
    assert engine.time == (100, 0.25)
    assert engine.solution.count.tolist() == [1, 3]
    assert (engine.n_events, engine.total_propensity) == (3, 0.0)
    engine.solution.reset([4, 0])
    assert engine.run((200, 0.0)) is ExitReason.NO_EVENTS
    assert engine.n_events == 5


def test_run_of_the_solution_alone_has_a_lattice_without_sites():
    engine = networks.birth_and_death().engine()
    assert engine.species.size == 0
    assert engine.event_count.size == 0
    assert engine.run(cases.FOREVER, 1000) is ExitReason.MAX_EVENTS
    assert engine.n_events == engine.solution.event_count.sum() == 1000
    births, deaths = engine.solution.event_count
    assert engine.solution.count[0] == 100 + births - deaths


def test_counts_are_live_and_read_only():
    engine = networks.birth_and_death().engine()
    count = engine.solution.count
    engine.run(cases.FOREVER, 101)
    assert count[0] != 100
    with pytest.raises(ValueError, match="read-only"):
        count[0] = 1


def test_events_at_rates_that_jump_are_a_poisson_process_in_stretched_time():
    """In the time L(t) = integral of the rate, waiting times are standard exponentials, whatever the rates."""
    network = networks.Network((1, 1), (({0: 1}, {0: 1}, 1.0), ({1: 1}, {1: 1}, 0.7)))
    engine, dt, n_steps, times = network.engine(3), 0.25, 8000, []
    rates = 10.0 ** np.random.Generator(cases.bits(9)).uniform(-2, 1.5, n_steps)
    before = 0
    for step, rate in enumerate(rates.tolist()):
        engine.solution.set_rates([rate, 0.7 * (1 + step % 2)])
        if step % 5 == 0:
            engine.solution.reset([1, 1 + step % 3])
        while engine.run(at((step + 1) * dt), 1) is ExitReason.MAX_EVENTS:
            if engine.solution.event_count[0] > before:
                times.append(sum(engine.time))
            before = engine.solution.event_count[0]
    stretched = np.interp(times, np.arange(n_steps + 1) * dt, np.concatenate([[0], np.cumsum(rates * dt)]))
    waits = np.diff(stretched, prepend=0.0)
    assert len(waits) > 5000
    assert stats.kstest(waits, "expon").pvalue > FALSE_ALARM


def test_rates_of_zero_stop_everything_and_others_start_it_again():
    engine = networks.birth_and_death().engine()
    engine.run((1, 0.0))
    engine.solution.set_rates([0.0, 0.0])
    assert engine.next_time is None
    assert engine.run((2, 0.0)) is ExitReason.NO_EVENTS
    engine.solution.set_rates([0.1, 0.11])
    assert engine.run((3, 0.0)) is ExitReason.MAX_TIME
    engine.verify()


def test_a_reset_engine_goes_the_way_of_a_new_one():
    """What happened before leaves no trace in ceilings and groups, so the same draws lead to the same events."""
    network = networks.crowd()
    fresh = Solution(**network.arrays())
    used = Solution(**network.arrays())
    engine = network.engine()
    engine.run(cases.FOREVER, 500)
    engine.solution.reset(network.count)
    used.reset([1, 1, 1, 1, 1])
    used.reset(network.count)
    assert fresh.groups() == used.groups() == engine.solution.groups()
    engine.verify()

# SPDX-License-Identifier: BSD-3-Clause
"""The loop: why it comes back, and that looking at it changes nothing."""

import hashlib

import cases
import numpy as np
import pytest
from scipy import stats

from kmc_core import ExitReason

FALSE_ALARM = 1e-6
YEAR = 31_557_600
"""int: a year [s]."""


def state_hash(engine):
    """One number for all that a trajectory has led to."""
    seconds, fraction = engine.time
    content = (
        engine.species.tobytes(),
        engine.event_count.tobytes(),
        engine.n_candidates,
        seconds,
        fraction.hex(),
        engine.next_time,
        engine.random.bit_generator.random_raw(),
    )
    return hashlib.sha256(repr(content).encode()).hexdigest()


# Exit reasons


def test_run_comes_back_at_the_stop_time():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    assert engine.run((2, 0.5)) is ExitReason.MAX_TIME
    assert engine.time == (2, 0.5)
    assert engine.next_time > engine.time


def test_run_comes_back_after_so_many_events_with_the_clock_at_the_last():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    assert engine.run(cases.FOREVER, 100) is ExitReason.MAX_EVENTS
    assert engine.n_events == engine.event_count.sum() == 100
    assert engine.next_time is None


def test_run_of_no_events_moves_nothing():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    assert engine.run((1, 0.0), 0) is ExitReason.MAX_EVENTS
    assert engine.time == (0, 0.0)


def test_run_says_that_nothing_can_happen_any_more():
    patterns = (cases.single(0, 1),)
    species = np.zeros((1, 5, 5), dtype=np.uint8)
    engine = cases.engine_of(cases.Case(cases.cubic(1, 5, 5), patterns, (1.0,), species, 2).parts())
    assert engine.run((10**6, 0.75)) is ExitReason.NO_EVENTS
    assert engine.time == (10**6, 0.75)
    assert engine.n_events == 25
    assert engine.total_propensity == 0.0
    assert engine.run((10**7, 0.0)) is ExitReason.NO_EVENTS


def test_a_mechanism_without_any_rule_has_no_events():
    engine = cases.engine_of(
        cases.Case(cases.cubic(2, 2, 2), (), (), np.zeros((2, 2, 2), dtype=np.uint8), 1).parts()
    )
    assert engine.run((3, 0.0)) is ExitReason.NO_EVENTS
    engine.verify()


@pytest.mark.parametrize("stop", [(0, 0.9), (0, 0.0), (-1, 0.5)])
def test_run_into_the_past_is_refused(stop):
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    engine.run((1, 0.0))
    with pytest.raises(ValueError, match=r"cannot run to .*: the clock stands at \(1, 0.0\)"):
        engine.run(stop)


@pytest.mark.parametrize("fraction", [1.0, -0.1, float("nan"), float("inf")])
def test_a_stop_time_whose_fraction_is_none_is_refused(fraction):
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    with pytest.raises(ValueError, match=r"fraction of a stop time must lie in \[0, 1\)"):
        engine.run((5, fraction))


# Looking changes nothing


def by_time(step):
    """Stop every `step` seconds."""

    def drive(engine, end):
        n = round(end / step)
        for i in range(1, n + 1):
            when = end * i / n
            engine.run((int(when), when - int(when)))

    return drive


def by_events(chunk):
    """Come back after every `chunk` events."""

    def drive(engine, end):
        while engine.run((end, 0.0), chunk) is ExitReason.MAX_EVENTS:
            pass

    return drive


def at_odd_times(engine, end):
    """Stop at random times, some of them twice, and look at everything there."""
    for when in np.sort(np.random.Generator(cases.bits(8)).uniform(0, end, 300)).tolist():
        for _ in range(2):
            engine.run((int(when), when - int(when)), 50_000_000)
            engine.verify()
            assert engine.total_propensity > 0
            assert engine.n_bytes > 0
    engine.run((end, 0.0))


SCHEDULES = {
    "in one go": lambda engine, end: engine.run((end, 0.0)),
    "every 1 s": by_time(1.0),
    "every 0.3 s": by_time(0.3),
    "every 0.01 s": by_time(0.01),
    "every event": by_events(1),
    "every 997 events": by_events(997),
    "at odd times": at_odd_times,
}


def test_seven_output_schedules_give_one_trajectory():
    parts, hashes = cases.rd3d((7, 8, 9)).parts(), {}
    for name, drive in SCHEDULES.items():
        engine = cases.engine_of(parts)
        drive(engine, 30)
        assert engine.n_events > 5000
        hashes[name] = state_hash(engine)
    assert len(hashes) == 7
    assert len(set(hashes.values())) == 1, hashes


def test_pending_candidate_is_kept_from_one_run_to_the_next():
    engine = cases.engine_of(cases.hop3d((3, 3, 4)).parts())
    engine.run((0, 1e-9))
    pending = engine.next_time
    assert pending is not None
    for stop in (1e-8, 1e-7):
        engine.run((0, stop))
        assert engine.next_time == pending
    engine.run(cases.FOREVER, 1)
    assert engine.time >= pending


def test_same_seed_gives_the_same_run_and_another_seed_another():
    parts = cases.film((10, 6, 6)).parts()
    runs = []
    for seed in (1, 1, 2):
        engine = cases.engine_of(parts, seed)
        engine.run(cases.FOREVER, 3000)
        runs.append(state_hash(engine))
    assert runs[0] == runs[1] != runs[2]


# The clock


def test_clock_resolves_a_picosecond_after_a_year():
    species = np.zeros((1, 1, 1), dtype=np.uint8)
    patterns = (cases.single(0, 1), cases.single(1, 0))
    parts = cases.Case(cases.cubic(1, 1, 1), patterns, (1e12, 1e12), species, 2).parts()
    engine = cases.engine_of(parts)
    engine.set_rates(np.zeros(2))
    assert engine.run((YEAR, 0.25)) is ExitReason.NO_EVENTS
    engine.set_rates(parts.rules.rates)
    times = []
    for _ in range(5000):
        engine.run((YEAR + 1, 0.0), 1)
        seconds, fraction = engine.time
        assert seconds == YEAR
        times.append(fraction - 0.25)
    waits = np.diff(times, prepend=0.0)
    assert (waits > 0).mean() > 0.999  # a wait below the resolution of 5e-17 s is possible
    assert stats.kstest(waits * 1e12, "expon").pvalue > FALSE_ALARM


def test_clock_carries_fractions_into_seconds():
    parts = cases.switches(1, 0.3, 0.3).parts()
    engine = cases.engine_of(parts)
    previous = (0, 0.0)
    for _ in range(3000):
        engine.run(cases.FOREVER, 1)
        seconds, fraction = engine.time
        assert 0.0 <= fraction < 1.0
        assert (seconds, fraction) >= previous
        previous = (seconds, fraction)
    assert sum(previous) == pytest.approx(3000 / 0.3, rel=5 / 3000**0.5)


def test_a_candidate_beyond_the_reach_of_the_clock_never_comes():
    engine = cases.engine_of(cases.switches(1, 1e-40, 1e-40).parts())
    assert engine.run((10**14, 0.0)) is ExitReason.MAX_TIME
    assert engine.n_events == 0


# What is exposed


def test_species_view_is_live_and_read_only():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    view, before = engine.species, engine.species.copy()
    engine.run(cases.FOREVER, 100)
    assert (view != before).any()
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_engine_does_not_share_the_arrays_it_was_given():
    case = cases.hop3d((6, 6, 6))
    parts = case.parts()
    engine = cases.engine_of(parts)
    before = parts.species.copy()
    engine.run(cases.FOREVER, 1000)
    assert np.array_equal(parts.species, before)
    parts.rules.rates[:] = 0.0
    assert engine.run(cases.FOREVER, 10) is ExitReason.MAX_EVENTS
    engine.event_count[:] = 0
    assert engine.event_count.sum() == 1010


def test_memory_is_within_forty_bytes_per_site():
    engine = cases.engine_of(cases.hop3d((40, 40, 40)).parts())
    engine.run(cases.FOREVER, 100_000)
    assert engine.n_bytes / 40**3 < 40

# SPDX-License-Identifier: BSD-3-Clause
"""Changed rates: the waiting time that is left is scaled exactly."""

import cases
import numpy as np
import pytest
from kmc_core.verification import structures
from scipy import stats

from kmc_core import ExitReason

FALSE_ALARM = 1e-6


def test_unchanged_rates_change_nothing():
    parts = cases.rd3d((8, 8, 8)).parts()
    plain, reset = cases.engine_of(parts), cases.engine_of(parts)
    for step in range(1, 200):
        stop = (step // 10, step % 10 / 10)
        plain.run(stop)
        reset.run(stop)
        reset.set_rates(parts.rules.rates)
        assert np.array_equal(plain.species, reset.species)
        assert sum(plain.next_time) == pytest.approx(sum(reset.next_time), rel=1e-12)
    assert plain.n_candidates == reset.n_candidates > 5000
    reset.verify()


def test_doubled_rates_halve_the_waiting_time():
    parts = cases.hop3d((8, 8, 8)).parts()
    engine = cases.engine_of(parts)
    engine.run((0, 1e-6))
    left = engine.next_time[1] - 1e-6
    engine.set_rates(2 * parts.rules.rates)
    assert engine.next_time[1] - 1e-6 == pytest.approx(left / 2, rel=1e-9)


def switching_times(rate_of_step, dt, n_steps, spectator):
    """Times of the events of a site that switches at a rate that changes every `dt`, beside a spectator."""
    parts = cases.switches(1, 1.0, 1.0, [spectator]).parts()
    engine, times, before = cases.engine_of(parts), [], 0
    for step in range(n_steps):
        engine.set_rates(np.array([rate_of_step[step]] * 2 + [spectator * (1 + step % 2)] * 2))
        stop = ((step + 1) * dt // 1, (step + 1) * dt % 1)
        stop = (int(stop[0]), float(stop[1]))
        while engine.run(stop, 1) is ExitReason.MAX_EVENTS:
            count = engine.event_count[:2].sum()
            if count > before:
                times.append(sum(engine.time))
            before = count
    return np.array(times)


def test_events_at_rates_that_jump_over_decades_are_a_poisson_process_in_stretched_time():
    """In the time L(t) = integral of k(t), waiting times are standard exponentials, whatever k."""
    dt, n_steps = 0.25, 8000
    rates = 10.0 ** np.random.Generator(cases.bits(9)).uniform(-2, 1.5, n_steps)
    times = switching_times(rates, dt, n_steps, 0.7)
    stretched = np.interp(times, np.arange(n_steps + 1) * dt, np.concatenate([[0], np.cumsum(rates * dt)]))
    waits = np.diff(stretched, prepend=0.0)
    assert len(waits) > 5000
    assert stats.kstest(waits, "expon").pvalue > FALSE_ALARM
    assert abs(waits.mean() - 1.0) < 4.9 / len(waits) ** 0.5


def test_two_state_switch_follows_the_closed_form_while_rates_are_ramped():
    """dp/dt = up(t) (1 - p) - down(t) p, solved step by step in closed form."""
    n, dt, n_steps = 20_000, 0.02, 60
    engine = cases.engine_of(cases.switches(n, 0.5, 1.0).parts())
    occupation = 0.0
    for step in range(n_steps):
        up, down = 0.5 + 3.0 * np.sin(0.2 * step) ** 2, 10.0 ** (1.0 - step / 20)
        engine.set_rates(np.array([up, down]))
        when = (step + 1) * dt
        engine.run((int(when), when - int(when)))
        steady = up / (up + down)
        occupation = steady + (occupation - steady) * np.exp(-(up + down) * dt)
        measured = (engine.species == 1).mean()
        assert abs(measured - occupation) < 5.5 * (occupation * (1 - occupation) / n) ** 0.5, f"step {step}"
    engine.verify()


def test_rates_that_rise_from_nearly_nothing_lose_no_waiting_time():
    """A ramp from 1e-30 to 1 per second: the first event comes when the integral of the rate says so."""
    waits = []
    for seed in range(400):
        engine = cases.engine_of(cases.switches(1, 1.0, 1.0).parts(), seed)
        stretched = 0.0
        for step in range(62):
            rate = 10.0 ** (step / 2 - 30)
            engine.set_rates(np.array([rate, rate]))
            if engine.run((step + 1, 0.0) if step < 61 else cases.FOREVER, 1) is ExitReason.MAX_EVENTS:
                waits.append(stretched + rate * (sum(engine.time) - step))
                break
            stretched += rate
    assert len(waits) == 400
    assert stats.kstest(waits, "expon").pvalue > FALSE_ALARM


def test_rates_of_zero_stop_everything_and_others_start_it_again():
    parts = cases.hop3d((6, 6, 6)).parts()
    engine = cases.engine_of(parts)
    engine.run((1, 0.0))
    engine.set_rates(np.zeros(1))
    assert engine.next_time is None
    assert engine.run((2, 0.0)) is ExitReason.NO_EVENTS
    engine.verify()
    engine.set_rates(parts.rules.rates)
    assert engine.run((3, 0.0)) is ExitReason.MAX_TIME
    assert engine.n_events > 0
    engine.verify()


def test_set_rates_keeps_lattice_clock_and_counts():
    parts = cases.film((10, 5, 5)).parts()
    engine = cases.engine_of(parts)
    engine.run(cases.FOREVER, 2000)
    before = engine.species.copy(), engine.time, engine.event_count.tolist()
    engine.set_rates(parts.rules.rates * np.linspace(0.0, 3.0, len(parts.rules.rates)))
    engine.verify()
    assert np.array_equal(engine.species, before[0])
    assert (engine.time, engine.event_count.tolist()) == before[1:]


def test_rerating_costs_by_class_and_not_by_rule_evaluations_per_site():
    """Classes stay what they were: no new one appears when rates change."""
    parts = cases.rd3d((10, 10, 10)).parts()
    engine = cases.engine_of(parts)
    engine.run(cases.FOREVER, 20_000)
    n_classes, n_entries = engine.environments.n_classes, engine.environments.n_entries
    engine.set_rates(parts.rules.rates * 7.0)
    assert (engine.environments.n_classes, engine.environments.n_entries) == (n_classes, n_entries)


def waiting(engine):
    """Sites whose class has left the list that they are in."""
    arrays = structures(engine)
    return (arrays["is_current"][engine.groups.classes] == 0)[engine.groups.classes > 0].sum()


def parting():
    """A thousand sites in one list, and rates that make half of them a hundred times as fast as the others."""
    engine = cases.engine_of(cases.switches(500, 1.0, 1.25, [1.5]).parts())
    engine.run(cases.FOREVER, 1000)
    assert engine.groups.lengths.tolist() == [1000]
    return engine, np.array([1.0, 1.25, 150.0, 150.0])


def test_changed_rates_move_no_site():
    engine, rates = parting()
    before = engine.groups.sites(0).tolist()
    engine.set_rates(rates)
    assert engine.groups.sites(0).tolist() == before
    assert engine.groups.lengths.tolist() == [1000, 0]
    assert waiting(engine) == 500
    engine.verify()


def test_sites_follow_changed_rates_until_lists_are_as_tight_as_ever():
    engine, rates = parting()
    engine.set_rates(rates)
    left = [waiting(engine)]
    while engine.groups.swept >= 0:
        engine.run(cases.FOREVER, 1)
        engine.verify()
        left.append(waiting(engine))
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0 < left[-2]
    assert len(left) <= 126
    assert engine.groups.lengths.tolist() == [500, 500]
    assert engine.groups.bounds.tolist() == [150.0, 1.25]


def test_a_thousand_changes_of_rates_leave_few_classes_and_lists():
    parts = cases.rd3d((10, 10, 10)).parts()
    engine = cases.engine_of(parts)
    engine.run(cases.FOREVER, 20_000)
    n_classes, n_bytes, most = engine.environments.n_classes, engine.n_bytes, 0
    powers = np.array([1.0, -2.0, 3.0, 0.5, -1.0])
    for step in range(1000):
        engine.set_rates(parts.rules.rates * 10.0 ** (powers * np.sin(step / 60)))
        engine.run(cases.FOREVER, 20)
        most = max(most, engine.groups.n_groups)
    engine.verify()
    assert engine.environments.n_classes < 5 * n_classes
    assert most < 64
    assert engine.n_bytes < 5 * n_bytes


def test_looking_while_sites_follow_changed_rates_does_not_change_the_trajectory():
    parts = cases.rd3d((12, 12, 12)).parts()
    watched, alone = cases.engine_of(parts), cases.engine_of(parts)
    for step in range(1, 6):
        for k in range(10):
            watched.run((10 * (step - 1) + k, 0.7))
        for engine in (watched, alone):
            engine.run((10 * step, 0.0))
            engine.set_rates(parts.rules.rates * (1.0 + 3.0 * np.sin(step + np.arange(5)) ** 2))
        assert np.array_equal(watched.species, alone.species)
    assert watched.n_candidates == alone.n_candidates > 5000


def test_lists_and_classes_can_be_taken_over_while_sites_follow_changed_rates():
    engine, rates = parting()
    other = cases.engine_of(cases.switches(500, 1.0, 1.25, [1.5]).parts())
    other.set_rates(rates)
    engine.set_rates(rates)
    engine.run(cases.FOREVER, 30)
    classes, lists = engine.environments.state(), engine.groups.state()
    assert lists["sweep"].any()
    assert not classes["is_current"].all()
    other.environments.restore(classes)
    other.groups.restore(lists)
    for kept, found in ((classes, other.environments.state()), (lists, other.groups.state())):
        assert all(np.array_equal(array, found[name]) for name, array in kept.items())
    structures(other)["species"][:] = structures(engine)["species"]
    structures(other)["record"][:] = structures(engine)["record"]
    other.verify()


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (np.ones(2), r"rates must have shape \(1,\), not \(2,\)"),
        (np.array([-1.0]), r"not so at indexes \[0\]: \[-1.0\]"),
        (np.array([np.nan]), "must be finite and >= 0"),
        (np.array([np.inf]), "must be finite and >= 0"),
    ],
)
def test_bad_rates_are_refused_and_leave_the_engine_as_it_was(rates, message):
    engine = cases.engine_of(cases.hop3d((6, 6, 6)).parts())
    engine.run(cases.FOREVER, 100)
    with pytest.raises(ValueError, match=message):
        engine.set_rates(rates)
    engine.verify()
    assert engine.run(cases.FOREVER, 100) is ExitReason.MAX_EVENTS

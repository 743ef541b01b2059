# SPDX-License-Identifier: BSD-3-Clause
"""Rules that look around only when they are drawn: chosen where it pays, given up where it does not, and never seen."""

from dataclasses import replace
from itertools import product

import cases
import numpy as np
import pytest
from scipy.stats import chi2

from kmc_core import Engine, ExitReason, lattice_processes, restore, snapshot
from kmc_core.blind_choice import Costs

REVIEW = 1 << 16
"""int: candidates between two reviews of the choice."""


def choosing(case, seed=1):
    """An engine that chooses its blind rules."""
    return Engine(case.species, case.lattice.periodic, case.parts().rules, cases.bits(seed), blinds=True)


def blind_processes(engine):
    """Processes with blind rules."""
    return set(np.asarray(engine.rules.rule_process)[engine.rules.rule_is_blind == 1].tolist())


def everything(engine):
    """All that can be seen of an engine."""
    return (engine.species.tobytes(), engine.time, engine.next_time, engine.n_events, engine.n_candidates,
            engine.event_count.tolist(), engine.rules.rule_is_blind.tolist())


def test_hops_of_few_walkers_are_blind_and_those_of_a_crowd_are_not():
    few = cases.hop3d((12, 12, 12))
    crowd = replace(few, species=cases.scattered((12, 12, 12), [0.9]))
    for case, expected in ((few, {0}), (crowd, set())):
        engine = choosing(case)
        engine.run(cases.FOREVER, REVIEW + 1)
        assert blind_processes(engine) == expected
        engine.verify()


def test_nothing_is_chosen_unless_the_engine_is_asked_to():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    engine.run(cases.FOREVER, 1000)
    assert not engine.rules.rule_is_blind.any()


def test_a_fast_reaction_that_hardly_ever_finds_its_partner_is_not_blind():
    """CO + O at 1e10: a blind one would be drawn 1e10 times a second wherever CO waits."""
    engine = choosing(cases.zgb2d(32, 32))
    engine.run(cases.FOREVER, 300_000)
    assert 2 not in blind_processes(engine)
    assert engine.n_candidates < 2 * engine.n_events + 4 * REVIEW


def test_null_events_do_not_go_on_where_nothing_can_happen_any_more():
    """A box of walkers that fills up: their hops have become blind before, and are all refused in the end."""
    patterns = (cases.single(0, 1), cases.pair(1, 0, 0, 1))
    species = cases.scattered((8, 8, 8), [0.05])
    engine = choosing(cases.Case(cases.cubic(8, 8, 8), patterns, (1e-4, 1.0), species, 2))
    engine.run(cases.FOREVER, REVIEW + 1)
    assert blind_processes(engine) == {1}
    while engine.run((engine.time[0] + 10_000, 0.0)) == ExitReason.MAX_TIME:
        pass
    assert engine.time[0] < 10**6
    assert engine.species.all()
    assert engine.n_candidates < 3 * engine.n_events + 4 * REVIEW
    engine.verify()


def test_rules_that_crowd_others_out_with_null_events_are_given_up_and_barred_for_a_while():
    """Hops that were too slow to count become the fastest process while the box fills up, and are in vain."""
    patterns = (cases.single(0, 1), cases.single(1, 0), cases.pair(1, 0, 0, 1))
    case = cases.Case(cases.cubic(8, 8, 8), patterns, (1.0, 1.0, 1e-3), cases.scattered((8, 8, 8), [0.5]), 2)
    engine = choosing(case)
    engine.run(cases.FOREVER, 3 * REVIEW)
    assert blind_processes(engine) == {2}
    before = engine.n_candidates
    engine.set_rates(case.rates() * [1e-2, 1e-9, 1e3])
    engine.run((10**6, 0.0))
    assert engine.species.mean() > 0.99
    assert engine.n_candidates - before > 2 * REVIEW
    assert not blind_processes(engine)
    barred = engine.blind.state()
    assert barred["n_barred"].max() == 1
    assert barred["barred"].max() > engine.n_candidates
    assert engine.n_candidates - before < 3 * (engine.n_events - 3 * REVIEW) + 4 * REVIEW
    engine.verify()


@pytest.mark.parametrize("name", ["walkers", "adsorption"])
def test_output_cadence_does_not_change_which_rules_are_blind(name):
    case = cases.rd3d((12, 12, 12)) if name == "walkers" else cases.zgb2d(24, 24)
    often, once = choosing(case), choosing(case)
    for k in range(1, 400):
        often.run((k // 40, k % 40 / 40))
        assert often.total_propensity > 0.0
    often.run((2000, 0.0))
    once.run((2000, 0.0))
    assert everything(often) == everything(once)
    assert blind_processes(once)
    assert once.n_candidates > 4 * REVIEW


def test_an_engine_restored_amid_blind_rules_goes_on_to_the_same_bits():
    case = cases.rd3d((10, 10, 10))
    engine = choosing(case)
    engine.run(cases.FOREVER, 2 * REVIEW)
    arrays = snapshot(engine)
    other = choosing(replace(case, species=arrays["species"].reshape(case.species.shape)), seed=5)
    restore(other, arrays)
    other.verify()
    for _ in range(3):
        assert everything(other) == everything(engine)
        for each in (engine, other):
            each.run(cases.FOREVER, REVIEW)
    engine.verify()


def test_the_total_propensity_does_not_count_null_events():
    engine = choosing(cases.rd3d((10, 10, 10)))
    engine.run(cases.FOREVER, REVIEW + 1)
    assert blind_processes(engine)
    seeing = replace(cases.rd3d((10, 10, 10)), species=engine.species.reshape(10, 10, 10).copy())
    assert engine.total_propensity == pytest.approx(cases.engine_of(seeing.parts()).total_propensity, rel=1e-12)
    sites = sum(rate for site in range(1000) for _, rate, *_ in engine.rates_at(site))
    assert sites == pytest.approx(engine.total_propensity, rel=1e-12)


def test_an_engine_whose_blind_rules_are_given_also_gives_up_those_that_only_make_null_events():
    full = replace(cases.hop3d((4, 4, 4)), species=np.ones((4, 4, 4), dtype=np.uint8))
    engine = cases.engine_of(full.parts())
    engine.make_blind(np.ones(6, dtype=bool))
    assert engine.run((1, 0.0)) == ExitReason.NO_EVENTS  # though candidates came, and one is pending
    assert engine.n_candidates > 0
    assert engine.run(cases.FOREVER) == ExitReason.NO_EVENTS
    assert not engine.rules.rule_is_blind.any()
    assert engine.n_candidates <= REVIEW


def test_an_interrupt_leaves_the_old_classes_or_the_new_ones(monkeypatch):
    engine = cases.engine_of(cases.rd3d((6, 6, 6)).parts())
    interrupts = [0]

    def interrupted(rules, opposite):
        interrupts[0] += 1
        if interrupts[0] == 1:
            raise KeyboardInterrupt
        return rows_of(rules, opposite)

    rows_of = lattice_processes.rows_of
    monkeypatch.setattr(lattice_processes, "rows_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.make_blind(np.ones(len(engine.rules.rule_process), dtype=bool))
    assert engine.rules.rule_is_blind.all()
    engine.verify()


def test_interactions_and_wrong_shapes_are_refused():
    engine = cases.engine_of(cases.hop3d((4, 4, 4)).parts())
    with pytest.raises(ValueError, match=r"is_blind must have shape \(6,\), not \(5,\)"):
        engine.make_blind(np.ones(5, dtype=bool))
    rules = engine.rules
    many = np.zeros(6 * 513, dtype=np.int32)
    with pytest.raises(ValueError, match="a rule may look at 512 positions, not 3078"):
        replace(rules, condition_ptr=np.array([0, 3078, 3078, 3078, 3078, 3078, 3078], dtype=np.int32),
                condition_position=many, condition_allowed=np.zeros((3078, 3), dtype=np.uint8))


@pytest.mark.parametrize("blind", [(), (0,), (1,), (0, 1)])
def test_hard_particles_on_a_ring_have_the_exact_probabilities(blind):
    """A comes where both neighbours are empty, goes anywhere, and hops where that leaves it no neighbour.

    All states of a ring of six by the binary number that they are: P ~ (k_in / k_out)^n. Chi-square of 4000 states, one
    every six relaxation times, at a false-alarm rate of 1e-4 for each case.
    """
    lattice = cases.Lattice("square", 5e-10, (1, 1, 6), (False, False, True))
    left, right, far = (0, 0, -1), (0, 0, 1), (0, 0, 2)
    nothing, something = cases.any_of(0), cases.any_of(1)
    patterns = (
        cases.Pattern((nothing, nothing, nothing), (1, None, None), (cases.HERE, left, right)),
        cases.Pattern((something, nothing, nothing), (0, 1, None), (cases.HERE, right, far)),
        cases.single(1, 0),
    )
    case = cases.Case(lattice, patterns, (2.0, 3.0, 1.0), np.zeros((1, 1, 6), dtype=np.uint8), 2)
    engine = cases.engine_of(case.parts(), seed=17 + len(blind))
    engine.make_blind(np.isin(engine.rules.rule_process, blind))
    states = [s for s in product((0, 1), repeat=6) if not any(s[k] and s[k - 1] for k in range(6))]
    weights = np.array([2.0 ** sum(s) for s in states])
    numbers = {bytes(s): k for k, s in enumerate(states)}
    found = np.zeros(len(states))
    for k in range(1, 4001):
        engine.run((6 * k, 0.0))
        found[numbers[engine.species.tobytes()]] += 1
    expected = 4000 * weights / weights.sum()
    assert ((found - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(states) - 1)


def test_costs_are_those_of_the_events_of_a_sample():
    """Hops at rate 1: of ten, two would be null events; each is noticed by half a walker."""
    rules = cases.hop3d((4, 4, 4)).parts().rules
    family = np.zeros(6, dtype=np.int32)
    told = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0]])  # an empty site notices nothing
    costs = Costs(rules, family, np.full(6, 2.0), np.full(6, 1.6), told, np.array([3.0, 1.8, 9.0]))
    assert costs.total == pytest.approx(9.6)
    assert costs.waste == pytest.approx([2.4])
    seeing, blind = costs.of(np.array([False])), costs.of(np.array([True]))
    assert seeing == pytest.approx(13.0 * 4.8 + 20.0 * 9.6)
    assert blind == pytest.approx(40.0 * 2.4)

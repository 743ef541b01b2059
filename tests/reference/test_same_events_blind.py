# SPDX-License-Identifier: BSD-3-Clause
"""Engine and twin do the same, event for event, where rules look around only when they are drawn."""

import cases
import numpy as np
import pytest
from test_same_events import MECHANISMS, N_EVENTS, assert_same, assert_same_events, both, parts_of_deck


def drawn_flags(rules, share, seed):
    """A set of blind rules: each family of one anchor species and process with this probability."""
    anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
    draw = np.random.Generator(cases.bits(seed)).random((rules.n_species, rules.n_processes))
    return draw[anchor, rules.rule_process] < share


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("name", [name for name in MECHANISMS if name != "adsorption"])
def test_engine_replays_its_twin_with_blind_rules(name, share):
    engine, twin = both(MECHANISMS[name].parts(), seed=7)
    flags = drawn_flags(engine.rules, share, seed=len(name))
    engine.make_blind(flags)
    twin.make_blind(flags)
    assert engine.rules.rule_is_blind.tolist() == flags.tolist()
    assert_same_events(engine, twin, N_EVENTS.get(name, 4000))
    engine.verify()
    assert engine.blind.state()["n_null"].sum() > 100, "hardly any null events"


@pytest.mark.parametrize("name", ["walkers", "interacting gas", "film", "self images"])
def test_engine_replays_its_twin_while_rules_become_blind_and_see_again(name):
    engine, twin = both(MECHANISMS[name].parts(), seed=9)
    for step in range(12):
        flags = drawn_flags(engine.rules, (0.0, 0.5, 1.0)[step % 3], seed=step)
        engine.make_blind(flags)
        twin.make_blind(flags)
        assert_same(engine, twin)
        assert engine.next_time == twin.pending
        assert_same_events(engine, twin, 60)
        stop = (engine.time[0], engine.time[1] / 2 + 0.5)  # with a candidate pending, too
        twin.run(stop, 40)
        engine.run(stop, 40)
        engine.verify()


@pytest.mark.parametrize("name", ["walkers", "interacting gas"])
def test_engine_replays_its_twin_while_rates_of_blind_rules_are_ramped(name):
    case = MECHANISMS[name]
    engine, twin = both(case.parts(), seed=5)
    flags = drawn_flags(engine.rules, 0.7, seed=3)
    engine.make_blind(flags)
    twin.make_blind(flags)
    for step in range(8):
        rates = case.rates(10.0 ** (0.3 * step - 2)) * (1.0 + 0.1 * step * np.arange(case.rates().size))
        rates[step % 3] = 0.0
        engine.set_rates(rates)
        twin.set_rates(rates)
        assert_same_events(engine, twin, 50)
        engine.verify()


def test_engine_replays_its_twin_on_the_main_deck_with_half_of_the_rules_blind(repository):
    engine, twin = both(parts_of_deck(repository / "inputs" / "graphite_ec.yaml", (8, 8, 14)))
    anchor = np.repeat(np.arange(engine.rules.n_species), np.diff(engine.rules.rule_ptr))
    flags = drawn_flags(engine.rules, 0.5, seed=2) & (engine.rules.rates[engine.rules.rule_rate] < 1e12)
    assert 0 < flags.sum() < len(anchor)
    engine.make_blind(flags)
    twin.make_blind(flags)
    assert_same_events(engine, twin, 3000)
    engine.verify()

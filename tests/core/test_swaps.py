# SPDX-License-Identifier: BSD-3-Clause
"""Walkers that exchange all that they are with the site that they go to, and so end where a longer way would lead."""

from dataclasses import replace

import cases
import numpy as np
import pytest

from kmc_core import plans
from kmc_core.plans import BLIND, LISTED, QUIET, SWAP, plans_of

MIXED = cases.Case(
    cases.cubic(7, 8, 9),
    (cases.pair(1, 0, 0, 1), cases.pair(2, 0, 0, 2), cases.pair(1, 2, 2, 1), cases.single(2, 1), cases.single(1, 2)),
    (1.0, 1.0, 2.0, 0.3, 0.2), cases.scattered((7, 8, 9), [0.3, 0.2]), 3)
"""Case: two kinds of walkers that also pass each other; both may be in one list."""

WALLED = replace(cases.hop3d((6, 6, 6)), lattice=cases.cubic(6, 6, 6, periodic=(False, True, False)))


def all_blind(case, seed=1):
    """An engine whose rules are all blind, so that all hops are quiet."""
    engine = cases.engine_of(case.parts(), seed=seed)
    engine.make_blind(np.ones(len(engine.rules.rule_process), dtype=bool))
    return engine


def course(case):
    """What can be seen of an engine on its way, with new rates, for which lists are swept, in between."""
    engine, seen = all_blind(case), []
    for factor in (1.0, 3.0, 3.0, 0.2):
        engine.set_rates(case.rates() * np.linspace(1.0, factor, len(case.rates())))
        for _ in range(20):
            engine.run(cases.FOREVER, 50)
            seen.append((engine.species.tobytes(), engine.time, engine.n_candidates, engine.event_count.tolist()))
    engine.verify()
    return seen


def manners(rules):
    offsets = np.asarray(rules.offsets).tolist()
    opposite = np.array([offsets.index([-step for step in each]) for each in offsets], dtype=np.int32)
    shift = np.zeros((len(offsets), 3), dtype=np.int32)
    return set(plans_of(replace(rules), opposite, shift)[0]["manner"].tolist())


@pytest.mark.parametrize("case", [cases.hop3d((8, 8, 8)), WALLED, cases.rd3d((7, 8, 9)), MIXED])
def test_swaps_do_not_change_the_trajectory(case, monkeypatch):
    fast = course(case)
    with monkeypatch.context() as patch:
        patch.setattr(plans, "_find_swaps", lambda *_: None)
        assert SWAP not in manners(all_blind(case).rules)
        slow = course(case)
    assert SWAP in manners(all_blind(case).rules)
    assert fast == slow


def test_only_hops_of_which_the_species_tell_all_are_swaps():
    rules = cases.hop3d((4, 4, 4)).parts().rules
    assert manners(rules) == {LISTED}
    blind = all_blind(cases.hop3d((4, 4, 4))).rules
    assert manners(blind) == {SWAP}
    for name in ("level_stride", "layer_stride"):
        for species in (0, 1):
            strides = np.arange(2) == species
            assert manners(replace(blind, **{name: strides.astype(np.int64)})) == {QUIET}


@pytest.mark.parametrize(("pattern", "manner"), [
    (cases.pair(1, 1, 2, 2), QUIET),
    (cases.pair(1, 0, 2, 1), QUIET),
    (cases.pair(1, 2, 2, 1), SWAP),
    (cases.single(1, 2), QUIET),
])
def test_what_is_no_exchange_of_two_sites_is_no_swap(pattern, manner):
    case = cases.Case(cases.cubic(4, 4, 4), (pattern,), (1.0,), cases.scattered((4, 4, 4), [0.3, 0.3]), 3)
    assert manners(all_blind(case).rules) == {manner}


def test_a_walker_that_electrons_see_is_followed():
    case = replace(MIXED, decay=(0.1, 1.0, 2.0), lattice=cases.cubic(7, 8, 9, periodic=(False, True, True)))
    engine = all_blind(case)
    engine.run(cases.FOREVER, 500)
    engine.verify()
    assert SWAP in manners(engine.rules)  # they would be, were there no electrons
    assert BLIND not in manners(engine.rules)

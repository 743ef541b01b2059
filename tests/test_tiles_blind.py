# SPDX-License-Identifier: BSD-3-Clause
"""Films in tiles whose sectors choose rules that look around only when they are drawn."""

from dataclasses import replace

import cases
import numpy as np
import pytest
from tile_films import CASES, clock, digest, tiled

from kmc_core import ExitReason


def sectors_of(engine):
    return [each.engine for each in engine._sectors.sectors]


def test_sectors_choose_blind_rules_and_agree_with_their_sites():
    case, time = CASES["hops"]
    engine = tiled(case, blinds=True)
    engine.run(clock(1500 * time))
    assert all(each.rules.rule_is_blind.all() for each in sectors_of(engine))
    assert np.count_nonzero(engine.species == 1) == np.count_nonzero(case.species == 1)
    for each in sectors_of(engine):
        each.verify()


@pytest.mark.parametrize("name", ["hops", "reactions"])
def test_swaps_do_not_change_the_film(name, monkeypatch):
    """Where walkers exchange all that they are with the site that they go to, others are told of the same changes."""
    case, time = CASES[name]

    def film():
        engine = tiled(case, blinds=True, seed=5)
        for each in sectors_of(engine):
            each.make_blind(np.ones(len(each.rules.rule_process), dtype=bool))
        for factor in (1.0, 2.0):
            engine.set_rates(case.rates(factor))
            engine.run(clock(factor * 20 * time))
        return digest(engine), engine.counters["handed"]

    fast, n_handed = film()
    assert n_handed > 100
    with monkeypatch.context() as patch:
        patch.setattr("kmc_core.plans._find_swaps", lambda *_: None)
        assert film()[0] == fast


def test_a_film_of_blind_sectors_goes_on_from_its_snapshot_to_the_same_bits():
    case, time = CASES["reactions"]
    engine = tiled(case, blinds=True, seed=3)
    engine.run(clock(3000 * time))
    saved = engine.snapshot()
    species = saved["species"].reshape(case.species.shape)
    other = tiled(replace(case, species=species), blinds=True, seed=3)
    other.restore(saved)
    assert any(each.rules.rule_is_blind.any() for each in sectors_of(other))
    for each in (engine, other):
        each.run(clock(3100 * time))
    assert digest(engine) == digest(other)


def test_looking_at_a_film_of_blind_sectors_does_not_change_its_trajectory():
    case, time = CASES["reactions"]
    looked_at, alone = tiled(case, blinds=True), tiled(case, blinds=True)
    for k in range(1, 5):
        for each in (looked_at, alone):
            each.run(clock(k * 800 * time))
        assert looked_at.total_propensity > 0.0
        assert looked_at.species.size == case.species.size
    assert all(each.rules.rule_is_blind.any() for each in sectors_of(alone))
    assert digest(looked_at) == digest(alone)


def test_a_film_in_which_nothing_can_happen_any_more_ends():
    """Walkers on a box that fills up: blind hops are listed still, and refused."""
    shape = (4, 16, 16)
    patterns = (cases.single(0, 1), cases.pair(1, 0, 0, 1))
    film = cases.Case(cases.cubic(*shape), patterns, (4e-4, 1.0), cases.scattered(shape, [0.05]), 2)
    engine = tiled(film, blinds=True)
    engine.run((1500, 0.0))
    assert any(each.rules.rule_is_blind.any() for each in sectors_of(engine))
    assert engine.run((10**6, 0.0)) in (ExitReason.NO_EVENTS, ExitReason.MAX_TIME)
    assert engine.run((2 * 10**6, 0.0)) == ExitReason.NO_EVENTS
    assert engine.species.all()
    assert sum(each.n_candidates for each in sectors_of(engine)) < 3 * engine.n_events + 10**7

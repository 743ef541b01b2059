# SPDX-License-Identifier: BSD-3-Clause
"""Environment classes grow without limit, and their numbering never shows in what happens."""

import cases
import numpy as np
import pytest

from kmc import tables
from kmc_core import environments
from kmc_core.keys import with_hashed_keys


@pytest.fixture
def hashed_keys(monkeypatch):
    """All keys are hashed, as where mixed radix overflows."""

    monkeypatch.setattr(tables, "with_keys", with_hashed_keys)


def trajectory(case, n):
    """Species, time and counts after each of ten legs."""
    engine, legs = cases.engine_of(case.parts()), []
    for _ in range(10):
        engine.run(cases.FOREVER, n // 10)
        legs.append((engine.species.tobytes(), engine.time, engine.event_count.tolist()))
    engine.verify()
    return legs


MECHANISMS = {
    "gas": cases.lattice_gas((6, 7, 8)),
    "film": cases.film((12, 6, 6)),
    "walkers": cases.rd3d((6, 6, 6)),
}


@pytest.mark.parametrize("name", MECHANISMS)
def test_hashed_keys_give_the_trajectory_of_mixed_radix_keys(name, request):
    expected = trajectory(MECHANISMS[name], 2000)
    radix = MECHANISMS[name].parts().rules.weights
    request.getfixturevalue("hashed_keys")
    assert not np.array_equal(MECHANISMS[name].parts().rules.weights, radix)
    assert trajectory(MECHANISMS[name], 2000) == expected


def test_classes_grow_far_beyond_the_first_allocation():
    engine = cases.engine_of(cases.lattice_gas((12, 12, 12)).parts())
    engine.run(cases.FOREVER, 2000)
    assert engine.environments.n_classes > 16 * 256
    assert engine.environments.n_entries > 16 * 1024
    engine.verify()


def test_forgetting_classes_without_sites_does_not_change_the_trajectory(monkeypatch):
    """The same events with and without; the classes that are left are those in use and those met since."""
    case = cases.lattice_gas((6, 7, 8))
    expected = trajectory(case, 20_000)
    everything = cases.engine_of(case.parts())
    everything.run(cases.FOREVER, 20_000)
    monkeypatch.setattr(environments, "MANY_CLASSES", 100)
    assert trajectory(case, 20_000) == expected
    forgetful = cases.engine_of(case.parts())
    forgetful.run(cases.FOREVER, 20_000)
    assert forgetful.environments.n_classes < everything.environments.n_classes / 4


def test_classes_may_be_forgotten_while_sites_follow_changed_rates(monkeypatch):
    case = cases.lattice_gas((12, 12, 12))
    monkeypatch.setattr(environments, "MANY_CLASSES", 100)
    engine = cases.engine_of(case.parts())
    fewer = n_following = 0
    for step in range(800):
        before = engine.environments.n_classes
        engine.run(cases.FOREVER, 10)
        fewer += engine.environments.n_classes < before
        n_following += engine.groups.swept >= 0
        engine.set_rates(case.rates() * 10.0 ** np.sin(step * (1.0 + np.arange(case.rates().size))))
        if step % 60 == 0:
            engine.verify()
    assert fewer > 2
    assert n_following > 100


def test_mechanism_too_wide_for_mixed_radix_gets_hashed_keys_that_work():
    lattice = cases.cubic(5, 5, 5)
    wide = tuple(o for o in np.ndindex(5, 5, 5) if 0 < sum((c - 2) ** 2 for c in o) <= 6)
    shell = tuple(tuple(c - 2 for c in o) for o in wide)
    term = cases.NeighbourCount(cases.any_of(1), 0, shell, 0.002)
    hop = cases.Pattern((cases.any_of(1), cases.any_of(0)), (0, 1), (cases.HERE, cases.RIGHT), terms=(term,))
    case = cases.Case(lattice, (hop,), (1.0,), cases.scattered((5, 5, 5), [0.3]), 2)
    parts = case.parts()
    assert parts.rules.weights.max() > 2**50
    engine = cases.engine_of(parts)
    engine.run(cases.FOREVER, 30)
    engine.verify()


def test_sites_that_start_nothing_share_the_empty_class():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    engine.run(cases.FOREVER, 1000)
    assert (engine.groups.classes[engine.species == 0] == 0).all()
    assert (engine.groups.classes[engine.species == 1] > 0).all()


def test_species_that_rules_cannot_tell_apart_share_classes():
    """A hop looks for empty neighbours only, so 2**6 environments remain whatever else stands there."""
    case = cases.hop3d((8, 8, 8))
    species = np.random.Generator(cases.bits(3)).integers(0, 9, (8, 8, 8)).astype(np.uint8)
    engine = cases.engine_of(cases.Case(case.lattice, case.patterns, (1.0,), species, 9).parts())
    engine.run(cases.FOREVER, 20_000)
    assert engine.environments.n_classes <= 1 + 2**6

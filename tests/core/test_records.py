# SPDX-License-Identifier: BSD-3-Clause
"""What is kept of each site, its place and its class, takes as few bits as there are classes for."""

import cases
import numpy as np
import pytest
from kmc_core.snapshots import restore, snapshot
from kmc_core.verification import structures

from kmc.tiled import TiledEngine
from kmc.tiling import Tiling
from kmc_core import environments

MECHANISMS = {
    "gas": cases.lattice_gas((6, 7, 8)),
    "film": cases.film((12, 6, 6)),
    "walkers": cases.rd3d((6, 6, 6)),
    "bonds": cases.zgb2d(20, 20),
}


def lived(engine, n=3000):
    engine.run(cases.FOREVER, n)
    engine.verify()
    return engine.species.tobytes(), engine.time, engine.event_count.tolist(), engine.groups.classes.tolist()


@pytest.mark.parametrize("name", MECHANISMS)
def test_width_of_records_does_not_change_the_trajectory(name):
    narrow, wide = (cases.engine_of(MECHANISMS[name].parts()) for _ in range(2))
    wide.groups.widen()
    assert (narrow.groups.is_narrow, wide.groups.is_narrow) == (True, False)
    assert lived(narrow) == lived(wide)
    assert structures(wide)["record"].nbytes == 2 * structures(narrow)["record"].nbytes


def test_records_widen_when_there_are_more_classes_than_they_hold():
    """17 bits for 125 000 sites leave 15 for classes; a gas in which every site counts its neighbours meets more."""
    engine, wide = (cases.engine_of(cases.lattice_gas((50, 50, 50)).parts()) for _ in range(2))
    wide.groups.widen()
    assert engine.groups.is_narrow
    assert engine.groups.most_classes == 1 << 15
    while engine.environments.n_classes < (1 << 15) + 1000:
        assert engine.groups.is_narrow or engine.environments.n_classes > 30_000
        for each in (engine, wide):
            each.run(cases.FOREVER, 500)
    assert not engine.groups.is_narrow
    assert lived(engine) == lived(wide)
    assert engine.groups.classes.max() >= 1 << 15


def test_widening_leaves_places_and_classes_as_they_are():
    engine = cases.engine_of(cases.film((12, 6, 6)).parts())
    engine.run(cases.FOREVER, 2000)
    places, classes = engine.groups.places, engine.groups.classes
    engine.groups.widen()
    assert np.array_equal(places, engine.groups.places)
    assert np.array_equal(classes, engine.groups.classes)
    engine.verify()


def test_records_are_narrow_again_where_blind_rules_leave_few_classes():
    engine = cases.engine_of(cases.hop3d((8, 8, 8)).parts())
    engine.groups.widen()
    engine.run(cases.FOREVER, 1000)
    engine.make_blind(np.ones(len(engine.rules.rule_process), dtype=bool))
    assert engine.groups.is_narrow
    lived(engine)


def test_records_of_many_sites_hold_few_classes():
    """Where classes do not fit into what the places of so many sites leave, records are wide from the beginning."""
    engine = cases.engine_of(cases.lattice_gas((130, 130, 130)).parts())
    assert len(engine.species) > 1 << 21
    assert not engine.groups.is_narrow
    assert engine.environments.n_classes > 1 << 10


def many_switches(n):
    """Sites of 60 species, half of which switch into the other half, each at a rate of its own."""
    return cases.switches(n, 1.0, 1.1, [1.2 + 0.001 * k for k in range(29)]).parts()


def test_records_widen_for_classes_that_only_new_rates_have_made():
    """22 bits for 2.1 million sites leave 10; classes that leave their lists with changed rates are copied."""
    parts = many_switches(70_000)
    engine, rng = cases.engine_of(parts), np.random.default_rng(0)
    assert engine.groups.most_classes == 1 << 10
    for _ in range(4000):
        engine.set_rates(2.0 ** rng.uniform(0, 6, len(parts.rules.rates)))
        engine.run(cases.FOREVER, 1)
        assert engine.environments.n_classes <= engine.groups.most_classes
        if not engine.groups.is_narrow:
            break
    engine.run(cases.FOREVER, 5000)
    engine.verify()
    assert not engine.groups.is_narrow


@pytest.mark.parametrize("seed", range(4))
def test_sectors_have_wide_records_before_they_hear_of_changes_under_new_rates(seed):
    n_kinds = 25
    species = cases.scattered((60, 210, 420), [0.016] * (n_kinds - 1))
    hops = tuple(cases.pair(kind, 0, 0, kind) for kind in range(1, n_kinds))
    lattice = cases.cubic(*species.shape, periodic=(False, True, True))
    parts = cases.Case(lattice, hops, tuple(1.0 + 0.001 * k for k in range(n_kinds - 1)), species, n_kinds).parts()
    tiling = Tiling.of(species.shape, parts.periodic, (210, 210), (1, 1))
    engine = TiledEngine(species, parts.periodic, parts.rules, tiling, seed, probes=False)
    engine.run((0, 0.005))
    rates = np.array(engine.rules.rates)
    rates[np.random.default_rng(seed).random(len(rates)) < 0.7] *= 0.05
    engine.set_rates(rates)
    engine.run((0, 0.006))
    engine.verify()


def test_a_restored_engine_forgets_classes_when_the_first_one_does(monkeypatch):
    """Where the width of records has changed since; classes that have left decide how lists change with rates."""
    monkeypatch.setattr(environments, "MANY_CLASSES", 100)
    parts = many_switches(70_000)
    engine, rng = cases.engine_of(parts), np.random.default_rng(0)
    while engine.environments.n_classes < 1100:
        engine.set_rates(2.0 ** rng.uniform(0, 6, len(parts.rules.rates)))
        engine.run(cases.FOREVER, 1)
    other = cases.engine_of(parts._replace(species=np.array(engine.species).reshape(parts.species.shape)))
    restore(other, snapshot(engine))
    for _ in range(10):
        rates = 2.0 ** rng.uniform(0, 6, len(parts.rules.rates))
        for each in (engine, other):
            each.run(cases.FOREVER, 100)
            each.set_rates(rates)
        assert engine.environments.n_classes == other.environments.n_classes
        assert engine.time == other.time

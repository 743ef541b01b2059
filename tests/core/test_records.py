# SPDX-License-Identifier: BSD-3-Clause
"""What is kept of each site, its place and its class, takes as few bits as there are classes for."""

import cases
import numpy as np
import pytest
from kmc_core.verification import structures

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

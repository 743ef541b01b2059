# SPDX-License-Identifier: BSD-3-Clause
"""A box of 1e7 sites after 1e8 events: everything that is kept equals what the species imply."""

import cases
import pytest

pytestmark = pytest.mark.verify


@pytest.mark.parametrize("blinds", [False, True])
@pytest.mark.parametrize("name", ["hop3d", "rd3d"])
def test_large_box_verifies_after_a_hundred_million_events(name, blinds):
    side = 216  # 216**3 = 1.008e7
    parts = getattr(cases, name)((side, side, side)).parts()
    engine = cases.engine_of(parts, blinds=blinds)
    engine.run(cases.FOREVER, 100_000_000)
    assert engine.n_events == 100_000_000
    engine.verify()
    assert engine.rules.rule_is_blind.any() == blinds
    if name == "hop3d":
        assert (engine.species == 1).sum() == (parts.species == 1).sum()

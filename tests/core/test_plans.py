# SPDX-License-Identifier: BSD-3-Clause
"""What the loop reads of neighbours says what the tables of keys say."""

from dataclasses import replace

import cases
import numpy as np
import pytest

from kmc_core.plans import NOTICES, rows_of

KEY = (1 << NOTICES) - 1


def rows(rules):
    offsets = np.asarray(rules.offsets).tolist()
    return rows_of(rules, np.array([offsets.index([-step for step in each]) for each in offsets], dtype=np.int32))


@pytest.mark.parametrize("case", [cases.hop3d((4, 4, 4)), cases.rd3d((4, 4, 4)), cases.zgb2d(4, 4)])
def test_one_look_at_a_neighbour_says_its_key_and_whether_it_notices(case):
    rules = case.parts().rules
    own, _, told, seen = rows(rules)
    assert seen.shape == told.shape
    bits = np.arange(seen.shape[-1])
    assert np.array_equal(seen & KEY, np.broadcast_to(own.astype(np.uint64), seen.shape))
    assert np.array_equal(seen >> NOTICES, (told != 0) * (1 << bits))


@pytest.mark.parametrize("factor", [-1, 1 << 55])
def test_keys_that_would_reach_the_bits_are_not_summed_with_them(factor):
    rules = cases.hop3d((4, 4, 4)).parts().rules
    rules = replace(rules, weights=np.asarray(rules.weights) * factor)
    assert rows(rules)[3].size == 0


def test_more_neighbours_than_bits_are_looked_at_one_by_one():
    rules = cases.lattice_gas((4, 4, 4)).parts().rules
    assert len(rules.offsets) > 8
    assert rows(rules)[3].size == 0

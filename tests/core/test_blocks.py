# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of positions that hold clusters."""

from itertools import combinations

import numpy as np
import pytest

from kmc_core.blocks import BLOCK_ROWS, blocks_of


@pytest.mark.parametrize("n_kinds", [2, 3, 5])
def test_every_set_of_positions_lies_within_a_block_that_is_not_too_large(n_kinds):
    draws = np.random.default_rng(4)
    wheres = {frozenset(draws.choice(90, size, replace=False).tolist()) for size in (1, 2, 3) for _ in range(60)}
    blocks = blocks_of(wheres, n_kinds)
    assert all(any(where <= set(block) for block in blocks) for where in wheres)
    assert max(n_kinds ** len(block) for block in blocks) <= BLOCK_ROWS
    assert all(block == sorted(set(block)) for block in blocks)


def test_all_pairs_of_seven_positions_share_one_block():
    assert blocks_of({frozenset(pair) for pair in combinations(range(7), 2)}, 3) == [list(range(7))]

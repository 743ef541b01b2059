# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of positions that hold clusters, and the least values of sums over them, against all that can stand there."""

from itertools import combinations

import numpy as np
import pytest

from kmc_core.blocks import BLOCK_ROWS, blocks_of
from kmc_core.least_sums import least_sum


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


@pytest.mark.parametrize("seed", range(5))
def test_a_least_sum_is_the_least_of_all_sums_and_no_larger_where_tables_must_be_small(seed):
    draws = np.random.default_rng(seed)
    parts, total = [], np.zeros((3,) * 7, dtype=np.int64)
    for _ in range(6):
        places = tuple(sorted(draws.choice(7, 3, replace=False).tolist()))
        values = draws.integers(-1000, 1000, (3, 3, 3))
        parts.append((places, values))
        total += values[tuple(slice(None) if place in places else None for place in range(7))]
    assert least_sum(parts) == total.min()
    assert least_sum(parts, widest=3) <= total.min()


def test_a_sum_of_nothing_is_zero():
    assert least_sum([]) == 0

# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of positions that hold all clusters between them: as few as a greedy search finds."""
from functools import lru_cache

import numpy as np

from kmc_core.interactions import MAX_OTHERS

BLOCK_ROWS = 6600
"""int: largest table of a block, eight positions of three kinds; all tables together should fit into a near cache."""

SEEDS, CANDIDATES, MANY = 8, 128, 512
"""int: beginnings of a block that are tried (one beyond so many sets), and sets that are tried as its next part."""


def blocks_of(wheres, n_kinds):
    """Lists of positions, so that every set of positions lies within one of them.

    Parameters
    ----------
    wheres : set of frozenset of int
        Positions of every cluster around a site.
    n_kinds : int
        What can stand at a position.

    Returns
    -------
    list of list of int
    """
    most = int(np.log(BLOCK_ROWS) / np.log(max(n_kinds, 2)) + 1e-9)  # one kind: no site has others in its clusters
    return [list(block) for block in _cover(frozenset(wheres), max(MAX_OTHERS, most))]


@lru_cache(maxsize=8)
def _cover(wheres, most):
    """Blocks of at most so many positions, each of those tried that holds the most sets per position.

    A block grows by the set that brings the most other sets per added position with it. Positions are bits.
    """
    order = sorted(wheres, key=lambda each: (-len(each), sorted(each)))
    words = (max((max(where) for where in order), default=0) >> 6) + 1
    left = np.zeros((len(order), words), dtype=np.uint64)
    for i, where in enumerate(order):
        for place in where:
            left[i, place >> 6] |= np.uint64(1 << (place & 63))
    found = []
    while len(left):
        grown = [_grown(left, seed, most) for seed in left[:SEEDS if len(left) <= MANY else 1]]
        counts = [_held(left, block[None, :])[0] / _size(block) for block in grown]
        block = grown[int(np.argmax(counts))]
        left = left[((left & ~block) != 0).any(axis=1)]
        found.append(tuple(place for place in range(64 * words) if int(block[place >> 6]) >> (place & 63) & 1))
    return tuple(found)


def _grown(left, block, most):
    """A block that begins with one set, grown as long as another one fits in."""
    while True:
        unions = np.unique(block | left[((left & ~block) != 0).any(axis=1)][:CANDIDATES], axis=0)
        sizes = _size(unions)
        unions, sizes = unions[sizes <= most], sizes[sizes <= most]
        if not len(unions):
            return block
        gains = (_held(left, unions) - _held(left, block[None, :])) / (sizes - _size(block))
        block = unions[int(np.argmax(gains))]


def _held(left, blocks):
    """Number of sets that each block holds."""
    return (~((left[None, :, :] & ~blocks[:, None, :]) != 0).any(axis=2)).sum(axis=1)


def _size(blocks):
    """Number of positions."""
    return np.bitwise_count(blocks).sum(axis=-1) if hasattr(np, "bitwise_count") else _bits(blocks)


def _bits(blocks):
    return np.unpackbits(np.ascontiguousarray(blocks).view(np.uint8), axis=-1).sum(axis=-1)

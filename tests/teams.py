# SPDX-License-Identifier: BSD-3-Clause
"""Ranks that are threads of one process, for tests of what ranks do together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kmc.tile_ranks import Ranks


class Member(Ranks):
    """A rank that is a thread; it speaks to the others where `kmc.tile_ranks.MpiRanks` does."""

    def __init__(self, rank, slots, barrier):
        self.rank, self.size = rank, len(slots)
        self._slots, self._barrier = slots, barrier

    def _exchanged(self, value):
        self._slots[self.rank] = value
        self._barrier.wait()
        found = list(self._slots)
        self._barrier.wait()
        return found

    def every(self, values):
        return np.array(self._exchanged(values), dtype=np.float64)

    def summed(self, counts):
        return np.sum(self._exchanged(counts), axis=0)

    def joined(self, part):
        return self._exchanged(np.asarray(part, dtype=np.uint8))

    def shared(self, part):
        return self._exchanged(part)

    def collected(self, part):
        found = self._exchanged(part)
        return found if self.rank == 0 else []


def together(n, work):
    """What each of n ranks returns of the same work, which is given its rank."""
    slots, barrier = [None] * n, threading.Barrier(n, timeout=60)

    def run(rank):
        try:
            return work(Member(rank, slots, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, range(n)))

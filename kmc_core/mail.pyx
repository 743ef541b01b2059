# SPDX-License-Identifier: BSD-3-Clause
"""What sectors tell each other: changes that are under way, and those that wait."""
import numpy as np


cdef class Mail:
    """Changes that one process is to be told, packed, behind the number of the sector that made them and how many."""

    def __init__(self):
        self.updates, self.n, self.head = np.zeros(1024, dtype=np.uint64), 0, -1

    cdef int add(self, int64_t number, uint64_t update) except -1:
        """Add a change that a sector has made."""
        if self.n + 2 > self.updates.shape[0]:
            self.updates = np.concatenate([np.asarray(self.updates), np.zeros_like(self.updates)])
        if self.head < 0 or self.updates[self.head] >> 32 != <uint64_t> number:
            self.head = self.n
            self.updates[self.n] = <uint64_t> number << 32
            self.n += 1
        self.updates[self.head] += 1
        self.updates[self.n] = update
        self.n += 1
        return 0

    cdef object taken(self):
        """What has come since the last time; stays as it is until the next change is added."""
        cdef int64_t n = self.n
        self.n, self.head = 0, -1
        return np.asarray(self.updates)[:n]


cdef class Inboxes:
    """Changes by others that sectors have not taken over yet, packed, in a fixed order.

    Parameters
    ----------
    n_sectors : int
    """

    def __init__(self, n_sectors):
        self.n = np.zeros(n_sectors, dtype=np.int64)
        self.room, self.start = np.zeros(n_sectors, dtype=np.int64), np.zeros(n_sectors, dtype=np.uintp)
        self.arrays = [np.zeros(0, dtype=np.uint64)] * n_sectors

    cdef int enlarge(self, int64_t i) except -1:
        """Make room for more changes."""
        found = self.arrays[i]
        found = np.concatenate([found, np.zeros(max(64, len(found)), dtype=np.uint64)])
        self.arrays[i], self.room[i], self.start[i] = found, len(found), found.ctypes.data
        return 0

# SPDX-License-Identifier: BSD-3-Clause
"""What sectors tell each other: changes of sites, a number each."""
from kmc_core.typedefs cimport int64_t, uint64_t

cimport cython


@cython.final
cdef class Mail:
    cdef uint64_t[::1] updates
    cdef int64_t n, head              # words so far; where the last sector's number and count are, -1 = nowhere

    cdef int add(self, int64_t number, uint64_t update) except -1
    cdef object taken(self)


@cython.final
cdef class Inboxes:
    cdef int64_t[::1] n               # (n_sectors,) changes waiting in each inbox
    cdef int64_t[::1] room            # (n_sectors,) for so many there is room
    cdef size_t[::1] start            # (n_sectors,) where they are
    cdef list arrays                  # which the last two describe

    cdef int enlarge(self, int64_t i) except -1

    cdef inline uint64_t* of(self, int64_t i) noexcept:
        """The changes that wait for a sector, in the order in which they are to be taken over."""
        return <uint64_t*> self.start[i]

    cdef inline int drop(self, int64_t i, uint64_t update) except -1:
        """Put a change into the inbox of a sector."""
        cdef int64_t n = self.n[i]
        if n == self.room[i]:
            self.enlarge(i)
        self.of(i)[n] = update
        self.n[i] = n + 1
        return 0

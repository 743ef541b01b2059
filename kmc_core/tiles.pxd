# SPDX-License-Identifier: BSD-3-Clause
"""Sectors: the parts of a large lattice, and what they tell each other."""
from kmc_core.engine cimport Engine
from kmc_core.mail cimport Inboxes, Mail
from kmc_core.sector cimport Sector
from kmc_core.typedefs cimport int64_t, site_t, species_t, uint32_t, uint64_t

cimport cython


@cython.final
cdef class Sectors:
    cdef readonly list sectors
    cdef readonly int here            # index of this process among those that are told of changes
    cdef int64_t[::1] members         # sectors of each colour: those that tell other processes, then the others
    cdef int64_t[::1] member_ptr      # (9,) where these start in `members`; each in ascending number
    cdef Inboxes inboxes              # what others have changed
    cdef int64_t[::1] due_seconds     # (n_sectors,) time of the pending candidate; 2**60 if there is none, -1 = not known
    cdef double[::1] due_fraction
    cdef double[::1] reaches          # (n_sectors,) fastest rate that can reach another sector [1/s]
    cdef list out                     # a Mail for each process that is told of changes
    cdef bint is_alone                # this process runs all sectors
    cdef readonly int64_t n_events, n_turns  # events, and turns of sectors in which something could happen

    cdef int64_t first_seconds        # of the next candidate of all, as `find_due` has found it
    cdef double first_fraction

    cdef int advance(self, int part, int64_t window, int64_t seconds, double fraction, int64_t last_seconds,
                     double last_fraction) except -1
    cdef int _advance(self, int64_t i, int64_t window, int64_t seconds, double fraction, int64_t last_seconds,
                      double last_fraction) except -1
    cdef int take_over(self, int64_t i, Sector sector, int64_t window) except -1
    cdef int publish(self, Sector sector, int64_t window) except -1
    cdef int tell(self, Sector sector, uint64_t head, uint32_t column, uint32_t z) except -1
    cdef int64_t put(self, uint64_t[::1] updates, int64_t first) except -1
    cdef int find_due(self, int64_t window, int64_t seconds, double fraction) except -1
    cdef double most_reaching(self) noexcept
    cdef void note(self, int64_t i, Sector sector) noexcept

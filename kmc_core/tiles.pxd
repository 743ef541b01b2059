# SPDX-License-Identifier: BSD-3-Clause
"""Sector, Sectors: the parts of a large lattice, and what they tell each other."""
from kmc_core.engine cimport Engine
from kmc_core.typedefs cimport int32_t, int64_t, site_t, species_t, uint16_t, uint32_t, uint64_t

cimport cython


@cython.final
cdef class Sector:
    cdef readonly Engine engine       # its own sites, and those around them that it looks at
    cdef readonly int64_t number      # 4 tile + colour
    cdef int32_t[::1] target_ptr      # (ny * nx + 1,) other sectors that know a column
    cdef int32_t[::1] target_place    # where these run: index of a process in `Sectors.out`
    cdef int32_t[::1] target_slot     # index of the other sector there
    cdef int32_t[::1] target_column   # the column in its box
    cdef int32_t[::1] target_plane    # columns of its box
    cdef uint16_t[::1] steps          # (ny * nx,) events that it takes from a column to one that others know
    cdef int32_t[::1] edge            # (ny * nx,) number of a column that others know; -1 = none does
    cdef uint32_t[::1] stamp          # (n_edges * nz,) window of the last change there: 2 w by this sector, 2 w + 1 not
    cdef uint64_t[::1] inbox          # changes by others that are not taken over yet, packed; in a fixed order
    cdef double[::1] limits           # (n_rules,) how fast each rule can carry something over an edge, at most [1/s]
    cdef double[::1] carried          # (capacity,) the same for the sites of each class
    cdef double most                  # the largest of them [1/s]
    cdef double mover                 # how fast the fastest mover can carry something over an edge [1/s]
    cdef int n_rated                  # classes for which it is known
    cdef readonly int64_t n_handed    # changes of sites that other sectors know too
    cdef readonly int64_t n_conflicts  # sites that two sectors have changed in one window

    cdef int prepare(self) except -1
    cdef double reach(self) noexcept
    cdef void rate_classes(self) noexcept


@cython.final
cdef class Sectors:
    cdef readonly list sectors
    cdef readonly object members      # int64 arrays: sectors of each colour, in ascending number
    cdef int64_t[::1] n_in            # (n_sectors,) changes waiting in each inbox
    cdef int64_t[::1] due_seconds     # (n_sectors,) time of the pending candidate; 2**60 if there is none, -1 = not known
    cdef double[::1] due_fraction
    cdef double[::1] reaches          # (n_sectors,) fastest rate that can reach another sector [1/s]
    cdef list out                     # a Mail for each process that is told of changes
    cdef readonly int64_t n_events, n_turns  # events, and turns of sectors in which something could happen

    cdef int take_over(self, int64_t i, Sector sector, int64_t window) except -1
    cdef int publish(self, Sector sector, int64_t window) except -1
    cdef void note(self, int64_t i, Sector sector) noexcept

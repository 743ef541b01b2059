# SPDX-License-Identifier: BSD-3-Clause
"""Sector: a part of a large lattice."""
from kmc_core.engine cimport Engine
from kmc_core.rng cimport kmc_mulhi
from kmc_core.typedefs cimport int32_t, int64_t, site_t, uint16_t, uint32_t, uint64_t

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
    cdef uint64_t[::1] own_marks      # a bit for each of n_edges * nz sites: this sector has changed it in `own_window`
    cdef uint64_t[::1] other_marks    # the same for others in `other_window`, so far as they are taken over
    cdef int64_t own_window, other_window  # numbers of windows
    cdef double[::1] limits           # (n_rules,) how fast each rule can carry something over an edge, at most [1/s]
    cdef double[::1] carried          # (capacity,) the same for the sites of each class
    cdef double most                  # the largest of them [1/s]
    cdef double mover                 # how fast the fastest mover can carry something over an edge [1/s]
    cdef int n_rated                  # classes for which it is known
    cdef int64_t generation           # of their numbers
    cdef readonly int64_t n_handed    # changes of sites that other sectors know too
    cdef readonly int64_t n_conflicts  # sites that two sectors have changed in one window

    cdef int prepare(self) except -1
    cdef int review(self) except -1
    cdef void fetch(self, double n_candidates) noexcept

    cdef inline uint32_t layer(self, site_t site) noexcept:
        """z of a site."""
        return site if self.engine.lattice.magic_plane == 0 else <uint32_t> kmc_mulhi(
            self.engine.lattice.magic_plane, site)

    cdef double reach(self) noexcept
    cdef void rate_classes(self) noexcept

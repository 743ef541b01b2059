# SPDX-License-Identifier: BSD-3-Clause
"""ElectronPaths: how much an electron has decayed on its way from the electrode to each site."""
from libc.math cimport exp

from kmc_core.typedefs cimport int32_t, int64_t, level_t, species_t, uint64_t

cimport cython


@cython.final
cdef class ElectronPaths:
    cdef readonly bint enabled        # False: no process tunnels, nothing is kept
    cdef readonly double quantum      # decay exponent of one quantum, dimensionless
    cdef readonly int64_t cutoff      # quanta beyond which a site is out of reach
    cdef int64_t[::1] decay           # (n_species + 1,) quanta added by a site of each species
    cdef level_t[::1] level           # (n_sites,) interned accumulated quanta below each site; 0 = out of reach
    cdef int64_t[::1] value           # (65537,) quanta of each level
    cdef double[::1] transmission     # (65537,) exp(-decay exponent) of each level; 0 out of reach
    cdef int32_t[::1] table           # (131072,) hash of quanta -> level, 0 = empty
    cdef readonly int n_levels        # levels in use, level 0 included

    cdef inline level_t intern(self, int64_t quanta) noexcept nogil:
        """The level of an accumulated decay; a new one where it has not been met before."""
        cdef uint64_t slot
        cdef int32_t level
        if quanta > self.cutoff:
            return 0
        slot = (<uint64_t> quanta * 0x9E3779B97F4A7C15ULL) >> 47
        while True:
            level = self.table[slot]
            if level == 0:
                break
            if self.value[level] == quanta:
                return <level_t> level
            slot = (slot + 1) & 131071
        if self.n_levels == 65536:    # cannot be represented: the engine stops with an error
            self.n_levels = 65537
        if self.n_levels > 65536:
            return 0
        self.table[slot] = self.n_levels
        self.value[self.n_levels] = quanta
        self.transmission[self.n_levels] = exp(-self.quantum * quanta)
        self.n_levels += 1
        return <level_t> (self.n_levels - 1)

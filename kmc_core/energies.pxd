# SPDX-License-Identifier: BSD-3-Clause
"""SiteEnergies: the energy of a site in its surroundings, and by how much an event would change it."""
from libc.math cimport exp

from kmc_core.rng cimport kmc_prefetch
from kmc_core.state cimport MAX_POSITIONS, LatticeState
from kmc_core.typedefs cimport int32_t, int64_t, site_t, species_t, uint64_t

cimport cython


@cython.final
cdef class SiteEnergies:
    cdef readonly bint enabled        # False: no interactions, nothing is kept
    cdef object given                 # what it was made of
    cdef LatticeState surroundings    # the same species, seen through the positions of the clusters
    cdef int n_species                # of the lattice; the outside is one more
    cdef int32_t[::1] centre_of       # (n_species,) column of `cached_energy`; -1 = in no cluster
    cdef uint64_t[::1] key            # (n_sites,) sum of the weights of what surrounds each site
    cdef uint64_t[:, ::1] weight      # (n_positions, n_species + 1); 0 where no cluster looks
    # blocks: sets of positions that hold the clusters between them, each with a table over all that can stand there
    cdef int64_t[::1] alone           # (n_centres,) energy of a site by itself [quanta]
    cdef int32_t[::1] block_ptr       # (n_blocks + 1,) start in the next two
    cdef int32_t[::1] block_position  # positions of each block
    cdef int32_t[:, ::1] block_digit  # (len(block_position), n_species + 1) part of the block's index
    cdef int64_t[::1] block_start     # (n_blocks,) start in `block_energy`
    cdef int64_t[:, ::1] block_energy  # (all tables, n_centres) [quanta]
    # surroundings met lately, one to a slot: their key, then the energy of every centre [quanta]
    cdef int64_t[:, ::1] cached       # (slots, 1 + n_centres)
    cdef int shift                    # 64 - log2(slots)
    # processes
    cdef int32_t[::1] line_ptr        # (n_processes + 1,)
    cdef double[::1] line_slope
    cdef double[::1] line_intercept   # [eV]
    cdef double thermal               # kB T [eV]
    cdef int32_t[:, ::1] pair_position  # (n_changes, MAX_CHANGES) where change k sees change l of the same rule; -1 = not

    cdef void compute(self, site_t site, uint64_t key, uint64_t slot) noexcept nogil

    cdef inline int64_t energy_of(self, site_t site, species_t species, uint64_t key) noexcept nogil:
        """Energy of a species on a site whose surroundings have this key [quanta]."""
        cdef int32_t centre = self.centre_of[species]
        cdef uint64_t slot
        if centre < 0:
            return 0
        slot = (key * 0x9E3779B97F4A7C15ULL) >> self.shift
        if <uint64_t> self.cached[slot, 0] != key:
            self.compute(site, key, slot)
        return self.cached[slot, 1 + centre]

    cdef inline double factor(self, int process, int64_t change) noexcept nogil:
        """What an energy change [quanta] multiplies the rate constant of a process with."""
        cdef int line = self.line_ptr[process], end = self.line_ptr[process + 1]
        cdef double here, shift, energy = change * 1e-9
        shift = self.line_intercept[line] + self.line_slope[line] * energy
        for line in range(line + 1, end):
            here = self.line_intercept[line] + self.line_slope[line] * energy
            if here > shift:
                shift = here
        return exp(-shift / self.thermal)

    cdef inline bint notices(self, int process) noexcept nogil:
        """Whether the rate of a process depends on energies."""
        return self.line_ptr[process + 1] > self.line_ptr[process]

    cdef inline void move(self, site_t site, species_t old, species_t new) noexcept nogil:
        """Bring the keys around a changed site up to date."""
        cdef site_t around[MAX_POSITIONS]
        cdef int j, seen_at
        self.surroundings.neighbours(site, around)
        for j in range(self.surroundings.n_positions):
            seen_at = self.surroundings.opposite[j]
            if around[j] < self.surroundings.n_sites:
                self.key[around[j]] += self.weight[seen_at, new] - self.weight[seen_at, old]
                kmc_prefetch(&self.cached[(self.key[around[j]] * 0x9E3779B97F4A7C15ULL) >> self.shift, 0])

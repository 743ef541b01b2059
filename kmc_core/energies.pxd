# SPDX-License-Identifier: BSD-3-Clause
"""SiteEnergies: the energy of a site in its surroundings, and by how much an event would change it."""
from libc.math cimport exp

from kmc_core.state cimport MAX_POSITIONS, LatticeState
from kmc_core.typedefs cimport int32_t, int64_t, site_t, species_t

cimport cython

cdef enum:
    MAX_BLOCKS = 256                  # blocks that hold all clusters around a site between them


@cython.final
cdef class SiteEnergies:
    cdef readonly bint enabled        # False: no interactions, nothing is kept
    cdef object given                 # what it was made of
    cdef LatticeState surroundings    # the same species, seen through the positions of the clusters
    cdef int n_species                # of the lattice; the outside is one more
    cdef int n_blocks
    cdef int32_t[::1] centre_of       # (n_species,) column of `block_energy`; -1 = in no cluster
    # blocks: sets of positions that hold the clusters between them, each with a table over all that can stand there
    cdef int64_t[::1] alone           # (n_centres,) energy of a site by itself [quanta]
    cdef int64_t[:, ::1] block_energy  # (rows of all tables, n_centres) [quanta]
    cdef int32_t[:, ::1] row          # (n_sites, n_blocks) which row of `block_energy` each block of a site shows
    cdef int32_t[::1] block_start     # (n_blocks,) first row of each table
    cdef int32_t[::1] member_ptr      # (n_positions + 1,) start of each position in the next two
    cdef int32_t[::1] member_block    # blocks that hold the position
    cdef int32_t[:, ::1] member_digit  # (len(member_block), n_species + 1) what a species there adds to the row
    # processes
    cdef int32_t[::1] line_ptr        # (n_processes + 1,)
    cdef double[::1] line_slope
    cdef double[::1] line_intercept   # [eV]
    cdef double thermal               # kB T [eV]
    cdef int32_t[:, ::1] pair_position  # (n_changes, most changes of a rule) where change k sees change l; -1 = not

    cdef inline int64_t energy_of(self, species_t species, int32_t* row) noexcept nogil:
        """Energy of a species on a site whose blocks show these rows [quanta]."""
        cdef int32_t centre = self.centre_of[species]
        cdef int64_t energy
        cdef int block
        if centre < 0:
            return 0
        energy = self.alone[centre]
        for block in range(self.n_blocks):
            energy += self.block_energy[row[block], centre]
        return energy

    cdef inline void replace(self, int32_t* row, int position, species_t old, species_t new) noexcept nogil:
        """Bring the rows of a site up to date after the species at one position around it changed."""
        cdef int m
        for m in range(self.member_ptr[position], self.member_ptr[position + 1]):
            row[self.member_block[m]] += self.member_digit[m, new] - self.member_digit[m, old]

    cdef inline void move(self, site_t site, species_t old, species_t new) noexcept nogil:
        """Bring the rows of all sites around a changed one up to date."""
        cdef site_t around[MAX_POSITIONS]
        cdef int j
        self.surroundings.neighbours(site, around)
        for j in range(self.surroundings.n_positions):
            if around[j] < self.surroundings.n_sites:
                self.replace(&self.row[around[j], 0], self.surroundings.opposite[j], old, new)

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

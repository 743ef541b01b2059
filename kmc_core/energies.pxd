# SPDX-License-Identifier: BSD-3-Clause
"""SiteEnergies: the energy of a site in its surroundings, and by how much an event would change it."""
from libc.math cimport exp

from kmc_core.state cimport MAX_POSITIONS, LatticeState
from kmc_core.typedefs cimport int32_t, int64_t, site_t, species_t

cimport cython

cdef enum:
    MAX_CENTRES = 256                 # species that are part of a cluster
    MAX_BLOCKS = 256                  # blocks that hold all clusters around a site between them


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* 2**x from above: straight lines between whole x, up to 6.2 % too high and never too low */
    static inline double kmc_exp2_above(double x) {
        double y;
        int64_t bits;
        x = x < -1000.0 ? -1000.0 : x > 1000.0 ? 1000.0 : x;
        bits = (int64_t)((x + 1023.0 + 1e-9) * 4503599627370496.0);
        memcpy(&y, &bits, sizeof y);
        return y;
    }
    /* log2(y) from above, for normal y > 0: the same lines turned round, raised by the most that they are too low */
    static inline double kmc_log2_above(double y) {
        int64_t bits;
        memcpy(&bits, &y, sizeof bits);
        return (double)bits * (1.0 / 4503599627370496.0) - 1023.0 + 0.0860715;
    }
    /* and from below */
    static inline double kmc_log2_below(double y) { return kmc_log2_above(y) - 0.0860716; }
    """
    double kmc_log2_below(double y) noexcept nogil
    double kmc_exp2_above(double x) noexcept nogil
    double kmc_log2_above(double y) noexcept nogil

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
    # the energy that every centre has, or would have, on every site, and within what it stays
    cdef int n_centres
    cdef int64_t[:, :, ::1] held      # (n_sites, 2, n_centres) the energies, and how far each of them may still move
                                      # in the direction in which rates rise [quanta]
    cdef int64_t[:, ::1] window       # (n_species, n_centres) leeway of a site that was looked at, by its species
    cdef site_t[::1] crossed          # sites that have no leeway left
    cdef int n_crossed
    # processes
    cdef int32_t[::1] line_ptr        # (n_processes + 1,)
    cdef double[::1] line_slope
    cdef double[::1] line_intercept   # [eV]
    cdef double thermal               # kB T [eV]
    cdef double per_thermal           # 1 / (kB T ln 2) [1/eV]
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

    cdef inline int64_t* energy(self, site_t site) noexcept nogil:
        """Energies of all centres on a site [quanta]."""
        return &self.held[site, 0, 0]

    cdef inline int64_t* leeway(self, site_t site) noexcept nogil:
        """How far each of them may still move [quanta]."""
        return &self.held[site, 1, 0]

    cdef inline int64_t lost(self, site_t site, int32_t centre, species_t species, int64_t windows) noexcept nogil:
        """How far an energy may still move [quanta], after its leeway is cut down to so many windows; 0: not at all."""
        cdef int64_t* leeway = self.leeway(site) + centre
        if windows > 0 and leeway[0] > windows * self.window[species, centre]:
            leeway[0] = windows * self.window[species, centre]
        return 0 if windows == 0 else leeway[0]

    cdef void move(self, site_t site, species_t old, species_t new) noexcept nogil

    cdef inline int64_t joint(self, int32_t* row, int position, species_t old, species_t new, int32_t comes,
                              int32_t goes) noexcept nogil:
        """How much more a site's change of centre costs [quanta] after the species at one position changed."""
        cdef int64_t before, after, energy = 0
        cdef int m
        for m in range(self.member_ptr[position], self.member_ptr[position + 1]):
            before = row[self.member_block[m]]
            after = before + self.member_digit[m, new] - self.member_digit[m, old]
            if comes >= 0:
                energy += self.block_energy[after, comes] - self.block_energy[before, comes]
            if goes >= 0:
                energy -= self.block_energy[after, goes] - self.block_energy[before, goes]
        return energy

    cdef inline double barrier_shift(self, int process, int64_t change, double* slope) noexcept nogil:
        """By how much an energy change [quanta] shifts the barrier of a process [eV]; how steeply it does so there."""
        cdef int line = self.line_ptr[process], end = self.line_ptr[process + 1]
        cdef double here, shift, energy = change * 1e-9
        slope[0] = self.line_slope[line]
        shift = self.line_intercept[line] + slope[0] * energy
        for line in range(line + 1, end):
            here = self.line_intercept[line] + self.line_slope[line] * energy
            if here > shift:
                shift = here
                slope[0] = self.line_slope[line]
        return shift

    cdef inline double factor(self, int process, int64_t change) noexcept nogil:
        """What an energy change [quanta] multiplies the rate constant of a process with."""
        cdef double slope
        return exp(-self.barrier_shift(process, change, &slope) / self.thermal)

    cdef inline double factor_above(self, int process, int64_t change, double* slope) noexcept nogil:
        """The same from above, up to 6.2 % too high, in a few operations; and how steeply the barrier follows there."""
        return kmc_exp2_above(-self.barrier_shift(process, change, slope) * self.per_thermal)

    cdef inline bint notices(self, int process) noexcept nogil:
        """Whether the rate of a process depends on energies."""
        return self.line_ptr[process + 1] > self.line_ptr[process]

# SPDX-License-Identifier: BSD-3-Clause
"""SiteEnergies: the energy of a site in its surroundings, and by how much an event would change it."""
from libc.math cimport exp

from kmc_core.kernels cimport kmc_entry, kmc_event
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, rule_t, site_t, species_t, uint8_t, uint16_t

cimport cython

cdef enum:
    MAX_BLOCKS = 256                  # blocks that hold all clusters around a site between them
    MAX_DIFFERENCES = 18              # sites that an event may change, and two
    LEAST_BIN = 1                     # bins of energy changes, for factors from above, have 2**LEAST_BIN units or more


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #define KMC_MOST_FACTOR 1e150     /* what is faster comes first anyway, and sums stay finite */
    /* the next power of two above y; 0 for 0 */
    static inline double kmc_power_above(double y) {
        int64_t bits;
        double found;
        if (!(y > 0.0)) return 0.0;
        if (y > 0x1p1000) y = 0x1p1000;
        memcpy(&bits, &y, sizeof bits);
        bits = ((bits >> 52) + 1) << 52;
        memcpy(&found, &bits, sizeof found);
        return found;
    }
    """
    const double KMC_MOST_FACTOR
    double kmc_power_above(double y) noexcept nogil

@cython.final
cdef class SiteEnergies:
    cdef readonly bint enabled        # False: no interactions, nothing is kept
    cdef object given                 # what it was made of
    cdef object steps, lists          # of its rules: `Steps`, `EventLists`
    cdef LatticeState surroundings    # the same species, seen through the positions of the clusters
    cdef int n_blocks
    cdef readonly int n_kinds         # what can stand at a position
    cdef int n_centres                # species that are part of a cluster
    cdef int32_t[::1] centre_of       # (n_species,) column of `block_energy`; -1 = in no cluster
    cdef int32_t[::1] kind            # (n_species + 1,) what a species counts as in the rows
    # blocks: sets of positions that hold the clusters between them, each with a table over all that can stand there
    cdef int64_t[::1] alone           # (n_centres,) energy of a site by itself [quanta]
    cdef int64_t[:, ::1] block_energy  # (rows of all tables, n_centres) [quanta]
    cdef object records               # (n_sites, record_size) uint8, what is kept of each site: lanes, rows, a kmc_site
    cdef char* first_record
    cdef int64_t record_size
    cdef int32_t[:, :] row            # (n_sites, n_blocks) the row that each block of a site shows, times n_lanes
    cdef int32_t[::1] block_start     # (n_blocks,) first row of each table
    cdef int32_t[::1] member_stride   # (len(member_block),) what a kind there adds to the row, times its number
    cdef int32_t[::1] member_ptr      # (n_positions + 1,) start of each position in the next one
    cdef int32_t[::1] member_block    # blocks that hold the position
    # energy changes of all rules in 16 bits: `Lanes`
    cdef readonly object lanes
    cdef int n_lanes, lane_bits       # 2**lane_bits
    cdef int lane_shift               # a unit is 2**lane_shift quanta
    cdef int16_t[:, :] lane           # (n_sites, n_lanes) [units]
    cdef int16_t[:, ::1] block_lane   # (rows of all tables, n_lanes) [units]
    # what events change and whom they tell: `EventLists`
    cdef LatticeState state           # the same species, seen through the stencil of the rules
    cdef LatticeState reaching        # and through the positions of the lists, in which -1 stands for the anchor
    cdef uint8_t[::1] inside          # (n_sites,) whether no boundary is near for its events
    cdef int32_t[::1] told_ptr        # (n_rules + 1,) anchors whose rates can have changed
    cdef int32_t[::1] told            # (n_told + 1,) position
    cdef site_t[::1] told_step        # (n_told + 1,) from the anchor of the event, where no boundary is near
    cdef int64_t[::1] told_bytes      # (n_told + 1,) the same between records
    cdef int32_t[:, ::1] told_shift   # (n_told + 1, 3) where the tables of coordinates have them, from that anchor
    cdef site_t[::1] told_now         # (most told + 1,) these anchors, where one is
    cdef int32_t[::1] near_ptr        # (n_rules + 1,) sites whose rows change, by how many of them do
    cdef int32_t[::1] near            # (n_near + 1,) which of the told anchors each is
    cdef int64_t[::1] near_bytes      # (n_near + 1,) between records, where no boundary is near
    cdef site_t[::1] near_now         # (most near + 1,) these sites, where one is
    cdef int32_t[::1] run_ptr         # (n_rules + 1,)
    cdef int32_t[:, ::1] runs         # (n_runs + 1, 2) near sites with the same number of rows: a kmc_run each
    cdef int32_t[::1] entry_ptr       # (n_rules + 1,) rows that change, in the order of near sites
    cdef int32_t[:, ::1] entries      # (n_entries + 1, 2) where the rule tells: a kmc_entry each
    cdef int32_t[:, ::1] entries_now  # (most entries of a rule + 1, 2) of an event
    cdef int32_t[:, ::1] shares       # (n_entries + 1, 3) number of a change, -1 where the rule tells; what a kind adds to
                                      # the row there, and at the next change
    cdef uint16_t[:, ::1] posted_to   # (n_near + 1, n_posts) which of the told anchors have lanes about each
    cdef int64_t[:, ::1] post         # (n_posts + 1, 2) from a site to them [bytes], and their vector: a kmc_post each
    cdef int16_t[:, ::1] post_mask    # (n_posts + 1, lanes of a vector) which lanes these are
    cdef int64_t[:, ::1] events       # (n_rules + 1, 10) all of that for every rule: a kmc_event each
    cdef kmc_event* event             # its first element
    # processes
    cdef int32_t[::1] line_ptr        # (n_processes + 1,)
    cdef double[::1] line_slope
    cdef double[::1] line_intercept   # [eV]
    cdef double thermal               # kB T [eV]
    cdef int bin_shift                # factors from above: 2**bin_shift units a bin
    cdef int n_bins                   # all 16 bits of them
    cdef double[:, ::1] bin_factor    # (ways to follow energies, n_bins) largest factor in a bin of energy changes
    cdef int32_t[::1] factors_of      # (n_processes,) where those of each process start
    cdef int32_t[:, ::1] pair_position  # (n_changes, most changes of a rule) where change k sees change l; -1 = not

    cdef inline void replace(self, int32_t* row, int position, species_t old, species_t new) noexcept nogil:
        """Bring the rows of a site up to date after the species at one position around it changed."""
        cdef int m
        for m in range(self.member_ptr[position], self.member_ptr[position + 1]):
            row[self.member_block[m]] += self.member_stride[m] * self.n_lanes * (self.kind[new] - self.kind[old])

    cdef inline int64_t energy(self, site_t site, int centre) noexcept nogil:
        """Energy that a centre has, or would have, on a site [quanta]."""
        cdef int64_t found = self.alone[centre]
        cdef int b
        for b in range(self.n_blocks):
            found += self.block_energy[self.row[site, b] >> self.lane_bits, centre]
        return found

    cdef inline kmc_event* event_of(self, site_t site, rule_t rule, site_t* changed, species_t* old,
                                    int n) noexcept nogil:
        """What an event does to rows and lanes."""
        cdef kmc_event* event = self.event + rule
        event.site, event.is_inner = site, self.inside[site]
        if event.is_mixed:
            event.entry = self._entries_now(rule, changed, old, n)
        event.told_site = &self.told_step[0] + self.told_ptr[rule]
        if not event.is_inner:
            self._locate(site, rule)
            event.told_site = &self.told_now[0]
        return event

    cdef void _locate(self, site_t site, rule_t rule) noexcept nogil

    cdef kmc_entry* _entries_now(self, rule_t rule, site_t* changed, species_t* old, int n) noexcept nogil

    cdef inline int64_t joint(self, int32_t* row, int position, species_t old, species_t new, int32_t comes,
                              int32_t goes) noexcept nogil:
        """How much more a site's change of centre costs [quanta] after the species at one position changed."""
        cdef int64_t* here
        cdef int64_t* there
        cdef int64_t energy = 0
        cdef int m
        for m in range(self.member_ptr[position], self.member_ptr[position + 1]):
            here = &self.block_energy[0, 0] + (row[self.member_block[m]] >> self.lane_bits) * <int64_t> self.n_centres
            there = here + self.member_stride[m] * (self.kind[new] - self.kind[old]) * <int64_t> self.n_centres
            if comes >= 0:
                energy += there[comes] - here[comes]
            if goes >= 0:
                energy -= there[goes] - here[goes]
        return energy

    cdef inline double barrier_shift(self, int process, int64_t change) noexcept nogil:
        """By how much an energy change [quanta] shifts the barrier of a process [eV]."""
        cdef int line = self.line_ptr[process], end = self.line_ptr[process + 1]
        cdef double energy = change * 1e-9
        cdef double shift = self.line_intercept[line] + self.line_slope[line] * energy
        for line in range(line + 1, end):
            shift = max(shift, self.line_intercept[line] + self.line_slope[line] * energy)
        return shift

    cdef inline double factor(self, int process, int64_t change) noexcept nogil:
        """What an energy change [quanta] multiplies the rate constant of a process with."""
        return min(exp(-self.barrier_shift(process, change) / self.thermal), KMC_MOST_FACTOR)

    cdef double steepest(self, int process) noexcept nogil
    cdef int64_t threshold(self, int process, double ratio) noexcept nogil

    cdef inline bint notices(self, int process) noexcept nogil:
        """Whether the rate of a process depends on energies."""
        return self.line_ptr[process + 1] > self.line_ptr[process]

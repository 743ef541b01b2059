# SPDX-License-Identifier: BSD-3-Clause
"""LatticeProcesses: the lattice, what can happen on it, and the lists that say how often."""
from kmc_core.bins cimport SiteGroups
from kmc_core.electrons cimport ElectronPaths
from kmc_core.energies cimport SiteEnergies
from kmc_core.environments cimport EnvironmentTable
from kmc_core.rng cimport RandomStream, kmc_mulhi
from kmc_core.site_rates cimport SiteRates
from kmc_core.state cimport MAX_POSITIONS, LatticeState
from kmc_core.typedefs cimport (class_t, int8_t, int16_t, int32_t, int64_t, level_t, rule_t, site_t, species_t, uint8_t,
                                uint32_t, uint64_t)

cimport cython

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    LISTED = 0                        # manners of rules, see `plans`
    QUIET = 2
    SWAP = 3
    LOOKED_AT = 16                    # words that `look_ahead` looks at, and more
    NOTICES = 56                      # first of the bits that say which neighbours notice; see `plans`
    ANY = 0                           # what the compiler knows of the neighbours of a site: nothing,
    CUBIC = 1                         # that they are the six of the simple cubic lattice,
    SQUARE = 2                        # that they are four
    WIDTH = 8                         # positions that there is room for in these two cases
    SWEPT_AT_ONCE = 8                 # sites that are looked at after each candidate while lists are being swept

cdef struct change_plan:              # one changed site of a rule; see `plans`
    int64_t key
    int64_t base
    int64_t row
    int32_t position
    int32_t partner
    uint32_t others
    int8_t dx
    int8_t dy
    int8_t dz
    species_t species
    int32_t look

cdef struct rule_plan:                # what an event of a rule does
    int32_t first
    int32_t process
    int32_t first_look
    int16_t n_looks
    int8_t n
    int8_t manner
    int32_t x                         # where it looks first
    int32_t y
    int32_t z
    species_t species                 # of a swap: which it wants there

cdef struct look_plan:                # what a rule asks of one position
    int32_t x
    int32_t y
    int32_t z
    int32_t allowed


@cython.final
cdef class LatticeProcesses:
    cdef readonly LatticeState state
    cdef readonly ElectronPaths electrons
    cdef readonly EnvironmentTable environments
    cdef readonly SiteGroups groups
    cdef readonly RandomStream random
    cdef readonly object rules        # kmc_core.Rules
    # keys by the species of a neighbour, then by its position, 2**row_shift of them: see `plans`
    cdef int row_shift
    cdef int64_t row_size             # keys of one species, or one pair of species
    cdef int64_t[::1] row_start       # (n_species,) where those of all pairs start of which it is the first
    cdef int64_t[:, :, ::1] own       # (n_species, n_species + 1, 2**row_shift) what a neighbour adds to a site's key
    cdef int64_t[:, :, ::1] noticed   # the same shape: what it adds to the key of that neighbour
    cdef int64_t[:, :, :, ::1] told   # (n_species, n_species, ...) what a change from one to the other does to the key of
                                      # a neighbour; no elements where there are too many pairs
    cdef uint64_t[:, :, :, ::1] seen  # what one look at a neighbour says after that change: see `plans`
    cdef uint8_t[:, ::1] is_unheard   # (n_species, n_species) no neighbour notices a change from one to the other,
                                      # and a site of the other does not look around: see `plans`
    cdef int shape                    # CUBIC, SQUARE, or ANY
    cdef int64_t[::1] told_now        # (row_size,) the same for one pair, where it has to be worked out each time
    cdef int32_t[::1] layer_of        # (nz,) layer of each z plane, for rules that notice layers
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    cdef object plans                 # the three structured arrays behind the next three
    cdef rule_plan* rule_plans        # (n_rules,)
    cdef change_plan* change_plans    # (n_changes,)
    cdef look_plan* look_plans        # (n_conditions + 1,)
    cdef uint8_t[:, ::1] allowed      # (n_conditions + 1, n_species + 1)
    cdef bint is_quiet                # all rules are
    # only with interactions: a site has a propensity of its own then, and a list by an upper bound of it
    cdef readonly SiteEnergies energies
    cdef readonly SiteRates site_rates
    cdef site_t[::1] reclassified     # sites that changed class in this event
    cdef int64_t n_reclassified
    cdef bint looks_ahead             # the listed sites are too many for the cache
    cdef int n_fetched                # steps to sites that are fetched with a listed one
    cdef int64_t[::1] fetched_species  # to their species [bytes]
    cdef int64_t[::1] fetched_record  # to their records [bytes]
    cdef int64_t next_place           # where in the pool the third candidate from now is expected; -1 = not known
    cdef int64_t next_site            # where the second one from now is expected; -1 = not known

    # only where this lattice is a part of a larger one (`tiles`)
    cdef readonly species_t foreign   # species from here on are those of sites of other parts, less this; 255 = none
    cdef bint notes_edges             # there are other parts
    cdef uint8_t[::1] at_edge         # (ny * nx,) columns that other parts know too
    cdef uint64_t magic_plane         # 2**64 / (nx ny), rounded up
    cdef site_t[::1] noted            # changed sites that other parts know too, in the order of events
    cdef int64_t n_noted

    cdef inline species_t mark_of(self, species_t species) noexcept nogil:
        """What is added to a species where this one is: the sites of other parts keep their mark."""
        return self.foreign if species >= self.foreign else 0

    cdef inline uint32_t column(self, site_t site) noexcept nogil:
        """x + nx y of a site."""
        cdef uint32_t plane = self.state.nx * self.state.ny
        return 0 if plane == 1 else site - <uint32_t> kmc_mulhi(self.magic_plane, site) * plane

    cdef inline bint is_short(self) noexcept nogil:
        """Whether lists or classes must grow before the next event."""
        return self.groups.is_short or self.environments.is_short

    cdef inline int32_t layer(self, site_t site) noexcept nogil:
        """Layer of a site."""
        return self.layer_of[site // (self.state.nx * self.state.ny)]

    cdef int64_t* _work_out(self, species_t old, species_t new) noexcept nogil
    cdef void execute(self, site_t site, rule_t rule) noexcept nogil
    cdef void overwrite(self, site_t site, species_t species) noexcept nogil
    cdef bint attempt(self, site_t site, rule_t rule) noexcept nogil
    cdef bint _is_possible(self, site_t site, rule_t rule) noexcept nogil
    cdef void sweep(self) noexcept nogil
    cdef void _finish_sweep(self, int group) noexcept nogil
    cdef void _classify(self, site_t site) noexcept nogil
    cdef class_t _met(self, site_t site, int64_t key, species_t species, level_t level, int32_t layer) noexcept nogil
    cdef int64_t _own_key(self, site_t site, site_t* around) noexcept nogil
    cdef int32_t _place_class(self, class_t c) noexcept nogil
    cdef void _refresh_column(self, site_t site) noexcept nogil

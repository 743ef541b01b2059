# SPDX-License-Identifier: BSD-3-Clause
"""LatticeProcesses: the lattice, what can happen on it, and the lists that say how often."""
from kmc_core.bins cimport SiteGroups
from kmc_core.electrons cimport ElectronPaths
from kmc_core.energies cimport SiteEnergies
from kmc_core.environments cimport EnvironmentTable
from kmc_core.rng cimport RandomStream
from kmc_core.site_rates cimport SiteRates
from kmc_core.state cimport MAX_POSITIONS, LatticeState
from kmc_core.typedefs cimport (class_t, int32_t, int64_t, level_t, rule_t, site_t, species_t, uint8_t,
                                uint32_t, uint64_t)

cimport cython

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    SWEPT_AT_ONCE = 8                 # sites that are looked at after each candidate while lists are being swept


@cython.final
cdef class LatticeProcesses:
    cdef readonly LatticeState state
    cdef readonly ElectronPaths electrons
    cdef readonly EnvironmentTable environments
    cdef readonly SiteGroups groups
    cdef readonly RandomStream random
    cdef readonly object rules        # kmc_core.Rules
    cdef class_t[:] class_of          # (n_sites,) environment class of each site: a column of the lists' records
    cdef int64_t[:, :, ::1] noticed   # (n_species, n_positions, n_species + 1) key that a neighbour adds for a species
    cdef int32_t[::1] layer_of        # (nz,) layer of each z plane, for rules that notice layers
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    # only with interactions: a site has a propensity of its own then, and a list by an upper bound of it
    cdef readonly SiteEnergies energies
    cdef readonly SiteRates site_rates
    cdef site_t[::1] reclassified     # sites that changed class in this event
    cdef int64_t n_reclassified
    cdef bint looks_ahead             # the listed sites are too many for the cache
    cdef int64_t next_place           # where in the pool the third candidate from now is expected; -1 = not known
    cdef int64_t next_site            # where the second one from now is expected; -1 = not known

    cdef inline bint is_short(self) noexcept nogil:
        """Whether lists or classes must grow before the next event."""
        return self.groups.is_short or self.environments.is_short

    cdef inline int32_t layer(self, site_t site) noexcept nogil:
        """Layer of a site."""
        return self.layer_of[site // (self.state.nx * self.state.ny)]

    cdef void look_ahead(self, double bound) noexcept nogil
    cdef rule_t candidate(self, double u, site_t* site) noexcept nogil
    cdef void execute(self, site_t site, rule_t rule) noexcept nogil
    cdef void sweep(self) noexcept nogil
    cdef void _finish_sweep(self, int group) noexcept nogil
    cdef void _look_at_rule(self, site_t site, double bound) noexcept nogil
    cdef void _classify(self, site_t site) noexcept nogil
    cdef int64_t _own_key(self, site_t site, site_t* around) noexcept nogil
    cdef int32_t _place_class(self, class_t c) noexcept nogil
    cdef void _refresh_column(self, site_t site) noexcept nogil
    cdef void _rate_touched(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n) noexcept nogil

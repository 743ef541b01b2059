# SPDX-License-Identifier: BSD-3-Clause
"""SiteRates: with interactions every site has a propensity of its own, and a list by an upper bound of it."""
from kmc_core.bins cimport SiteGroups
from kmc_core.energies cimport SiteEnergies
from kmc_core.environments cimport EnvironmentTable
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport class_t, int16_t, int32_t, int64_t, rule_t, site_t, species_t, uint8_t

cimport cython


@cython.final
cdef class SiteRates:
    cdef readonly SiteEnergies energies
    cdef readonly int most            # sites that one event can make change lists
    cdef LatticeState state
    cdef EnvironmentTable environments
    cdef SiteGroups groups
    cdef class_t[:] class_of          # (n_sites,) environment class of each site
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    # how the energy change of a rule is worked out: `RuleTerms`
    cdef int32_t[:, ::1] terms        # (n_rules, N_TERMS)
    cdef int32_t[:, ::1] inner_terms  # (n_rules, 4) where `alone` finds energies, where no boundary is near
    cdef int32_t[:, ::1] shared       # (n_shared + 1, 2)
    cdef int64_t[::1] lowest          # (n_rules,) [quanta]
    # anchors that an event of a rule can make faster: `EventLists`
    cdef LatticeState reaching        # the same species, seen through the positions of the lists
    cdef int32_t[::1] told_ptr        # (n_rules + 1,)
    cdef int32_t[::1] told            # (n_told + 1,)
    cdef int32_t[::1] step            # (n_positions + 1,) from a site to itself and its neighbours, no boundary near
    # slow sites: each of their rules is at most as fast as its part of the bound, which is the same for all of them
    cdef uint8_t[::1] is_slow         # (n_sites,)
    cdef int64_t[::1] threshold       # (entries of classes,) energy change from which on it is [quanta]
    cdef int64_t[::1] quick_threshold  # the same before what the sites of a rule share is looked at
    cdef int32_t[::1] rated           # (classes,) for which lowest bound the thresholds of a class are; 0 = none
    cdef int32_t version              # of the lowest bound
    cdef int32_t slow_group           # list of that bound
    cdef int16_t[::1] group_of        # (n_sites,) list of each site; -1 = none
    cdef double[::1] floor            # (3,) lowest bound in use [1/s]; events since it was set; candidates until it is

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil
    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil
    cdef void rate_site(self, site_t site) noexcept nogil
    cdef void _rate(self, site_t site, int32_t* step, bint inner) noexcept nogil
    cdef void _set_thresholds(self, class_t c) noexcept nogil
    cdef void _set_floor(self, double mean) noexcept nogil
    cdef rule_t _choose_slow(self, site_t site, double u, double bound, int32_t* step, bint inner) noexcept nogil
    cdef double rate_of(self, int entry, site_t site, int32_t* step, bint inner) noexcept nogil
    cdef double rate_at(self, int entry, site_t site) noexcept nogil

# SPDX-License-Identifier: BSD-3-Clause
"""SiteRates: with interactions every site has a propensity of its own, and a list by an upper bound of it."""
from kmc_core.bins cimport SiteGroups
from kmc_core.energies cimport SiteEnergies
from kmc_core.environments cimport EnvironmentTable
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport class_t, int16_t, int32_t, int64_t, rule_t, site_t, species_t

cimport cython


@cython.final
cdef class SiteRates:
    cdef readonly SiteEnergies energies
    cdef readonly int most            # sites that one event can make dubious
    cdef LatticeState state
    cdef EnvironmentTable environments
    cdef SiteGroups groups
    cdef class_t[:] class_of          # (n_sites,) environment class of each site
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    cdef int32_t[:, ::1] terms        # (n_rules, 9) how the energy change of a rule is worked out: `rule_terms`
    cdef int32_t[:, ::1] shared       # (n_shared, 2)
    # anchors that an event of a rule can make faster: `EventLists`
    cdef LatticeState reaching        # the same species, seen through the positions of the lists
    cdef int32_t[::1] told_ptr        # (n_rules + 1,)
    cdef int32_t[:, ::1] told         # (n_told, 3 + n_partners)
    cdef int n_partners
    cdef int most_partners            # of them, as many as one rule changes
    cdef int32_t[:, ::1] drift        # (n_rows, n_species + 1) [quanta]
    # the bound of a site holds until energy changes there have fallen by its slack, and what is left of it says how far
    # the propensity lies below the bound: by slack * steepness powers of two at least
    cdef int32_t[::1] slack           # (n_sites,) [quanta]
    cdef float[::1] steepness         # (n_sites,) [1/quanta]
    cdef int16_t[::1] group_of        # (n_sites,) list of each site; -1 = none
    cdef double[::1] floor            # (3,) lowest bound in use [1/s]; events since it was set; candidates until it is
    cdef site_t[::1] dubious          # sites whose slack this event has used up
    cdef int64_t n_dubious

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil
    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil
    cdef void rate_site(self, site_t site) noexcept nogil
    cdef double total_above(self, site_t site) noexcept nogil
    cdef void _tell(self, site_t site, rule_t rule) noexcept nogil
    cdef rule_t _chosen(self, site_t site, double u, double limit, double bound) noexcept nogil
    cdef int32_t _list_for(self, int32_t before, double total) noexcept nogil
    cdef void _set_slack(self, site_t site, double total, double steepest, double bound) noexcept nogil
    cdef void _set_floor(self, double mean) noexcept nogil
    cdef double rate_of(self, int entry, site_t site, site_t* around) noexcept nogil

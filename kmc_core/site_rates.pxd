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
    cdef readonly int most            # sites that one event can make dubious
    cdef LatticeState state
    cdef EnvironmentTable environments
    cdef SiteGroups groups
    cdef class_t[:] class_of          # (n_sites,) environment class of each site
    cdef LatticeState noticing        # the same species, seen through the positions where an event can touch rates
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    cdef int32_t[::1] touched_ptr     # (n_rules + 1,) sites around the anchor that an event of a rule can touch
    cdef int32_t[::1] touched         # their positions in `noticing`
    cdef float[:, ::1] drift          # (n_touched, n_species + 1) most that energy changes there can fall [eV]
    cdef int32_t[::1] role_position   # (n_roles,) where a site sees anchors that may change it; -1 = itself
    cdef uint8_t[:, :, :, ::1] follows  # (n_species, n_centres, n_roles, n_species + 1) whether rates there follow it
    cdef float[::1] slack             # (n_sites,) what energy changes may still fall before the bound is in doubt [eV]
    cdef int16_t[::1] group_of        # (n_sites,) list of each site; -1 = none
    cdef double[::1] floor            # (3,) lowest bound in use [1/s]; events since it was set; candidates until it is
    cdef site_t[::1] dubious          # sites whose slack this event has used up
    cdef int64_t n_dubious

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil
    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil
    cdef void rate_site(self, site_t site, int64_t windows) noexcept nogil
    cdef void _tell_anchors(self, site_t site) noexcept nogil
    cdef void _set_floor(self) noexcept nogil
    cdef double rate_of(self, int entry, site_t site, site_t* around) noexcept nogil

# SPDX-License-Identifier: BSD-3-Clause
"""SiteRates: with interactions every site has a propensity of its own, and a list by an upper bound of it."""
from kmc_core.bins cimport SiteGroups
from kmc_core.energies cimport SiteEnergies
from kmc_core.environments cimport EnvironmentTable
from kmc_core.kernels cimport kmc_asked, kmc_class, kmc_line, kmc_rule, kmc_site, kmc_site_at, kmc_tables
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport class_t, int16_t, int32_t, int64_t, rule_t, site_t, species_t, uint8_t, uint16_t, uint32_t

cimport cython

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    GENERAL_RULE = 0                  # a kind of rules, as in `lanes`
    KIND = 0                          # columns of the terms of rules, as `Lanes` has them:
    FIRST_LANE = 1                    # a lane and its sign, then another one and its sign
    ERROR = 5
    NEVER_SLOW = 32767                # thresholds beyond every energy change [units]
    ALWAYS_SLOW = -32768


@cython.final
cdef class SiteRates:
    cdef readonly SiteEnergies energies
    cdef readonly int most            # sites that one event can make change lists
    cdef LatticeState state
    cdef EnvironmentTable environments
    cdef SiteGroups groups
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    # how the energy change of a rule is worked out: `Lanes`
    cdef int32_t[:, ::1] terms        # (n_rules, 6)
    cdef uint8_t[::1] is_laned        # (n_rules,) whether lanes tell its rate constant well enough
    cdef int64_t[:, ::1] asked        # (most told + 1, 2) anchors of an event to be listed afresh: a kmc_asked each
    cdef int32_t[:, ::1] change       # (most told + 1, 8) energy changes of their rules [units]
    cdef uint32_t[::1] answer         # (most told + 1,) which of them are fast or have outgrown their bounds
    cdef uint16_t[::1] kind           # (n_sites,) which boundaries are near for its rules; 0 = none
    cdef int32_t[::1] step            # (n_kinds * (n_positions + 1),) from a site to itself and its neighbours
    # slow sites: each of their rules is at most as fast as its part of the bound, which is the same for all of them
    cdef readonly object is_slow      # uint8 view, (n_sites,) 1 = in the list of the lowest bound, 2 = of an earlier one
    cdef int32_t[:, ::1] classes      # (classes, 5) what is known of them: a kmc_class each
    cdef kmc_class* known             # its first element
    cdef int64_t[:, ::1] rules        # (8 * lines of classes, 3) how their rules are rated: a kmc_rule each
    cdef kmc_rule* rule               # its first element
    cdef uint8_t[:, ::1] lines        # (lines of classes, line_size) up to eight rules at once: a kmc_line each
    cdef int n_lines                  # in use; the first is of no class
    cdef int64_t[:, ::1] rates        # (lines of classes, 16) and how these are rated: a kmc_rates each
    cdef bint is_plain                # without AVX2 though there is
    cdef kmc_tables tables            # what is looked up there
    cdef int32_t version              # of the lowest bound
    cdef int32_t slow_group           # list of that bound
    cdef readonly object group_of     # int16 view, (n_sites,) list of each site; -1 = none
    cdef double[::1] floor            # (3,) lowest bound in use [1/s]; events since it was set; candidates until it is

    cdef inline kmc_site* at(self, site_t site) noexcept nogil:
        """What is known of a site."""
        return kmc_site_at(&self.tables, site)

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil
    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil
    cdef void rate_site(self, site_t site) noexcept nogil
    cdef void _rate(self, site_t site, kmc_class* known) noexcept nogil
    cdef void _move(self, site_t site, bint is_slow, double total) noexcept nogil
    cdef void _relist(self, site_t site, int32_t before, int32_t after) noexcept nogil
    cdef void _set_thresholds(self, class_t c) noexcept nogil
    cdef void _set_rule(self, kmc_class* known, int k) noexcept nogil
    cdef void _set_line(self, kmc_class* known, int number) noexcept nogil
    cpdef void find_slow_group(self) noexcept nogil
    cdef void forget_notes(self) noexcept nogil
    cdef void _set_floor(self, double mean) noexcept nogil

# SPDX-License-Identifier: BSD-3-Clause
"""Engine: the kinetic Monte Carlo loop."""
from kmc_core.bins cimport SiteGroups
from kmc_core.electrons cimport ElectronPaths
from kmc_core.environments cimport EnvironmentTable
from kmc_core.rng cimport RandomStream
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport class_t, int32_t, int64_t, level_t, rule_t, site_t, species_t, uint32_t

cimport cython

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change


@cython.final
cdef class Engine:
    cdef readonly LatticeState state
    cdef readonly ElectronPaths electrons
    cdef readonly EnvironmentTable environments
    cdef readonly SiteGroups groups
    cdef readonly RandomStream random
    cdef readonly object rules        # kmc_core.Rules
    cdef class_t[::1] class_of        # (n_sites,) environment class of each site
    cdef int32_t[::1] change_ptr      # (n_rules + 1,) as in Rules
    cdef int32_t[::1] change_position
    cdef species_t[::1] change_species
    cdef int32_t[::1] rule_process
    cdef int64_t[::1] count           # (n_processes,) events of each process
    # clock: whole seconds and a fraction in [0, 1), so that 1 ps is resolved after 1e9 years as well as at 1 s
    cdef int64_t seconds
    cdef double fraction
    cdef int64_t next_seconds         # time of the pending candidate
    cdef double next_fraction
    cdef double far_wait              # waiting time of a candidate beyond the reach of the clock [s]
    cdef bint looks_ahead             # the lattice is too large for the cache
    cdef int64_t next_place           # where in the pool of sites the next candidate is expected; -1 = not known
    cdef bint has_pending             # a candidate time has been drawn and not used yet
    cdef readonly int64_t n_events    # events executed
    cdef readonly int64_t n_candidates  # candidates drawn, refused ones included

    cdef inline bint is_far(self) noexcept nogil:
        """The pending candidate is so late that only its waiting time is known."""
        return self.next_seconds == <int64_t> 1 << 60

    cdef int _advance(self, int64_t stop_seconds, double stop_fraction, int64_t last_event) noexcept nogil
    cdef void _schedule(self, double wait) noexcept nogil
    cdef void _look_ahead(self, double bound) noexcept nogil
    cdef rule_t _candidate(self, double bound, site_t* site) noexcept nogil
    cdef void _execute(self, site_t site, rule_t rule) noexcept nogil
    cdef void _refresh_neighbours(self, site_t site, species_t old, site_t* around, site_t* changed,
                                  int n_changed) noexcept nogil
    cdef void _classify(self, site_t site, site_t* around) noexcept nogil
    cdef void _refresh_column(self, site_t site) noexcept nogil
    cdef void _assign(self, site_t site, class_t new) noexcept nogil

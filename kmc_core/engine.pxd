# SPDX-License-Identifier: BSD-3-Clause
"""Engine: the kinetic Monte Carlo loop."""
from libc.math cimport floor

from kmc_core.bins cimport SiteGroups
from kmc_core.blind_rules cimport BlindRules
from kmc_core.electrons cimport ElectronPaths
from kmc_core.environments cimport EnvironmentTable
from kmc_core.lattice_processes cimport LOOKED_AT, MAX_CHANGES, LatticeProcesses
from kmc_core.rng cimport RandomStream
from kmc_core.solution cimport Solution
from kmc_core.state cimport LatticeState
from kmc_core.typedefs cimport int64_t, rule_t, site_t

cimport cython

@cython.final
cdef class Engine:
    cdef readonly LatticeProcesses lattice
    cdef readonly LatticeState state  # of the lattice, as are the next three
    cdef readonly ElectronPaths electrons
    cdef readonly EnvironmentTable environments
    cdef readonly SiteGroups groups
    cdef readonly Solution solution   # without species or reactions if there is none
    cdef readonly RandomStream random
    cdef readonly BlindRules blind    # which rules look around only when they are drawn
    cdef readonly object rules        # kmc_core.Rules
    cdef int64_t[::1] count           # (n_processes,) events of each process
    # clock: whole seconds and a fraction in [0, 1), so that 1 ps is resolved after 1e9 years as well as at 1 s
    cdef int64_t seconds
    cdef double fraction
    cdef int64_t next_seconds         # time of the pending candidate
    cdef double next_fraction
    cdef double far_wait              # waiting time of a candidate beyond the reach of the clock [s]
    cdef bint has_pending             # a candidate time has been drawn and not used yet
    cdef readonly int64_t n_events    # events executed
    cdef readonly int64_t n_candidates  # candidates drawn, refused ones included

    cdef inline bint is_far(self) noexcept nogil:
        """The pending candidate is so late that only its waiting time is known."""
        return self.next_seconds == <int64_t> 1 << 60

    cdef inline double total(self) noexcept nogil:
        """Rate of candidates, on the lattice and in the solution [1/s]."""
        return self.groups.total() + self.solution.total()

    cdef int _review(self) except -1
    cdef int _advance(self, int64_t stop_seconds, double stop_fraction, int64_t last_event) noexcept nogil

    cdef inline void _schedule(self, double wait) noexcept nogil:
        """Put the next candidate at `wait` seconds from now."""
        cdef double later = self.fraction + wait
        self.has_pending = True
        if later < 1.0:
            self.next_seconds, self.next_fraction = self.seconds, later
        elif later < 1e15:
            self.next_seconds = self.seconds + <int64_t> floor(later)
            self.next_fraction = later - floor(later)
        else:                         # beyond 30 million years: the wait itself is kept, for when rates rise
            self.next_seconds, self.next_fraction, self.far_wait = <int64_t> 1 << 60, 0.0, wait

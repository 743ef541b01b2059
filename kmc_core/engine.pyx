# SPDX-License-Identifier: BSD-3-Clause
"""The kinetic Monte Carlo loop.

About the algorithm
-------------------
Exact, rejection-free but for a thinning step: what happens next is drawn by its propensity (`lattice_processes`), the
waiting time is exponential. The time of the next candidate is part of the state, so stopping to look never changes the
trajectory.
"""
import enum

import numpy as np

from kmc_core.rules import check_box, check_decay, check_layers

from libc.math cimport floor

cdef int64_t NEVER = 1 << 60          # seconds and events: later and more than any stop


cdef enum:
    NO_ROOM = 3                       # internal: lists or classes must grow before the next event



class ExitReason(enum.IntEnum):
    """Why `Engine.run` came back."""

    MAX_TIME = 0                      # the stop time is reached; the pending candidate is kept
    MAX_EVENTS = 1                    # that many events were executed; the clock stands at the last one
    NO_EVENTS = 2                     # nothing can happen any more; the clock stands at the stop time


cdef class Engine:
    """Grows a film event by event.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
        Initial species.
    periodic : bool, shape (3,)
        Periodic or walled along z, y, x.
    rules : kmc_core.Rules
        What can happen.
    bit_generator : numpy.random.BitGenerator
        Source of random numbers; owned by the engine from here on.
    decay : int64, shape (n_species + 1,), optional
        Tunnelling quanta that a site of each species adds; needed if a rule tunnels.
    quantum : float, optional
        Decay exponent of one quantum, dimensionless.
    cutoff : int, optional
        Quanta beyond which a site is out of reach of electrons; -1 = nothing tunnels.
    layer_of : int32, shape (nz,), optional
        Layer of every z plane; needed if a rule notices layers.
    interactions : kmc_core.Interactions, optional
        Energies of neighbours, which rates follow.

    Raises
    ------
    ValueError
        If an array has the wrong shape or holds an index out of range.
    """

    def __init__(self, species, periodic, rules, bit_generator, *, decay=None, quantum=0.0, cutoff=-1,
                 layer_of=None, interactions=None):
        decay = np.zeros(rules.n_species + 1, dtype=np.int64) if decay is None else decay
        layer_of = np.zeros(np.shape(species)[0], dtype=np.int32) if layer_of is None else layer_of
        check_box(rules, species, periodic)
        check_decay(rules, decay, quantum, cutoff)
        check_layers(rules, layer_of, np.shape(species)[0])
        species = np.ascontiguousarray(species, dtype=np.uint8)
        if len(rules.change_ptr) > 1 and np.diff(rules.change_ptr).max() > MAX_CHANGES:
            raise ValueError(f"a process may change at most {MAX_CHANGES} sites")
        self.rules, self.random = rules, RandomStream(bit_generator)
        self.lattice = LatticeProcesses(species, periodic, rules, self.random, decay, quantum, cutoff, layer_of,
                                        interactions)
        self.state, self.electrons = self.lattice.state, self.lattice.electrons
        self.environments, self.groups = self.lattice.environments, self.lattice.groups
        self.count = np.zeros(max(rules.n_processes, 1), dtype=np.int64)
        self.seconds, self.fraction, self.has_pending = 0, 0.0, False
        self.n_events = self.n_candidates = 0

    def run(self, stop, int64_t max_events=NEVER):
        """Advance to a time.

        Parameters
        ----------
        stop : (int, float)
            Whole seconds and fraction in [0, 1) [s].
        max_events : int
            Come back after this many events.

        Returns
        -------
        ExitReason

        Raises
        ------
        ValueError
            If `stop` lies in the past or is no time.
        OverflowError
            If more than 65535 distinct electron levels occur.
        """
        cdef int64_t seconds = stop[0]
        cdef double fraction = stop[1]
        cdef int64_t last_event = self.n_events + min(max_events, NEVER - self.n_events)
        cdef int reason = NO_ROOM
        if not 0.0 <= fraction < 1.0:
            raise ValueError(f"the fraction of a stop time must lie in [0, 1), not {stop}")
        if (seconds, fraction) < (self.seconds, self.fraction):
            raise ValueError(f"cannot run to {stop}: the clock stands at {self.time}")
        with self.random.lock:
            while reason == NO_ROOM:
                self.lattice.make_room()
                with nogil:
                    reason = self._advance(seconds, fraction, last_event)
        if self.electrons.n_levels > 65536:
            raise OverflowError("more than 65535 distinct electron levels: use decay constants with a common divisor")
        return ExitReason(reason)

    cdef int _advance(self, int64_t stop_seconds, double stop_fraction, int64_t last_event) noexcept nogil:
        cdef double bound
        cdef site_t site
        cdef rule_t rule
        while self.n_events < last_event:
            if self.lattice.is_short():
                return NO_ROOM
            bound = self.groups.total()
            if not self.has_pending:
                if bound <= 0.0:
                    self.seconds, self.fraction = stop_seconds, stop_fraction
                    return 2
                self._schedule(self.random.exponential() / bound)
            if self.next_seconds > stop_seconds or (self.next_seconds == stop_seconds
                                                    and self.next_fraction > stop_fraction):
                self.seconds, self.fraction = stop_seconds, stop_fraction
                return 0
            self.seconds, self.fraction, self.has_pending = self.next_seconds, self.next_fraction, False
            self.n_candidates += 1
            rule = self.lattice.candidate(bound, &site)
            if self.lattice.looks_ahead:
                self.lattice.look_ahead(bound)
            if rule >= 0:
                self.lattice.execute(site, rule)
                self.count[self.lattice.rule_process[rule]] += 1
                self.n_events += 1
        return 1

    cdef void _schedule(self, double wait) noexcept nogil:
        """Put the next candidate at `wait` seconds from now."""
        cdef double later = self.fraction + wait
        cdef double whole = 0.0 if later < 1.0 else floor(later)
        self.has_pending = True
        if later < 1e15:
            self.next_seconds = self.seconds + <int64_t> whole
            self.next_fraction = later - whole
        else:                         # beyond 30 million years: the wait itself is kept, for when rates rise
            self.next_seconds, self.next_fraction, self.far_wait = NEVER, 0.0, wait









    def set_rates(self, rates, interactions=None):
        """Replace the rate constants: potential, temperature or activities have changed.

        The remaining waiting time is rescaled by the ratio of the old to the new total, which is exact for an
        exponential clock (Gibson and Bruck, J. Phys. Chem. A 104, 1876 (2000), doi:10.1021/jp993732q).

        Parameters
        ----------
        rates : float64, shape (n_rates,), [1/s]
            In the order of `Rules.rates`.
        interactions : kmc_core.Interactions, optional
            Where there are interactions: their lines and kB T under the new conditions.

        Raises
        ------
        ValueError
            If the shape differs or a value is negative or not finite.
        """
        from kmc_core.rerating import rerate
        rerate(self, rates, interactions)

    @property
    def time(self):
        """(int, float): whole seconds and fraction in [0, 1) [s]."""
        return self.seconds, self.fraction

    @property
    def next_time(self):
        """(int, float) or None: time of the pending candidate [s]."""
        return (self.next_seconds, self.next_fraction) if self.has_pending else None

    @property
    def species(self):
        """uint8 view, shape (n_sites,): species of every site; live, read-only."""
        return self.state.occupation

    @property
    def event_count(self):
        """int64, shape (n_processes,): events of each process so far."""
        return np.asarray(self.count)[:self.rules.n_processes].copy()

    @property
    def total_propensity(self):
        """float: sum of the rate constants of everything that can happen now [1/s]."""
        if self.lattice.energies.enabled:
            return float(sum(rate for site in range(self.state.n_sites) for _, rate, *_ in self.lattice.rates_at(site)))
        classes = np.bincount(np.asarray(self.lattice.class_of), minlength=self.environments.n_classes)
        return float(classes @ np.asarray(self.environments.total)[:len(classes)])

    def rates_at(self, site):
        """What can start at a site now.

        Parameters
        ----------
        site : int

        Returns
        -------
        list of (int, float, tuple of int, tuple of int)
            Process, rate constant with interactions [1/s], sites that it changes and their new species.
        """
        return self.lattice.rates_at(site)

    @property
    def n_bytes(self):
        """int: memory of everything that the engine keeps [bytes]."""
        from kmc_core.verification import structures

        return sum(array.nbytes for array in structures(self).values())

    def verify(self):
        """Rebuild every redundant structure from the species alone and compare.

        Raises
        ------
        AssertionError
            Naming the first structure that differs.
        """
        from kmc_core.verification import verify
        verify(self)

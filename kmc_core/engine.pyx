# SPDX-License-Identifier: BSD-3-Clause
"""The kinetic Monte Carlo loop.

About the algorithm
-------------------
Exact, rejection-free but for a thinning step: what happens next is drawn by its propensity, on the lattice
(`lattice_processes`) or in the solution beside it (`solution`), the waiting time is exponential. The time of the next
candidate is part of the state, so stopping to look never changes the trajectory.
"""
import enum

import numpy as np

from kmc_core.networks import check_exchange
from kmc_core.rules import check_box, check_decay, check_layers

from kmc_core.ahead cimport look_ahead
from kmc_core.events cimport draw, swap
from kmc_core.lattice_processes cimport LISTED, SWAP
from kmc_core.rng cimport uniform_of

cdef int64_t NEVER = 1 << 60          # seconds and events: later and more than any stop


cdef enum:
    NOT_READY = 3                     # internal: something must grow, or the lattice be rated, before the next event
    REVIEW = 4                        # internal: it is time to look which rules should be blind


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
    solution : kmc_core.Solution, optional
        Well-mixed molecules beside the lattice, which may then have no sites, shape (0, 0, 0); owned by the engine from
        here on.
    exchange_change : int64, shape (n_processes, n_solution_species), optional
        Molecules that an event of a lattice process adds to the solution (or takes, if negative).
    exchange_order : int64, shape (n_processes, n_solution_species), optional
        Molecules that it asks for: a rate constant is multiplied by prod C(count, order), so it is meant for one
        combination of molecules, as are the rates of `Solution`.
    blinds : bool, optional
        Whether the engine chooses rules that look around only when they are drawn (`kmc_core.blind_review`).

    Raises
    ------
    ValueError
        If an array has the wrong shape or holds an index out of range.
    """

    def __init__(self, species, periodic, rules, bit_generator, *, decay=None, quantum=0.0, cutoff=-1,
                 layer_of=None, interactions=None, solution=None, exchange_change=None, exchange_order=None,
                 blinds=False):
        decay = np.zeros(rules.n_species + 1, dtype=np.int64) if decay is None else decay
        layer_of = np.zeros(np.shape(species)[0], dtype=np.int32) if layer_of is None else layer_of
        check_box(rules, species, periodic)
        check_decay(rules, decay, quantum, cutoff)
        check_layers(rules, layer_of, np.shape(species)[0])
        species = np.ascontiguousarray(species, dtype=np.uint8)
        if len(rules.change_ptr) > 1 and np.diff(rules.change_ptr).max() > MAX_CHANGES:
            raise ValueError(f"a process may change at most {MAX_CHANGES} sites")
        if interactions is not None and species.size == 0:
            raise ValueError("interactions need a lattice with sites")
        if interactions is not None and np.any(rules.rule_is_blind):
            raise ValueError("rules of a lattice with energies of neighbours cannot be blind")
        self.rules, self.random = rules, RandomStream(bit_generator)
        self.lattice = LatticeProcesses(species, periodic, rules, self.random, decay, quantum, cutoff, layer_of,
                                        interactions)
        self.state, self.electrons = self.lattice.state, self.lattice.electrons
        self.environments, self.groups = self.lattice.environments, self.lattice.groups
        self._adopt(Solution([], [0], [], [], [0], [], [], []) if solution is None else solution, exchange_change,
                    exchange_order)
        self.count = np.zeros(max(rules.n_processes, 1), dtype=np.int64)
        self.seconds, self.fraction, self.has_pending = 0, 0.0, False
        self.n_events = self.n_candidates = 0
        self.blind = BlindRules(rules, blinds and interactions is None)
        self.blind.begin_window(0, np.any(rules.rule_is_blind))

    def _adopt(self, solution, exchange_change, exchange_order):
        """Take over the solution, and what the lattice exchanges with it."""
        shape = self.rules.n_processes, len(solution.count)
        change, order = check_exchange(exchange_change, exchange_order, *shape)
        solution.attach(self, change, order)
        self.solution = solution

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
        cdef int64_t first_event = self.n_events
        cdef int reason = NOT_READY
        if not 0.0 <= fraction < 1.0:
            raise ValueError(f"the fraction of a stop time must lie in [0, 1), not {stop}")
        if (seconds, fraction) < (self.seconds, self.fraction):
            raise ValueError(f"cannot run to {stop}: the clock stands at {self.time}")
        with self.random.lock:
            while reason == NOT_READY or reason == REVIEW:
                if reason == REVIEW:
                    self._review()
                self._prepare()
                with nogil:
                    reason = self._advance(seconds, fraction, last_event)
        if self.electrons.n_levels > 65536:
            raise OverflowError("more than 65535 distinct electron levels: use decay constants with a common divisor")
        if reason == ExitReason.MAX_TIME and not self.solution.can_react() and (
                self.groups.total() == 0.0 or (self.n_events == first_event and self._is_in_vain())):
            reason = ExitReason.NO_EVENTS  # what is pending will be refused
        return ExitReason(reason)

    def _is_in_vain(self):
        """Whether only blind rules are listed that cannot start."""
        return bool(self.rules.rule_is_blind.any()) and self.total_propensity == 0.0

    cdef int _review(self) except -1:
        """Look which rules should be blind."""
        from kmc_core.blind_review import review
        review(self)
        return 0

    def make_blind(self, is_blind):
        """Let these rules look around only when they are drawn, and no others.

        What happens how often stays the same; which random numbers make it happen does not. The remaining waiting time
        is rescaled, as in `set_rates`.

        Parameters
        ----------
        is_blind : bool, shape (n_rules,)

        Raises
        ------
        ValueError
            If there are interactions, or the shape differs.
        """
        from kmc_core.blind_review import make_blind
        make_blind(self, is_blind)

    def _prepare(self):
        """Make the engine ready for the next event."""
        if self.solution.gates_moved:
            from kmc_core.rerating import follow_gates
            follow_gates(self)
        self.lattice.make_room()

    cdef int _advance(self, int64_t stop_seconds, double stop_fraction, int64_t last_event) noexcept nogil:
        cdef double on_lattice, bound, u
        cdef int found
        while self.n_events < last_event:
            if self.groups.is_short or self.environments.is_short or self.solution.gates_moved:
                return NOT_READY
            on_lattice = self.groups.total()
            bound = on_lattice + self.solution.total()
            found = -1
            while found < 0:          # as long as candidates are refused and lists stay as they are
                if self.n_candidates >= self.blind.next_review:
                    return REVIEW
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
                self.random.stock(LOOKED_AT)
                u = uniform_of(self.random.next()) * bound
                found = try_lattice(self, u, bound) if u < on_lattice else try_solution(self, u - on_lattice)
                if self.groups.swept >= 0:
                    self.lattice.sweep()
                    found = max(found, 0)
            self.n_events += found
        return 1

    def set_rates(self, rates, interactions=None):
        """Replace the rate constants: potential, temperature or activities have changed.

        The remaining waiting time is rescaled by the ratio of the old to the new total, which is exact for an
        exponential clock (Gibson and Bruck, J. Phys. Chem. A 104, 1876 (2000), doi:10.1021/jp993732q). Costs as much as
        there are environments, however many sites; see `kmc_core.rerating`. The same rates again change nothing.

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
        cdef int c, entry
        cdef double total = 0.0
        dissolved = float(self.solution.propensities.sum())
        self._prepare()
        share = self.solution.shares
        if self.rules.rule_is_blind.any():
            from kmc_core.blind_review import propensity
            return dissolved + propensity(self.lattice, share)
        if self.lattice.energies.enabled:
            from kmc_core.verification import rates_at
            found = (each for site in range(self.state.n_sites) for each in rates_at(self.lattice, site))
            return dissolved + sum(rate * share[process] for process, rate, *_ in found)
        classes = np.bincount(self.groups.classes, minlength=self.environments.n_classes)
        if self.solution.n_gates == 0:
            return dissolved + float(classes @ np.asarray(self.environments.total)[:len(classes)])
        share = share[np.asarray(self.lattice.rule_process)]
        for c in np.flatnonzero(classes):
            for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
                total += classes[c] * self.environments.entry_rate[entry] * share[self.environments.entry_rule[entry]]
        return dissolved + total

    def rates_at(self, site):
        """What can start at a site now.

        Parameters
        ----------
        site : int

        Returns
        -------
        list of (int, float, tuple of int, tuple of int)
            Process, rate constant with interactions and with the molecules that it asks for [1/s], sites that it
            changes and their new species.
        """
        from kmc_core.verification import rates_at
        self._prepare()
        share = self.solution.shares
        return [(process, rate * share[process], *rest) for process, rate, *rest in rates_at(self.lattice, site)]

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


cdef inline int try_lattice(Engine self, double u, double bound) noexcept nogil:
    """A candidate on the lattice; returns the number of events, or -1 if it was refused and nothing has changed."""
    cdef site_t site
    cdef rule_t rule = draw(self.lattice, u, &site)
    cdef int process, manner
    if self.lattice.looks_ahead:
        look_ahead(self.lattice, bound)
    if rule < 0:
        return -1 if rule == -1 else 0
    process = self.lattice.rule_plans[rule].process
    manner = self.lattice.rule_plans[rule].manner
    if self.solution.has_exchange and not self.solution.admits(process, self.random):
        return 0
    if manner == LISTED:
        self.lattice.execute(site, rule)
    elif manner == SWAP and swap(self.lattice, site, rule):
        pass                          # nothing is left to do
    elif not self.lattice.attempt(site, rule):
        self.blind.n_null[rule] += 1
        return 0
    self.count[process] += 1
    if self.solution.has_exchange:
        self.solution.exchange(process)
    return 1


cdef inline int try_solution(Engine self, double u) noexcept nogil:
    """A candidate in the solution; returns the number of events, 0 or 1. Bounds may have changed in any case."""
    cdef int reaction = self.solution.candidate(u, self.random)
    if reaction < 0:
        return 0
    self.solution.execute(reaction)
    return 1

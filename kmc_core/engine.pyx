# SPDX-License-Identifier: BSD-3-Clause
"""The kinetic Monte Carlo loop.

About the algorithm
-------------------
Exact, rejection-free but for a thinning step: a site is drawn by its propensity (`bins`), a process by its rate
constant within the site's environment class (`environments`), the waiting time is exponential. The time of the next
candidate is part of the state, so stopping to look never changes the trajectory.
"""
import enum

import numpy as np

from kmc_core.rules import check_box, check_decay

from kmc_core.rng cimport N_WORDS, kmc_prefetch
from libc.math cimport floor

cdef int64_t NEVER = 1 << 60          # seconds and events: later and more than any stop


cdef enum:
    NO_ROOM = 3                       # internal: lists or classes must grow before the next event


CACHED_SITES = 100_000                # up to here a lattice fits into a core's own cache: no looking ahead

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

    Raises
    ------
    ValueError
        If an array has the wrong shape or holds an index out of range.
    """

    def __init__(self, species, periodic, rules, bit_generator, *, decay=None, quantum=0.0, cutoff=-1):
        decay = np.zeros(rules.n_species + 1, dtype=np.int64) if decay is None else decay
        check_box(rules, species, periodic)
        check_decay(rules, decay, quantum, cutoff)
        species = np.ascontiguousarray(species, dtype=np.uint8)
        if len(rules.change_ptr) > 1 and np.diff(rules.change_ptr).max() > MAX_CHANGES:
            raise ValueError(f"a process may change at most {MAX_CHANGES} sites")
        self.rules = rules
        self.state = LatticeState(species, periodic, rules.offsets, rules.n_species)
        self.electrons = ElectronPaths(species, decay, quantum, cutoff)
        margin = rules.most_refreshed(species.shape[0] if self.electrons.enabled else 0)
        self.environments = EnvironmentTable(rules, self.electrons.transmission, margin)
        self.groups = SiteGroups(species.size, margin)
        self.random = RandomStream(bit_generator)
        self.class_of = np.zeros(species.size, dtype=np.int32)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)
        self.count = np.zeros(max(rules.n_processes, 1), dtype=np.int64)
        self.seconds, self.fraction, self.has_pending = 0, 0.0, False
        self.n_events = self.n_candidates = 0
        self.looks_ahead, self.next_place = species.size > CACHED_SITES, -1
        self._classify_all()

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
                self._make_room()
                with nogil:
                    reason = self._advance(seconds, fraction, last_event)
        if self.electrons.n_levels > 65536:
            raise OverflowError("more than 65535 distinct electron levels: use decay constants with a common divisor")
        return ExitReason(reason)

    def _make_room(self):
        """Grow what is short; the only place where a running engine allocates."""
        self.next_place = -1          # the pool may move
        if self.groups.is_short:
            self.groups.make_room()
        if self.environments.is_short:
            self.environments.make_room(self.class_of)

    cdef int _advance(self, int64_t stop_seconds, double stop_fraction, int64_t last_event) noexcept nogil:
        cdef double bound
        cdef site_t site
        cdef rule_t rule
        while self.n_events < last_event:
            if self.groups.is_short or self.environments.is_short:
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
            rule = self._candidate(bound, &site)
            if self.looks_ahead:
                self._look_ahead(bound)
            if rule >= 0:
                self._execute(site, rule)
                self.count[self.rule_process[rule]] += 1
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

    cdef void _look_ahead(self, double bound) noexcept nogil:
        """Fetch into the cache what the next candidates will need, while this event is executed.

        The words that will choose them are drawn already (four a candidate: waiting time, group, site, rule); which sites
        they choose is a guess with the lists as they are now, and nothing but the cache depends on it. The candidate
        after the next has its list entry fetched; the next one what this entry, fetched one event ago, names. A factor of
        two at 1e6 sites, where each of these loads would be waited for.
        """
        cdef int ahead = self.random.cursor + 5
        cdef site_t site
        if self.next_place >= 0:
            site = self.groups.pool[self.next_place]
            kmc_prefetch(&self.class_of[0] + site)
            kmc_prefetch(&self.groups.position[0] + site)
            self.state.prefetch(site)
        self.next_place = -1
        if ahead + 1 < N_WORDS:
            self.next_place = self.groups.place_of(
                <double> (self.random.words[ahead] >> 11) * (1.0 / 9007199254740992.0) * bound,
                self.random.words[ahead + 1])
            kmc_prefetch(&self.groups.pool[0] + self.next_place)

    cdef rule_t _candidate(self, double bound, site_t* site) noexcept nogil:
        """Draw a site by the bound of its group; its rule by the rate constants, or -1 if the candidate is refused."""
        cdef double u = self.random.uniform() * bound
        cdef int group = 0, chosen = 0, entry
        cdef class_t c
        for group in range(self.groups.n_groups):
            if self.groups.weight[group] > 0.0:  # rounding may carry u past the end: the last group with weight
                chosen = group
                if u < self.groups.weight[group]:
                    break
                u -= self.groups.weight[group]
        site[0] = self.groups.pool[self.groups.start[chosen]
                                   + self.random.below(<uint32_t> self.groups.length[chosen])]
        c = self.class_of[site[0]]
        u = self.random.uniform() * self.groups.bound[chosen]
        if u >= self.environments.total[c]:
            return -1
        entry = self.environments.first[c]
        while u >= self.environments.entry_sum[entry]:
            entry += 1
        return self.environments.entry_rule[entry]

    cdef void _execute(self, site_t site, rule_t rule) noexcept nogil:
        """Write the changes of a rule, then bring every environment that notices them up to date."""
        cdef site_t around[128]
        cdef site_t changed[MAX_CHANGES]
        cdef species_t old[MAX_CHANGES]
        cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - self.change_ptr[rule], k, position
        self.state.neighbours(site, around)
        for k in range(n):
            position = self.change_position[first + k]
            changed[k] = site if position < 0 else around[position]
            old[k] = self.state.species[changed[k]]
            self.state.species[changed[k]] = self.change_species[first + k]
        for k in range(n):
            if changed[k] != site:
                self.state.neighbours(changed[k], around)
            elif k > 0:
                self.state.neighbours(site, around)
            self._refresh_neighbours(changed[k], old[k], around, changed, n)
            self._classify(changed[k], around)
        if self.electrons.enabled:
            for k in range(n):
                if self.electrons.decay[old[k]] != self.electrons.decay[self.state.species[changed[k]]]:
                    self._refresh_column(changed[k])

    cdef void _refresh_neighbours(self, site_t site, species_t old, site_t* around, site_t* changed,
                                  int n_changed) noexcept nogil:
        """Move the sites that notice `site` to the classes of their new environments.

        A neighbour sees `site` at the opposite position. Changed sites are skipped: they are classified afresh.
        """
        cdef species_t new = self.state.species[site], species
        cdef int j, k, position
        cdef int64_t difference
        cdef class_t c
        for j in range(self.state.n_positions):
            species = self.state.species[around[j]]
            if not self.environments.is_sensitive[species]:
                continue
            position = self.state.opposite[j]
            difference = (self.environments.weights[species, position, new]
                          - self.environments.weights[species, position, old])
            if difference == 0:
                continue
            for k in range(n_changed):
                if changed[k] == around[j]:
                    break
            else:
                c = self.class_of[around[j]]
                self._assign(around[j], self.environments.with_neighbour(
                    c, self.environments.key[c] + difference, position, new))

    cdef void _classify(self, site_t site, site_t* around) noexcept nogil:
        """Class of a site from its species, its neighbours and its electron level."""
        cdef species_t species = self.state.species[site]
        cdef int64_t key
        cdef level_t level = 0
        cdef int j
        cdef class_t c
        if not self.environments.is_active[species]:
            self._assign(site, 0)
            return
        key = self.environments.base[species]
        for j in range(self.state.n_positions):
            key += self.environments.weights[species, j, self.state.species[around[j]]]
        if self.environments.level_stride[species]:
            level = self.electrons.level[site]
            key += self.environments.level_stride[species] * level
        c = self.environments.find(key)
        if c < 0:
            for j in range(self.state.n_positions):
                self.environments.scratch[j] = self.state.species[around[j]]
            c = self.environments.create(key, species, level)
        self._assign(site, c)

    cdef void _refresh_column(self, site_t site) noexcept nogil:
        """Carry a changed decay up the column until the levels agree again."""
        cdef uint32_t step = self.state.nx * self.state.ny
        cdef int64_t quanta
        cdef level_t level, old
        cdef species_t species
        cdef class_t c
        if self.electrons.level[site] == 0:
            return
        quanta = self.electrons.value[self.electrons.level[site]]
        while site + step < self.state.n_sites:
            quanta += self.electrons.decay[self.state.species[site]]
            site += step
            old, level = self.electrons.level[site], self.electrons.intern(quanta)
            if level == old:
                return
            self.electrons.level[site] = level
            species = self.state.species[site]
            if self.environments.is_active[species] and self.environments.level_stride[species]:
                c = self.class_of[site]
                self._assign(site, self.environments.with_level(
                    c, self.environments.key[c] + self.environments.level_stride[species] * (<int64_t> level - old),
                    level))

    cdef void _assign(self, site_t site, class_t new) noexcept nogil:
        """Give a site its class and put it into the list where the class belongs."""
        cdef int32_t before = self.environments.group[self.class_of[site]], after = self.environments.group[new]
        if after == -2:               # first site of this class
            after = -1 if self.environments.size[new] == 0 else self.groups.group_for(self.environments.total[new])
            self.environments.group[new] = after
        self.class_of[site] = new
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)

    def _classify_all(self):
        cdef site_t site = 0
        cdef site_t around[128]
        while site < self.state.n_sites:
            self._make_room()
            with nogil:
                while site < self.state.n_sites and not (self.groups.is_short or self.environments.is_short):
                    if self.environments.is_active[self.state.species[site]]:
                        self.state.neighbours(site, around)
                        self._classify(site, around)
                    site += 1

    def set_rates(self, rates):
        """Replace the rate constants: potential, temperature or activities have changed.

        The remaining waiting time is rescaled by the ratio of the old to the new total, which is exact for an
        exponential clock (Gibson and Bruck, J. Phys. Chem. A 104, 1876 (2000), doi:10.1021/jp993732q).

        Parameters
        ----------
        rates : float64, shape (n_rates,), [1/s]
            In the order of `Rules.rates`.

        Raises
        ------
        ValueError
            If the shape differs or a value is negative or not finite.
        """
        from kmc_core.rerating import rerate
        rerate(self, rates)

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
        classes = np.bincount(np.asarray(self.class_of), minlength=self.environments.n_classes)
        return float(classes @ np.asarray(self.environments.total)[:len(classes)])

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

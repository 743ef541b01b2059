# SPDX-License-Identifier: BSD-3-Clause
"""A large lattice in parts, each an engine of its own that fits into a core's cache.

About the algorithm
-------------------
Synchronous sublattices: Shim and Amar, Phys. Rev. B 71, 125432 (2005), doi:10.1103/PhysRevB.71.125432. Tiles are cut
into four sectors; in every window of time the sectors of one colour advance, then those of the next. Two sectors of a
colour never look at the same site, so they are independent of each other and of who runs them. What a sector changes at
its edge goes into the inboxes of those that know these sites, and is taken over before these run next: the memory of a
sector is walked through once in a window.
"""
import numpy as np

from kmc_core.environments cimport EnvironmentTable
from kmc_core.lattice_processes cimport MAX_CHANGES, LatticeProcesses
from kmc_core.rng cimport kmc_prefetch

cimport cython
from libc.math cimport sqrt

cdef int64_t NEVER = 1 << 60          # seconds and events: later and more than any
cdef int MOST_LOOKED_AT = 64          # sites of a list that are asked how far they are from the edge

cdef enum:
    NOT_READY = 3                     # as in `engine`
    AHEAD = 8                         # changes that are fetched into the cache before they are taken over


cdef class Sector:
    """One part of the lattice.

    Parameters
    ----------
    engine : Engine
        Runs the sites of the sector and knows those around it, as species of `kmc_core.ghosts`.
    number : int
        4 tile + colour; the order of all that must have one.
    targets : tuple of int32 arrays
        Other sectors that know a column x + nx y of this box: pointers (ny * nx + 1,), then for each of them the place
        where it runs, its index there, the column in its box, and how many columns its box has.
    steps : uint16, shape (ny * nx,)
        Events that it takes at least from a site of a column to a change that others know.
    """

    def __init__(self, Engine engine, number, targets, steps):
        cdef LatticeProcesses lattice = engine.lattice
        cdef uint64_t plane = <uint64_t> engine.state.nx * engine.state.ny
        if lattice.energies.enabled:
            raise ValueError("interactions: a lattice with energies of neighbours cannot be cut into parts")
        self.engine, self.number = engine, number
        self.target_ptr, self.target_place, self.target_slot, self.target_column, self.target_plane = targets
        self.steps = steps
        at_edge = np.diff(targets[0]) > 0
        self.edge = np.where(at_edge, np.cumsum(at_edge) - 1, -1).astype(np.int32)
        self.stamp = np.zeros(max(int(at_edge.sum()) * engine.state.nz, 1), dtype=np.uint32)
        self.inbox = np.zeros(64, dtype=np.uint64)
        self.n_handed = self.n_conflicts = 0
        self.carried = np.zeros(256)
        self.limit(np.zeros(len(engine.rules.rule_process)))
        lattice.foreign, lattice.notes_edges = engine.rules.n_species // 2, True
        lattice.at_edge = at_edge.astype(np.uint8)
        lattice.noted, lattice.n_noted = np.zeros(256, dtype=np.uint32), 0
        lattice.looks_ahead = True    # other sectors have had the cache since the last turn
        lattice.magic_plane = 0 if plane == 1 else (2**64 - 1) // int(plane) + 1

    cdef int prepare(self) except -1:
        """Make the engine ready for its next event."""
        cdef LatticeProcesses lattice = self.engine.lattice
        cdef int n_classes = self.engine.environments.n_classes
        if lattice.n_noted + MAX_CHANGES > lattice.noted.shape[0]:
            lattice.noted = np.concatenate([np.asarray(lattice.noted), np.zeros_like(lattice.noted)])
        self.engine._prepare()
        if self.engine.environments.n_classes < n_classes:  # some have been forgotten, and the others renumbered
            self.n_rated = 0
        return 0

    cdef double reach(self) noexcept:
        """Fastest rate that can reach another sector: of a site at the edge, or so many events away from it [1/s].

        A site that is d events from the edge counts what it can carry over (`kmc_core.reach`) divided by d. What cannot
        move may become something that can within the window: where the fastest site starts k events a second and the
        fastest mover m, those are k m t^2 / 2 moves in a window t, so that their rate counts as sqrt(k m), or m if k > m.
        """
        cdef LatticeProcesses lattice = self.engine.lattice
        cdef double found = 0.0, bound, last = 1e308, mover = self.mover
        cdef int group, chosen
        cdef int64_t k
        cdef site_t site
        self.rate_classes()
        for group in range(lattice.groups.n_groups):
            if lattice.groups.length[group] > 0:
                found = max(found, sqrt(min(lattice.groups.bound[group], mover) * mover))
        while found < self.most:
            chosen, bound = -1, found  # lists from the fastest on; there are few
            for group in range(lattice.groups.n_groups):
                if lattice.groups.length[group] > 0 and bound < lattice.groups.bound[group] < last:
                    chosen, bound = group, lattice.groups.bound[group]
            if chosen < 0:
                return found
            last = bound
            for k in range(lattice.groups.length[chosen]):
                if k == MOST_LOOKED_AT:
                    found = max(found, min(bound, self.most))  # on the safe side
                if found >= min(bound, self.most):
                    break
                site = lattice.groups.pool[lattice.groups.start[chosen] + k]
                found = max(found, self.carried[lattice.class_of[site]] / self.steps[lattice.column(site)])
        return found

    cdef void rate_classes(self) noexcept:
        """What the sites of each class can carry over an edge; classes that are new since the last time only."""
        cdef EnvironmentTable table = self.engine.environments
        cdef int entry
        cdef double total
        if table.n_classes < self.n_rated:  # some have been forgotten, and the others renumbered
            self.n_rated = 0
        if table.n_classes > self.carried.shape[0]:
            self.carried = np.concatenate([np.asarray(self.carried), np.zeros(table.n_classes)])
        if self.n_rated == 0:
            self.most = 0.0
        for c in range(self.n_rated, table.n_classes):
            total = 0.0
            for entry in range(table.first[c], table.first[c] + table.size[c]):
                total += min(table.entry_rate[entry], self.limits[table.entry_rule[entry]])
            self.carried[c] = total
            self.most = max(self.most, total)
        self.n_rated = table.n_classes

    def limit(self, double[::1] rates):
        """Take over how fast each rule can carry something over an edge, at most [1/s]."""
        self.limits, self.n_rated = rates, 0
        self.mover = np.asarray(rates).max(initial=0.0)


@cython.final
cdef class Mail:
    """Changes that one process is to be told, packed."""

    cdef uint64_t[::1] updates
    cdef int64_t n

    def __init__(self):
        self.updates, self.n = np.zeros(1024, dtype=np.uint64), 0

    cdef inline int add(self, uint64_t update) except -1:
        if self.n == self.updates.shape[0]:
            self.updates = np.concatenate([np.asarray(self.updates), np.zeros_like(self.updates)])
        self.updates[self.n] = update
        self.n += 1
        return 0


cdef class Sectors:
    """All sectors that one process runs.

    Parameters
    ----------
    sectors : list of Sector
        In ascending number.
    n_places : int
        Processes that there are, or those that are neighbours: targets name them by index.
    """

    def __init__(self, sectors, n_places):
        n = len(sectors)
        self.sectors = list(sectors)
        self.members = [np.array([i for i, each in enumerate(sectors) if each.number % 4 == colour], dtype=np.int64)
                        for colour in range(4)]
        self.n_in = np.zeros(n, dtype=np.int64)
        self.due_seconds, self.due_fraction = np.full(n, -1, dtype=np.int64), np.zeros(n)
        self.reaches = np.zeros(n)
        self.out = [Mail() for _ in range(n_places)]
        self.n_events = self.n_turns = 0

    def turn(self, int colour, int64_t window, start, end):
        """Advance the sectors of one colour through a window of time.

        Parameters
        ----------
        colour : int
        window : int
            Its number, for the count of conflicts.
        start, end : (int, float)
            Whole seconds and fraction in [0, 1) [s].
        """
        cdef int64_t seconds = start[0], last_seconds = end[0], i, before
        cdef double fraction = start[1], last_fraction = end[1]
        cdef int64_t[::1] members = self.members[colour]
        cdef Sector sector
        cdef Engine engine
        cdef int k, reason
        for k in range(members.shape[0]):
            i = members[k]
            if self.n_in[i] == 0 and (self.due_seconds[i] > last_seconds or (
                    self.due_seconds[i] == last_seconds and self.due_fraction[i] > last_fraction)):
                continue
            sector = self.sectors[i]
            engine = sector.engine
            engine.seconds, engine.fraction, self.n_turns = seconds, fraction, self.n_turns + 1
            self.take_over(i, sector, window)
            before, reason = engine.n_events, NOT_READY
            while True:
                with nogil:
                    reason = engine._advance(last_seconds, last_fraction, NEVER)
                if reason != NOT_READY:
                    break
                sector.prepare()
            self.n_events += engine.n_events - before
            self.publish(sector, window)
            self.note(i, sector)

    def bound(self, int64_t i):
        """float: rate of candidates of a sector, all changes taken over [1/s]."""
        return (<Sector> self.sectors[i]).engine.total()

    def fire(self, int64_t i, int64_t window, now):
        """Let a candidate of one sector come at a given time; returns int, the events that it makes, 0 or 1."""
        cdef Sector sector = self.sectors[i]
        cdef Engine engine = sector.engine
        cdef int64_t before = engine.n_events
        sector.prepare()
        engine.seconds, engine.fraction = now
        engine.next_seconds, engine.next_fraction, engine.has_pending = engine.seconds, engine.fraction, True
        engine._advance(engine.seconds, engine.fraction, before + 1)
        engine.has_pending, self.due_seconds[i] = False, -1
        self.publish(sector, window)
        return engine.n_events - before

    cdef void note(self, int64_t i, Sector sector) noexcept:
        """Keep what the loop asks of every sector where it is found at once."""
        cdef bint has_pending = sector.engine.has_pending
        self.due_seconds[i] = sector.engine.next_seconds if has_pending else NEVER
        self.due_fraction[i] = sector.engine.next_fraction
        self.reaches[i] = sector.reach()

    cdef int take_over(self, int64_t i, Sector sector, int64_t window) except -1:
        """Take over what others have changed; the waiting time for the next candidate is drawn anew then."""
        cdef LatticeProcesses lattice = sector.engine.lattice
        cdef int64_t k, n = self.n_in[i], changed_in, place
        cdef uint64_t update
        cdef site_t site
        cdef species_t species
        cdef uint32_t column, plane = lattice.state.nx * lattice.state.ny
        self.n_in[i] = 0
        for k in range(n):
            update = sector.inbox[k]
            if k + AHEAD < n:
                site = <site_t> sector.inbox[k + AHEAD]
                lattice.state.prefetch(site)
                kmc_prefetch(lattice.groups.of(site))
            site, species = <site_t> update, <species_t> (update >> 32)
            if lattice.state.species[site] - lattice.mark_of(lattice.state.species[site]) == species:
                continue
            column = lattice.column(site)
            place = sector.edge[column] * <int64_t> lattice.state.nz + (site - column) // plane
            changed_in = window - (<int64_t> ((update >> 40) ^ window) & 1)
            sector.n_conflicts += sector.stamp[place] == <uint32_t> (2 * changed_in)
            sector.stamp[place] = <uint32_t> (2 * changed_in + 1)
            lattice.overwrite(site, species)
            sector.engine.has_pending = False
            if lattice.is_short():
                sector.prepare()
        return 0

    cdef int publish(self, Sector sector, int64_t window) except -1:
        """Tell all who know the sites that a sector has changed."""
        cdef LatticeProcesses lattice = sector.engine.lattice
        cdef int64_t k, place
        cdef uint64_t head
        cdef uint32_t site, column, z, plane = lattice.state.nx * lattice.state.ny
        cdef species_t species
        cdef int t
        for k in range(lattice.n_noted):
            site = lattice.noted[k]
            column = lattice.column(site)
            z = (site - column) // plane
            species = lattice.state.species[site]
            place = sector.edge[column] * <int64_t> lattice.state.nz + z
            sector.n_conflicts += sector.stamp[place] == <uint32_t> (2 * window + 1)
            sector.stamp[place] = <uint32_t> (2 * window)
            head = (<uint64_t> (window & 1) << 40) | (<uint64_t> (species - lattice.mark_of(species)) << 32)
            for t in range(sector.target_ptr[column], sector.target_ptr[column + 1]):
                (<Mail> self.out[sector.target_place[t]]).add(
                    head | (<uint64_t> sector.target_slot[t] << 41)
                    | (z * sector.target_plane[t] + sector.target_column[t]))
        sector.n_handed += lattice.n_noted
        lattice.n_noted = 0
        return 0

    def told(self, int place):
        """uint64: what one process is to be told of the last turn, packed; taken out of here."""
        cdef Mail mail = self.out[place]
        n, mail.n = mail.n, 0
        return np.asarray(mail.updates)[:n]

    def hear(self, uint64_t[::1] updates):
        """Put what a process has told into the inboxes of the sectors."""
        cdef int64_t k, i
        cdef Sector sector
        for k in range(updates.shape[0]):
            i = <int64_t> (updates[k] >> 41)
            sector = <Sector> self.sectors[i]
            if self.n_in[i] == sector.inbox.shape[0]:
                sector.inbox = np.concatenate([np.asarray(sector.inbox), np.zeros_like(sector.inbox)])
            sector.inbox[self.n_in[i]] = updates[k]
            self.n_in[i] += 1

    def take_over_all(self, int64_t window):
        """Take over all changes that are waiting: afterwards every sector shows its sites as they are.

        Nothing is drawn, so that looking does not change the trajectory.
        """
        cdef int64_t i
        for i in range(self.n_in.shape[0]):
            if self.n_in[i]:
                self.take_over(i, self.sectors[i], window)
                self.due_seconds[i] = -1  # not known

    def settle(self, int64_t window, now):
        """Take over all changes and draw all waiting times that are missing.

        Parameters
        ----------
        window : int
            Number of the last window.
        now : (int, float)
            Its end [s].

        Returns
        -------
        due : (int, float)
            Time of the next candidate of all [s].
        """
        cdef int64_t i, first_seconds = NEVER
        cdef double first_fraction = 0.0, total
        cdef Sector sector
        cdef Engine engine
        for i in range(self.n_in.shape[0]):
            if self.n_in[i] or self.due_seconds[i] < 0:
                sector = self.sectors[i]
                engine = sector.engine
                engine.seconds, engine.fraction = now
                self.take_over(i, sector, window)
                total = engine.total()
                if not engine.has_pending and total > 0.0:
                    engine._schedule(engine.random.exponential() / total)
                self.note(i, sector)
            if self.due_seconds[i] < first_seconds or (self.due_seconds[i] == first_seconds
                                                       and self.due_fraction[i] < first_fraction):
                first_seconds, first_fraction = self.due_seconds[i], self.due_fraction[i]
        return first_seconds, first_fraction

    def limit(self, rates):
        """Say how fast each rule can carry something over an edge, at most: float64, shape (n_rules,), [1/s]."""
        for sector in self.sectors:
            sector.limit(rates)

    def set_rates(self, rates, now):
        """Give all sectors other rate constants.

        Parameters
        ----------
        rates : float64, shape (n_rates,), [1/s]
        now : (int, float)
            Time [s]; all changes must have been taken over.
        """
        cdef int64_t i
        cdef Sector sector
        for i in range(len(self.sectors)):
            sector = self.sectors[i]
            sector.engine.seconds, sector.engine.fraction = now
            sector.engine.set_rates(rates)
            self.note(i, sector)
            if not sector.engine.has_pending:
                self.due_seconds[i] = -1

    @property
    def fastest(self):
        """float: fastest rate that can reach another sector [1/s]."""
        return float(np.asarray(self.reaches).max(initial=0.0))

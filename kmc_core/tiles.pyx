# SPDX-License-Identifier: BSD-3-Clause
"""A large lattice in parts, each an engine of its own that fits into a core's cache.

About the algorithm
-------------------
Synchronous sublattices: Shim and Amar, Phys. Rev. B 71, 125432 (2005), doi:10.1103/PhysRevB.71.125432. Tiles are cut
into four sectors; in every window of time the sectors of one colour advance, then those of the next. Two sectors of a
colour never look at the same site, so they are independent of each other and of who runs them. What a sector changes at
its edge goes into the inboxes of those that know these sites, in the order of those that changed them, and is taken over
before these run next: the memory of a sector is walked through once in a window.
"""
import numpy as np

from kmc_core.lattice_processes cimport MAX_CHANGES, LatticeProcesses

cdef int64_t NEVER = 1 << 60          # seconds and events: later and more than any

cdef enum:
    NOT_READY = 3                     # as in `engine`
    REVIEW = 4                        # as in `engine`
    LONG = 1000                       # candidates of a turn in which other threads may use the interpreter
    AHEAD = 8                         # changes that are fetched into the cache before they are taken over


cdef inline bint unmarked(uint64_t[::1] marks, int64_t place) noexcept:
    """Take a mark away; returns whether there was one."""
    cdef uint64_t bit = (<uint64_t> 1) << (place & 63)
    cdef bint found = marks[place >> 6] & bit != 0
    marks[place >> 6] &= ~bit
    return found


cdef class Sectors:
    """All sectors that one process runs.

    Parameters
    ----------
    sectors : list of Sector
        In ascending number.
    n_places : int
        Processes that there are, or those that are neighbours: targets name them by index.
    here : int
        Index of this process among them.
    """

    def __init__(self, sectors, n_places, here=0):
        n = len(sectors)
        self.sectors, self.here = list(sectors), here
        parts = [[], [], [], [], [], [], [], []]
        for i, each in enumerate(sectors):
            parts[2 * (each.number % 4) + (not each.tells_others(here))].append(i)
        self.members = np.array([i for part in parts for i in part], dtype=np.int64)
        self.member_ptr = np.cumsum([0] + [len(part) for part in parts])
        self.inboxes = Inboxes(n)
        self.due_seconds, self.due_fraction = np.full(n, -1, dtype=np.int64), np.zeros(n)
        self.reaches = np.zeros(n)
        self.out, self.is_alone = [Mail() for _ in range(n_places)], n_places == 1
        self.n_events = self.n_turns = 0

    def turn(self, int colour, int part, int64_t window, start, end):
        """Advance the sectors of one colour through a window of time.

        Parameters
        ----------
        colour : int
        part : int
            0 = those that tell other processes of changes, 1 = all others.
        window : int
            Its number, for the count of conflicts.
        start, end : (int, float)
            Whole seconds and fraction in [0, 1) [s].
        """
        self.advance(2 * colour + part, window, start[0], start[1], end[0], end[1])

    cdef int advance(self, int part, int64_t window, int64_t seconds, double fraction, int64_t last_seconds,
                     double last_fraction) except -1:
        """Advance the sectors of a part, 2 colour + 0 or 1, through a window of time."""
        cdef int64_t k, i
        for k in range(self.member_ptr[part], self.member_ptr[part + 1]):
            i = self.members[k]
            if self.inboxes.n[i] == 0 and (self.due_seconds[i] > last_seconds or (
                    self.due_seconds[i] == last_seconds and self.due_fraction[i] > last_fraction)):
                continue
            self.n_turns += 1
            self._advance(i, window, seconds, fraction, last_seconds, last_fraction)
        return 0

    cdef int _advance(self, int64_t i, int64_t window, int64_t seconds, double fraction, int64_t last_seconds,
                      double last_fraction) except -1:
        """Advance one sector through a window of time."""
        cdef Sector sector = <Sector> self.sectors[i]
        cdef Engine engine = sector.engine
        cdef int64_t before = engine.n_events
        cdef double n_expected = engine.total() * ((last_seconds - seconds) + (last_fraction - fraction))
        cdef int reason = NOT_READY
        engine.seconds, engine.fraction = seconds, fraction
        sector.fetch(n_expected)
        self.take_over(i, sector, window)
        while True:
            if n_expected > LONG:
                with nogil:
                    reason = engine._advance(last_seconds, last_fraction, NEVER)
            else:
                reason = engine._advance(last_seconds, last_fraction, NEVER)
            if reason != NOT_READY and reason != REVIEW:
                break
            sector.review()
            sector.prepare()
        self.n_events += engine.n_events - before
        self.publish(sector, window)
        self.note(i, sector)
        return 0

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
        cdef int64_t k, n = self.inboxes.n[i], changed_in, place
        cdef uint64_t* inbox
        cdef uint64_t update
        cdef site_t site
        cdef species_t species
        cdef uint32_t z, plane = lattice.state.nx * lattice.state.ny
        if lattice.is_short() or lattice.n_noted + MAX_CHANGES > lattice.noted.shape[0]:
            sector.prepare()          # rates have changed since, or an error came between an event and this
        if n == 0:
            return 0
        inbox = self.inboxes.of(i)
        if sector.other_window != window:
            sector.other_window, sector.other_marks[:] = window, 0
        self.inboxes.n[i] = 0
        for k in range(n):
            update = inbox[k]
            if k + AHEAD < n:
                site = <site_t> inbox[k + AHEAD]
                lattice.state.prefetch(site)
                lattice.groups.prefetch(site)
            site, species = <site_t> update, <species_t> (update >> 32)
            if lattice.state.species[site] - lattice.mark_of(lattice.state.species[site]) == species:
                continue
            z = sector.layer(site)
            place = sector.edge[site - z * plane] * <int64_t> lattice.state.nz + z
            changed_in = window - (<int64_t> ((update >> 40) ^ window) & 1)
            if changed_in == sector.own_window:
                sector.n_conflicts += unmarked(sector.own_marks, place)
            if changed_in == window:
                sector.other_marks[place >> 6] |= (<uint64_t> 1) << (place & 63)
            lattice.overwrite(site, species)
            sector.engine.has_pending = False
            if lattice.is_short():
                sector.prepare()
        return 0

    cdef int publish(self, Sector sector, int64_t window) except -1:
        """Tell all who know the sites that a sector has changed."""
        cdef LatticeProcesses lattice = sector.engine.lattice
        cdef species_t* species_of = &lattice.state.species[0]
        cdef site_t* noted = &lattice.noted[0]
        cdef uint64_t* marks = &sector.own_marks[0]
        cdef int64_t k, place
        cdef uint64_t head
        cdef uint32_t column, z, plane = lattice.state.nx * lattice.state.ny
        cdef species_t species
        if lattice.n_noted == 0:
            return 0
        if sector.own_window != window:
            sector.own_window, sector.own_marks[:] = window, 0
        for k in range(lattice.n_noted):
            z = sector.layer(noted[k])
            column = noted[k] - z * plane
            species = species_of[noted[k]]
            place = sector.edge[column] * <int64_t> lattice.state.nz + z
            if sector.other_window == window:
                sector.n_conflicts += unmarked(sector.other_marks, place)
            marks[place >> 6] |= (<uint64_t> 1) << (place & 63)
            head = (<uint64_t> (window & 1) << 40) | (<uint64_t> (species - lattice.mark_of(species)) << 32)
            self.tell(sector, head, column, z)
        sector.n_handed += lattice.n_noted
        lattice.n_noted = 0
        return 0

    cdef inline int tell(self, Sector sector, uint64_t head, uint32_t column, uint32_t z) except -1:
        """Send a change to all sectors that know a site.

        Where this process runs all of them it goes into their inboxes: sectors of a colour have their turns in ascending
        number, and none of them hears another one.
        """
        cdef uint64_t update
        cdef int t
        for t in range(sector.target_ptr[column], sector.target_ptr[column + 1]):
            update = (head | (<uint64_t> sector.target_slot[t] << 41)
                      | (z * sector.target_plane[t] + sector.target_column[t]))
            if self.is_alone:
                self.inboxes.drop(sector.target_slot[t], update)
            else:
                (<Mail> self.out[sector.target_place[t]]).add(sector.number, update)
        return 0

    def told(self, int place):
        """uint64: what one process is to be told, packed; taken out of here, and good until the next turn."""
        return (<Mail> self.out[place]).taken()

    def hear(self, messages):
        """Put changes into the inboxes of the sectors, in ascending number of those that made them.

        Parameters
        ----------
        messages : list of uint64 arrays
            From `told`, each in ascending number.
        """
        cdef int64_t[::1] at = np.zeros(len(messages), dtype=np.int64)
        cdef uint64_t[::1] message
        cdef uint64_t lowest
        cdef int64_t k, chosen
        while True:
            chosen, lowest = -1, <uint64_t> 1 << 63
            for k in range(at.shape[0]):
                message = messages[k]
                if at[k] < message.shape[0] and message[at[k]] >> 32 < lowest:
                    chosen, lowest = k, message[at[k]] >> 32
            if chosen < 0:
                return
            message = messages[chosen]
            at[chosen] = self.put(message, at[chosen])

    cdef int64_t put(self, uint64_t[::1] updates, int64_t first) except -1:
        """Put the changes of one sector into the inboxes of others; returns where the next ones start."""
        cdef int64_t k, last = first + 1 + <int64_t> (updates[first] & 0xffffffffu)
        for k in range(first + 1, last):
            self.inboxes.drop(<int64_t> (updates[k] >> 41), updates[k])
        return last

    def take_over_all(self, int64_t window):
        """Take over all changes that are waiting: afterwards every sector shows its sites as they are.

        Nothing is drawn, so that looking does not change the trajectory.
        """
        cdef int64_t i
        for i in range(self.inboxes.n.shape[0]):
            if self.inboxes.n[i]:
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
        self.find_due(window, now[0], now[1])
        return self.first_seconds, self.first_fraction

    cdef int find_due(self, int64_t window, int64_t seconds, double fraction) except -1:
        """`settle`, and keep the time of the next candidate of all."""
        cdef int64_t i
        cdef double total
        cdef Sector sector
        cdef Engine engine
        self.first_seconds, self.first_fraction = NEVER, 0.0
        for i in range(self.inboxes.n.shape[0]):
            if self.inboxes.n[i] or self.due_seconds[i] < 0:
                sector = <Sector> self.sectors[i]
                engine = sector.engine
                engine.seconds, engine.fraction = seconds, fraction
                self.take_over(i, sector, window)
                total = engine.total()
                if not engine.has_pending and total > 0.0:
                    engine._schedule(engine.random.exponential() / total)
                self.note(i, sector)
            if self.due_seconds[i] < self.first_seconds or (self.due_seconds[i] == self.first_seconds
                                                            and self.due_fraction[i] < self.first_fraction):
                self.first_seconds, self.first_fraction = self.due_seconds[i], self.due_fraction[i]
        return 0

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
        return self.most_reaching()

    cdef double most_reaching(self) noexcept:
        cdef double most = 0.0
        cdef int64_t i
        for i in range(self.reaches.shape[0]):
            most = max(most, self.reaches[i])
        return most

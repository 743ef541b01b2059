# SPDX-License-Identifier: BSD-3-Clause
"""A part of a large lattice: an engine of its own, and what it knows of its edge."""
import numpy as np

from kmc_core.environments cimport EnvironmentTable
from kmc_core.lattice_processes cimport MAX_CHANGES, LatticeProcesses
from kmc_core.rng cimport kmc_prefetch

from libc.math cimport sqrt

cdef int MOST_LOOKED_AT = 64          # sites of a list that are asked how far they are from the edge

cdef enum:
    LINE = 64                         # bytes of a line of the cache
    LINES_TOUCHED = 8                 # by a candidate: if a turn touches as many as there are, all are fetched in order


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
        self.own_marks = np.zeros(int(at_edge.sum()) * engine.state.nz // 64 + 1, dtype=np.uint64)
        self.other_marks, self.own_window, self.other_window = np.zeros_like(self.own_marks), 0, 0
        self.n_handed = self.n_conflicts = 0
        self.carried = np.zeros(256)
        self.limit(np.zeros(len(engine.rules.rule_process)))
        lattice.foreign, lattice.notes_edges = engine.rules.n_species // 2, True
        lattice.at_edge = at_edge.astype(np.uint8)
        lattice.noted, lattice.n_noted = np.zeros(256, dtype=np.uint32), 0
        lattice.looks_ahead = True    # other sectors have had the cache since the last turn
        lattice.magic_plane = 0 if plane == 1 else (2**64 - 1) // int(plane) + 1

    def tells_others(self, here):
        """bool: whether processes other than this one know columns that the sector may change."""
        return bool(np.any(np.asarray(self.target_place) != here))

    cdef int prepare(self) except -1:
        """Make the engine ready for its next event."""
        cdef LatticeProcesses lattice = self.engine.lattice
        if lattice.n_noted + MAX_CHANGES > lattice.noted.shape[0]:
            lattice.noted = np.concatenate([np.asarray(lattice.noted), np.zeros_like(lattice.noted)])
        self.engine._prepare()
        return 0

    cdef int review(self) except -1:
        """Let the engine look which rules should be blind, if it is time."""
        if self.engine.n_candidates >= self.engine.blind.next_review:
            self.engine._review()
        return 0

    cdef void fetch(self, double n_candidates) noexcept:
        """Load the sector into the cache, line after line, if its turn will touch most of it anyway.

        The order of addresses is what memory is fast at: 15 to 20 % of the time of a film of 1e6 sites and more.
        """
        cdef LatticeProcesses lattice = self.engine.lattice
        cdef int64_t n_sites = lattice.state.n_sites, n_listed = lattice.groups.pool_used
        cdef int64_t n_bytes = n_sites * lattice.groups.record_size
        if LINE * LINES_TOUCHED * n_candidates < n_sites + n_bytes + 4 * n_listed:
            return
        fetch_lines(<char*> &lattice.state.species[0], n_sites)
        fetch_lines(lattice.groups.first_record, n_bytes)
        fetch_lines(<char*> &lattice.groups.pool[0], 4 * n_listed)

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
                found = max(found, self.carried[lattice.groups.class_at(site)] / self.steps[lattice.column(site)])
        return found

    cdef void rate_classes(self) noexcept:
        """What the sites of each class can carry over an edge; classes that are new since the last time only."""
        cdef EnvironmentTable table = self.engine.environments
        cdef int entry
        cdef double total
        if table.generation != self.generation:
            self.n_rated, self.generation = 0, table.generation
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


cdef void fetch_lines(char* start, int64_t n_bytes) noexcept:
    """Start to load memory into the cache."""
    cdef int64_t k
    for k in range((n_bytes + LINE - 1) // LINE):
        kmc_prefetch(start + LINE * k)

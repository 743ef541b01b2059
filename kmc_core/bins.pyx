# SPDX-License-Identifier: BSD-3-Clause
"""Composition-rejection lists over sites.

About the algorithm
-------------------
Sites whose propensities share a binary exponent share a list. A candidate is drawn by list, in proportion to its
length times the largest propensity in it, then uniformly within the list, and is accepted with the ratio of its own
propensity to that bound; a refused candidate still advances the clock. This thinning of a Poisson process is exact,
and each step costs the same whatever the number of sites. Slepoy, Thompson, Plimpton, J. Chem. Phys. 128, 205101
(2008), doi:10.1063/1.2919546, without fixed limits: lists are opened as propensities are met.
"""
import numpy as np

from libc.math cimport frexp


cdef class SiteGroups:
    """Lists of sites by propensity.

    Parameters
    ----------
    n_sites : int
        Sites of the lattice.
    margin : int
        The most sites that one event may insert. Room is made between events, where an error (no memory, a signal)
        leaves everything consistent; the loop itself never allocates.
    """

    def __init__(self, int64_t n_sites, int64_t margin):
        self.n_groups, self.margin = 0, margin
        self.group_of_exponent = np.full(MAX_GROUPS, -1, dtype=np.int32)
        self.bound, self.weight = np.zeros(MAX_GROUPS), np.zeros(MAX_GROUPS)
        self.length, self.start = np.zeros(MAX_GROUPS, dtype=np.int64), np.zeros(MAX_GROUPS, dtype=np.int64)
        self.capacity = np.zeros(MAX_GROUPS, dtype=np.int64)
        self.pool, self.pool_used = np.zeros(0, dtype=np.uint32), 0
        self.make_room()
        self.record = np.zeros((max(n_sites, 1), 2), dtype=np.uint32)
        self.gap_group, self.gap_place = -1, 0

    cdef int32_t group_for(self, double total) noexcept nogil:
        """The group of a class with this propensity; its bound is raised if need be."""
        cdef int exponent = 0, index = 0
        cdef int32_t group
        if total > 0.0:
            frexp(total, &exponent)
            index = exponent + 1080
        group = self.group_of_exponent[index]
        if group < 0:
            group = self.n_groups
            self.n_groups += 1
            self.group_of_exponent[index] = group
            self.start[group], self.capacity[group] = self.pool_used, self.margin
            self.pool_used += self.margin
            self.is_short = True      # room for new groups has to be set aside again
        if total > self.bound[group]:
            self.bound[group] = total
            self.weight[group] = total * self.length[group]
        return group

    def make_room(self):
        """Room for `margin` more sites in every group, and for as many new groups as one event may open."""
        used = self.n_groups
        length, start = np.asarray(self.length)[:used].copy(), np.asarray(self.start)[:used].copy()
        capacity = np.asarray(self.capacity)[:used].copy()
        short = capacity - length < self.margin
        capacity[short] = 2 * length[short] + 2 * self.margin
        places = np.concatenate([[0], np.cumsum(capacity)])
        new_groups = min(self.margin, MAX_GROUPS - used)
        old = np.asarray(self.pool)
        pool = np.zeros(int(places[used]) + new_groups * self.margin, dtype=np.uint32)
        for group in range(used):
            pool[places[group]:places[group] + length[group]] = old[start[group]:start[group] + length[group]]
        self._adopt(pool, places, capacity)

    cdef int _adopt(self, uint32_t[::1] pool, int64_t[::1] places, int64_t[::1] capacity) except -1:
        """Take over a new pool; runs no Python code, so a signal finds either the old state or the new one."""
        cdef int group
        self.pool, self.pool_used = pool, places[self.n_groups]
        for group in range(self.n_groups):
            self.start[group], self.capacity[group] = places[group], capacity[group]
        self.is_short = False
        return 0

    def clear(self):
        """Forget all groups; returns uint32, the sites that were listed, group by group."""
        listed = [self.sites(group) for group in range(self.n_groups)]
        self.bound[:], self.weight[:] = 0.0, 0.0
        self.length[:], self.start[:], self.capacity[:] = 0, 0, 0
        self.group_of_exponent[:] = -1
        self.n_groups, self.pool_used = 0, 0
        self.make_room()
        return np.concatenate(listed) if listed else np.zeros(0, dtype=np.uint32)

    def sites(self, int group):
        """uint32: the sites of one group, in order."""
        return np.array(self.pool[self.start[group]:self.start[group] + self.length[group]])

    @property
    def bounds(self):
        """float64, shape (n_groups,): largest propensity of each group [1/s]."""
        return np.array(self.bound[:self.n_groups])

    @property
    def lengths(self):
        """int64, shape (n_groups,): sites in each group."""
        return np.array(self.length[:self.n_groups])

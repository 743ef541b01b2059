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
    """

    def __init__(self, int64_t n_sites):
        self.n_groups = 0
        self.group_of_exponent = np.full(MAX_GROUPS, -1, dtype=np.int32)
        self.bound, self.weight = np.zeros(MAX_GROUPS), np.zeros(MAX_GROUPS)
        self.length, self.start = np.zeros(MAX_GROUPS, dtype=np.int64), np.zeros(MAX_GROUPS, dtype=np.int64)
        self.capacity = np.zeros(MAX_GROUPS, dtype=np.int64)
        self.pool = np.zeros(1024, dtype=np.uint32)
        self.pool_used = 0
        self.position = np.zeros(n_sites, dtype=np.uint32)

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
        if total > self.bound[group]:
            self.bound[group] = total
            self.weight[group] = total * self.length[group]
        return group

    cdef int grow(self, int group) except -1:
        """Twice the room for one group, at the end of the pool."""
        cdef int64_t room = max(64, 2 * self.capacity[group])
        if self.pool_used + room > self.pool.shape[0]:
            self._compact(room)
        old = np.asarray(self.pool)
        old[self.pool_used:self.pool_used + self.length[group]] = \
            old[self.start[group]:self.start[group] + self.length[group]]
        self.start[group] = self.pool_used
        self.capacity[group] = room
        self.pool_used += room
        return 0

    def _compact(self, room):
        """A larger pool without the holes that grown groups left behind."""
        old = np.asarray(self.pool)
        new = np.zeros(2 * (int(np.asarray(self.capacity).sum()) + room), dtype=np.uint32)
        used = 0
        for group in range(self.n_groups):
            size = self.length[group]
            new[used:used + size] = old[self.start[group]:self.start[group] + size]
            self.start[group] = used
            used += self.capacity[group]
        self.pool, self.pool_used = new, used

    def clear(self):
        """Forget all groups; returns uint32, the sites that were listed, group by group."""
        listed = [self.sites(group) for group in range(self.n_groups)]
        self.bound[:], self.weight[:] = 0.0, 0.0
        self.length[:], self.start[:], self.capacity[:] = 0, 0, 0
        self.group_of_exponent[:] = -1
        self.n_groups, self.pool_used = 0, 0
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

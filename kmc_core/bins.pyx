# SPDX-License-Identifier: BSD-3-Clause
"""Composition-rejection lists over sites.

About the algorithm
-------------------
Sites whose propensities share a binary exponent share a list. A candidate is drawn by list, in proportion to its
length times the largest propensity in it, then uniformly within the list, and is accepted with the ratio of its own
propensity to that bound; a refused candidate still advances the clock. This thinning of a Poisson process is exact,
and each step costs the same whatever the number of sites. Slepoy, Thompson, Plimpton, J. Chem. Phys. 128, 205101
(2008), doi:10.1063/1.2919546, without fixed limits: lists are opened as propensities are met.

When rates change, lists keep their sites and only get other bounds and labels; see `rerating`.
"""
import numpy as np


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
        self.n_groups, self.margin, self.leading = 0, margin, -1
        self.group_of_exponent = np.full(N_LABELS, -1, dtype=np.int32)
        self.label, self.swept = np.full(MAX_GROUPS, -1, dtype=np.int32), -1
        self.sweep = np.zeros(MAX_GROUPS, dtype=np.int64)
        self.bound, self.weight = np.zeros(MAX_GROUPS), np.zeros(MAX_GROUPS)
        self.order = np.zeros(MAX_GROUPS, dtype=np.int32)
        self.length, self.start = np.zeros(MAX_GROUPS, dtype=np.int64), np.zeros(MAX_GROUPS, dtype=np.int64)
        self.capacity = np.zeros(MAX_GROUPS, dtype=np.int64)
        self.pool, self.pool_used = np.zeros(0, dtype=np.uint32), 0
        self.make_room()
        self.gap_group, self.gap_place = -1, 0
        self.record = np.zeros(max(n_sites, 1), dtype=np.uint32)
        self._adopt_records(self.record, int(n_sites).bit_length())

    @property
    def most_classes(self):
        """int: classes that a record can hold."""
        return (<int64_t> 1) << min(8 * self.record_size - self.place_bits, 31)

    @property
    def classes(self):
        """int32, shape (n_sites,): class of every site."""
        return (self.record >> self.record.dtype.type(self.place_bits)).astype(np.int32)

    @property
    def places(self):
        """int64, shape (n_sites,): place of every site in its group, where it is in one."""
        return (self.record & self.record.dtype.type(self.place_mask)).astype(np.int64)

    def widen(self):
        """Let records hold as many classes as there can be."""
        cdef uint64_t[::1] wide
        cdef uint64_t record
        cdef int64_t site
        if not self.is_narrow:
            return
        wide = np.zeros(len(self.record), dtype=np.uint64)
        for site in range(wide.shape[0]):
            record = self.record_of(site)
            if record:                # pages of sites that nothing has been written for cost nothing
                wide[site] = (record >> self.place_bits) << 32 | (record & self.place_mask)
        self._adopt_records(np.asarray(wide), 32)

    def forget_classes(self, int64_t n_classes):
        """Leave all sites in class 0; records are as narrow as so many classes allow."""
        n_sites = len(self.record)
        place_bits = int(n_sites).bit_length()
        if not self.is_narrow and place_bits < 32 and n_classes <= 1 << (32 - place_bits):
            self._adopt_records(np.zeros(n_sites, dtype=np.uint32), place_bits)
        else:
            self.record &= self.record.dtype.type(self.place_mask)

    cdef int renumber(self, class_t[::1] classes) except -1:
        """Give every site another class; runs no Python code, so a signal finds either the old state or the new one."""
        cdef site_t site
        for site in range(<site_t> classes.shape[0]):
            self.write(site, self.with_class(self.record_of(site), classes[site]))
        return 0

    cdef int _adopt_records(self, object record, int place_bits) except -1:
        """Take over other records of all sites."""
        cdef size_t start = record.ctypes.data
        cdef int size = record.itemsize
        self.record, self.first_record, self.record_size = record, <char*> start, size
        self.is_narrow, self.place_bits = size == 4, place_bits
        self.place_mask = ((<uint64_t> 1) << place_bits) - 1
        return 0

    cdef int32_t group_for(self, double total) noexcept nogil:
        """The group of a class with this propensity; its bound is raised if need be."""
        cdef int index = label_of(total)
        cdef int32_t group = self.group_of_exponent[index]
        if group < 0:
            group = self._open()
            self.group_of_exponent[index], self.label[group] = group, index
        if total > self.bound[group]:
            self.set_bound(group, total)
        return group

    cdef int32_t _open(self) noexcept nogil:
        """The lowest free group, or a new one."""
        cdef int32_t group
        for group in range(self.n_groups):
            if self.label[group] < 0 and self.length[group] == 0 and self.sweep[group] == 0:
                return group
        group = self.n_groups
        self.n_groups += 1
        self.order[group] = group     # its bound is zero still
        self.start[group], self.capacity[group] = self.pool_used, self.margin
        self.pool_used += self.margin
        self.is_short |= self.pool.shape[0] - self.pool_used < self.margin * self.margin
        return group

    cdef bint take_label(self, int group) noexcept nogil:
        """Let a group hold the new classes with the exponent of its bound, if no other one does."""
        cdef int index = label_of(self.bound[group])
        if self.group_of_exponent[index] >= 0:
            return False
        self.group_of_exponent[index], self.label[group] = group, index
        return True

    cdef void set_bound(self, int group, double bound) noexcept nogil:
        """Another bound for a group; not while a candidate is pending, whose time has been drawn with the old one."""
        self.bound[group] = bound
        self.weight[group] = bound * self.length[group]
        self._sort()

    cdef void lead(self, int group) noexcept nogil:
        """Let a group be looked at first, because it has the greatest weight."""
        self.leading = group
        self._sort()

    cdef void _sort(self) noexcept nogil:
        """Bring the groups into the order of their bounds, after the leading one; equal ones into that of their numbers.
        """
        cdef int k, place
        cdef int32_t group, other
        for k in range(1, self.n_groups):
            group, place = self.order[k], k
            while place > 0:
                other = self.order[place - 1]
                if group != self.leading and (other == self.leading or self.bound[other] > self.bound[group] or (
                        self.bound[other] == self.bound[group] and other < group)):
                    break
                self.order[place] = other
                place -= 1
            self.order[place] = group

    cdef void set_sweep(self, int group, int64_t places) noexcept nogil:
        """Let the sites at this many places of a group be looked at."""
        self.sweep[group] = places
        for group in range(self.n_groups):
            if self.sweep[group] > 0:
                self.swept = group
                return
        self.swept = -1

    def make_room(self):
        """Room for `margin` more sites in every group, and for as many new groups as one event may open.

        Groups that are short of room move to the end of the pool; all of them move to a new pool only where it is full.
        """
        cdef int group
        cdef int64_t reserve = self.margin * min(self.margin, MAX_GROUPS - self.n_groups)
        for group in range(self.n_groups):
            if self.capacity[group] - self.length[group] < self.margin and not self._move(group, reserve):
                return self._compact(reserve)
        if self.pool.shape[0] - self.pool_used < reserve:
            return self._compact(reserve)
        self.is_short = False

    cdef bint _move(self, int group, int64_t reserve) noexcept nogil:
        """Move a group to the end of the pool, with room for as many sites again; False if there is not enough room."""
        cdef int64_t k, capacity = 2 * self.length[group] + 2 * self.margin
        if self.pool_used + capacity + reserve > self.pool.shape[0]:
            return False
        for k in range(self.length[group]):
            self.pool[self.pool_used + k] = self.pool[self.start[group] + k]
        self.start[group], self.capacity[group] = self.pool_used, capacity
        self.pool_used += capacity
        return True

    def _compact(self, reserve):
        """Move all groups to a new pool, a quarter larger than they need: pages that are not used cost nothing."""
        used = self.n_groups
        length, start = np.asarray(self.length)[:used].copy(), np.asarray(self.start)[:used].copy()
        capacity = np.asarray(self.capacity)[:used].copy()
        unfit = (capacity - length < self.margin) | (capacity > 4 * length + 2 * self.margin)
        capacity[unfit] = 2 * length[unfit] + 2 * self.margin
        places = np.concatenate([[0], np.cumsum(capacity)])
        old = np.asarray(self.pool)
        pool = np.zeros(int(places[used]) * 5 // 4 + reserve, dtype=np.uint32)
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
        self.group_of_exponent[:], self.label[:] = -1, -1
        self.sweep[:], self.swept = 0, -1
        self.n_groups, self.pool_used, self.gap_group, self.leading = 0, 0, -1, -1
        self.make_room()
        return np.concatenate(listed) if listed else np.zeros(0, dtype=np.uint32)

    def state(self):
        """{name: array} of the groups in order, for `restore`."""
        n = self.n_groups
        sites = [np.zeros(0, dtype=np.uint32), *(self.sites(group) for group in range(n))]
        return {"label": np.array(self.label[:n]), "sweep": np.array(self.sweep[:n]), "bound": self.bounds,
                "length": self.lengths, "sites": np.concatenate(sites)}

    def restore(self, state):
        """Take over the groups of a `state` in place of those that there are."""
        cdef site_t[::1] sites = state["sites"]
        cdef int64_t[::1] length = state["length"]
        cdef int64_t k, first = 0
        cdef int group, n = len(state["label"])
        self.clear()
        self.n_groups = n
        for group in range(n):
            self.label[group], self.bound[group] = state["label"][group], state["bound"][group]
            if self.label[group] >= 0:
                self.group_of_exponent[self.label[group]] = group
            self.order[group] = group
            self.set_sweep(group, state["sweep"][group])
        self._sort()
        self.make_room()
        for group in range(n):
            for k in range(first, first + length[group]):
                self.insert(sites[k], group)
                if self.is_short:
                    self.make_room()
            first += length[group]

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


cdef inline int label_of(double total) noexcept nogil:
    """Number of the binary exponent of a propensity; 0 = it is zero."""
    return 0 if total == 0.0 else kmc_exponent_of(total) + FIRST_LABEL

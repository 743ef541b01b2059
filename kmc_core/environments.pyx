# SPDX-License-Identifier: BSD-3-Clause
"""Environment classes.

About the algorithm
-------------------
The rates of a site depend on its own species, on the species at the positions that its processes look at, and on its
electron level. All sites that agree in this share a class: its enabled processes and their cumulative rate constants
are worked out once, when the environment is first met. The key of an environment is a sum over positions, so that a
changed neighbour costs one addition and one hash look-up whatever the range of the interactions. A change of
potential, temperature or activity re-rates classes, not sites.
"""
import numpy as np


cdef class EnvironmentTable:
    """Classes of environments for one set of rules.

    Parameters
    ----------
    rules : kmc_core.Rules
        Flat arrays of the mechanism; see `kmc.tables`.
    transmission : float64, shape (n_levels,)
        Transmission of each electron level; the array is shared, not copied.
    """

    def __init__(self, rules, double[::1] transmission):
        cdef int n_positions = len(rules.offsets)
        self.n_species = rules.n_species
        self.n_positions = n_positions
        self.weights = np.ascontiguousarray(rules.weights, dtype=np.int64)
        self.base = np.ascontiguousarray(rules.base, dtype=np.int64)
        self.level_stride = np.ascontiguousarray(rules.level_stride, dtype=np.int64)
        self.rule_ptr = np.ascontiguousarray(rules.rule_ptr, dtype=np.int32)
        self.condition_ptr = np.ascontiguousarray(rules.condition_ptr, dtype=np.int32)
        self.condition_position = np.ascontiguousarray(rules.condition_position, dtype=np.int32)
        self.condition_allowed = np.ascontiguousarray(rules.condition_allowed, dtype=np.uint8)
        self.term_ptr = np.ascontiguousarray(rules.term_ptr, dtype=np.int32)
        self.term_position = np.ascontiguousarray(rules.term_position, dtype=np.int32)
        self.term_weight = np.ascontiguousarray(rules.term_weight, dtype=np.int32)
        self.rule_rate = np.ascontiguousarray(rules.rule_rate, dtype=np.int32)
        self.rule_tunnels = np.ascontiguousarray(rules.rule_tunnels, dtype=np.uint8)
        self.rates = np.array(rules.rates, dtype=np.float64)
        active = np.append(np.diff(rules.rule_ptr) > 0, False)
        notices = np.append(np.ptp(np.asarray(rules.weights), axis=2).any(axis=1), False)
        self.is_active = active.astype(np.uint8)
        self.is_sensitive = (active & notices).astype(np.uint8)
        self.scratch = np.zeros(max(n_positions, 1), dtype=np.uint8)
        self.transmission = transmission
        self._allocate(256, 1024)

    def _allocate(self, classes, entries):
        self.n_classes, self.n_entries = 1, 0
        self.key = np.full(classes, -1, dtype=np.int64)
        self.total = np.zeros(classes)
        self.group = np.full(classes, -1, dtype=np.int32)
        self.first = np.zeros(classes, dtype=np.int32)
        self.size = np.zeros(classes, dtype=np.int32)
        self.environment = np.zeros((classes, self.n_positions + 1), dtype=np.uint8)
        self.level = np.zeros(classes, dtype=np.uint16)
        self.entry_rule = np.zeros(entries, dtype=np.int32)
        self.entry_sum = np.zeros(entries)
        self._rehash(4 * classes)

    def _rehash(self, size):
        cdef uint64_t slot, mask = <uint64_t> size - 1
        cdef int c
        self.table = np.zeros(size, dtype=np.int32)
        self.table_shift = 65 - int(size).bit_length()
        for c in range(1, self.n_classes):
            slot = (<uint64_t> self.key[c] * 0x9E3779B97F4A7C15ULL) >> self.table_shift
            while self.table[slot]:
                slot = (slot + 1) & mask
            self.table[slot] = c

    cdef int grow(self) except -1:
        """Room for one more class and for all rules as its entries; the hash stays at most a quarter full."""
        if self.n_classes == self.key.shape[0]:
            self.key, self.total = _doubled(self.key), _doubled(self.total)
            self.group, self.level = _doubled(self.group), _doubled(self.level)
            self.first, self.size = _doubled(self.first), _doubled(self.size)
            self.environment = _doubled(self.environment)
            self._rehash(4 * self.key.shape[0])
        while self.n_entries + self.rule_rate.shape[0] > self.entry_rule.shape[0]:
            self.entry_rule, self.entry_sum = _doubled(self.entry_rule), _doubled(self.entry_sum)
        return 0

    cdef class_t create(self, int64_t key, species_t species, level_t level) noexcept nogil:
        """A new class for the environment in `scratch`."""
        cdef class_t c
        cdef uint64_t slot, mask
        cdef int j
        if (self.n_classes == self.key.shape[0]
                or self.n_entries + self.rule_rate.shape[0] > self.entry_rule.shape[0]):
            with gil:
                self.grow()
        c = self.n_classes
        self.n_classes += 1
        self.key[c] = key
        self.level[c] = level
        for j in range(self.n_positions):
            self.environment[c, j] = self.scratch[j]
        self.environment[c, self.n_positions] = species
        self.first[c] = self.n_entries
        self.size[c] = -1             # entries not counted yet
        self.group[c] = -2            # not placed yet
        self.fill_entries(c)
        self.n_entries += self.size[c]
        mask = <uint64_t> self.table.shape[0] - 1
        slot = (<uint64_t> key * 0x9E3779B97F4A7C15ULL) >> self.table_shift
        while self.table[slot]:
            slot = (slot + 1) & mask
        self.table[slot] = c
        return c

    cdef void fill_entries(self, class_t c) noexcept nogil:
        """Find the enabled rules of a class and sort them, fastest first; ties keep the order of the rules."""
        cdef species_t species = self.environment[c, self.n_positions]
        cdef int rule, k, slot, place, n = 0
        cdef int first = self.first[c]
        cdef bint enabled
        cdef double rate, total = 0.0
        for rule in range(self.rule_ptr[species], self.rule_ptr[species + 1]):
            enabled = not self.rule_tunnels[rule] or self.level[c] > 0
            for k in range(self.condition_ptr[rule], self.condition_ptr[rule + 1]):
                enabled = enabled and self.condition_allowed[k, self.environment[c, self.condition_position[k]]]
            if not enabled:
                continue
            slot = self.rule_rate[rule]
            for k in range(self.term_ptr[rule], self.term_ptr[rule + 1]):
                slot += self.term_weight[k, self.environment[c, self.term_position[k]]]
            rate = self.rates[slot]
            if self.rule_tunnels[rule]:
                rate *= self.transmission[self.level[c]]
            place = n
            while place > 0 and self.entry_sum[first + place - 1] < rate:
                self.entry_sum[first + place] = self.entry_sum[first + place - 1]
                self.entry_rule[first + place] = self.entry_rule[first + place - 1]
                place -= 1
            self.entry_sum[first + place] = rate
            self.entry_rule[first + place] = rule
            n += 1
        for k in range(n):
            total += self.entry_sum[first + k]
            self.entry_sum[first + k] = total
        self.size[c] = n
        self.total[c] = total


def _doubled(array):
    """The same values with as much room again."""
    old = np.asarray(array)
    return np.concatenate([old, np.zeros_like(old)])

# SPDX-License-Identifier: BSD-3-Clause
"""Environment classes.

About the algorithm
-------------------
The rates of a site depend on its own species, on the species at the positions that its processes look at, and on its
electron level. All sites that agree in this share a class: its enabled processes and their cumulative rate constants
are worked out once, when the environment is first met. The key of an environment is a sum over positions, so that a
changed neighbour costs one addition and one hash look-up whatever the range of the interactions. A change of
potential, temperature or activity re-rates classes; their sites only change lists.
"""
import numpy as np


cdef uint64_t GOLDEN = 0x9E3779B97F4A7C15ULL  # 2**64 over the golden ratio: scatters neighbouring keys

MANY_CLASSES = 65536
"""int: classes beyond which those without sites are forgotten when room is short."""


cdef class EnvironmentTable:
    """Classes of environments for one set of rules.

    Parameters
    ----------
    rules : kmc_core.Rules
        Flat arrays of the mechanism; see `kmc.tables`.
    transmission : float64, shape (n_levels,)
        Transmission of each electron level; the array is shared, not copied.
    margin : int
        The most classes that one event may create. Room is made between events; the loop itself never allocates.
    """

    def __init__(self, rules, double[::1] transmission, int64_t margin):
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
        self.layer_stride = np.ascontiguousarray(rules.layer_stride, dtype=np.int64)
        self.rule_layer = np.ascontiguousarray(rules.rule_layer, dtype=np.int32)
        self.rule_tunnels = np.ascontiguousarray(rules.rule_tunnels, dtype=np.uint8)
        self.rates = np.array(rules.rates, dtype=np.float64)
        self.rule_scale = np.ones(len(rules.rule_process))
        active = np.append(np.diff(rules.rule_ptr) > 0, False)
        notices = np.append(np.ptp(np.asarray(rules.weights), axis=2).any(axis=1), False)
        self.is_active = active.astype(np.uint8)
        self.is_sensitive = (active & notices).astype(np.uint8)
        self.scratch = np.zeros(max(n_positions, 1), dtype=np.uint8)
        self.transmission = transmission
        self.margin, self.most_rules = margin, int(np.diff(rules.rule_ptr).max(initial=1))
        self.key_limit = _key_limit(rules)
        self._allocate()

    def _allocate(self):
        classes = 1 << int(2 * self.margin + 256).bit_length()
        entries = 2 * self.margin * self.most_rules + 1024
        self.n_classes, self.n_entries, self.is_short = 1, 0, False
        self.key = np.full(classes, -1, dtype=np.int64)
        self.total = np.zeros(classes)
        self.group = np.full(classes, -1, dtype=np.int32)
        self.first = np.zeros(classes, dtype=np.int32)
        self.size = np.zeros(classes, dtype=np.int32)
        self.environment = np.zeros((classes, self.n_positions + 1), dtype=np.uint8)
        self.level = np.zeros(classes, dtype=np.uint16)
        self.layer = np.zeros(classes, dtype=np.int32)
        self.entry_rule = np.zeros(entries, dtype=np.int32)
        self.entry_sum, self.entry_rate = np.zeros(entries), np.zeros(entries)
        slots = 4 * classes
        if self.key_limit <= MANY_CLASSES:
            slots = max(slots, 1 << (self.key_limit - 1).bit_length())
        self._rehash(np.zeros(slots, dtype=np.int32))

    cdef int _rehash(self, class_t[::1] table) except -1:
        """Fill a new, empty hash table of a power of two entries, at most a quarter of them used."""
        cdef uint64_t slot, mask = <uint64_t> table.shape[0] - 1
        cdef int c
        self.table, self.table_shift = table, 64
        while mask >> (64 - self.table_shift):
            self.table_shift -= 1
        self.multiplier = (<uint64_t> 1) << self.table_shift if self.key_limit <= table.shape[0] else GOLDEN
        for c in range(1, self.n_classes):
            slot = (<uint64_t> self.key[c] * self.multiplier) >> self.table_shift
            while self.table[slot]:
                slot = (slot + 1) & mask
            self.table[slot] = c
        return 0

    def make_room(self, class_t[:] class_of):
        """Room for the classes and entries that one event may add.

        Once there are many classes, those that no site is in any more are forgotten first: an interacting mechanism
        meets environments without end. The bounds of the groups stay as they are, so the trajectory does not notice.
        """
        occupied = np.bincount(class_of, minlength=self.n_classes) > 0
        if self.n_classes > MANY_CLASSES and 4 * int(occupied.sum()) < self.n_classes:
            self._keep(class_of, occupied)
        if self.n_classes + self.margin > self.key.shape[0]:
            self._adopt_classes(_doubled(self.key), _doubled(self.total), _doubled(self.group), _doubled(self.first),
                                _doubled(self.size), _doubled(self.level), _doubled(self.layer),
                                _doubled(self.environment),
                                np.zeros(2 * self.table.shape[0], dtype=np.int32))
        if self.n_entries + self.margin * self.most_rules > self.entry_rule.shape[0]:
            self._adopt_entries(_doubled(self.entry_rule), _doubled(self.entry_sum), _doubled(self.entry_rate))
        self.is_short = False

    def _keep(self, class_t[:] class_of, occupied):
        """Renumber the occupied classes, in their order, and drop all others."""
        occupied[0] = True
        kept = np.flatnonzero(occupied)
        new_of = np.zeros(self.n_classes, dtype=np.int32)
        new_of[kept] = np.arange(len(kept))
        n = len(kept)
        size = np.asarray(self.size)[kept]
        first = np.cumsum(size) - size
        entries = np.repeat(np.asarray(self.first)[kept] - first, size) + np.arange(size.sum())
        starts = _picked(self.first, kept)
        starts[:n] = first
        columns = [_picked(self.key, kept), _picked(self.total, kept), _picked(self.group, kept), starts,
                   _picked(self.size, kept), _picked(self.level, kept), _picked(self.layer, kept),
                   _picked(self.environment, kept)]
        rules, sums = _picked(self.entry_rule, entries), _picked(self.entry_sum, entries)
        rates = _picked(self.entry_rate, entries)
        table = np.zeros(self.table.shape[0], dtype=np.int32)
        renumbered = new_of[np.asarray(class_of)]
        self._adopt_kept(class_of, renumbered, n, len(entries))
        self._adopt_entries(rules, sums, rates)
        self._adopt_classes(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6],
                            columns[7], table)

    cdef int _adopt_kept(self, class_t[:] class_of, class_t[::1] renumbered, int n, int n_entries) except -1:
        class_of[:] = renumbered
        self.n_classes, self.n_entries = n, n_entries
        return 0

    cdef int _adopt_classes(self, int64_t[::1] key, double[::1] total, int32_t[::1] group, int32_t[::1] first,
                            int32_t[::1] size, level_t[::1] level, int32_t[::1] layer, species_t[:, ::1] environment,
                            class_t[::1] table) except -1:
        """Take over larger arrays; runs no Python code, so a signal finds either the old state or the new one."""
        self.key, self.total, self.group, self.first = key, total, group, first
        self.size, self.level, self.layer, self.environment = size, level, layer, environment
        return self._rehash(table)

    cdef int _adopt_entries(self, rule_t[::1] rules, double[::1] sums, double[::1] rates) except -1:
        self.entry_rule, self.entry_sum, self.entry_rate = rules, sums, rates
        return 0

    cdef class_t create(self, int64_t key, species_t species, level_t level, int32_t layer) noexcept nogil:
        """A new class for the environment in `scratch`."""
        cdef class_t c
        cdef uint64_t slot, mask
        cdef int j
        c = self.n_classes
        self.n_classes += 1
        self.key[c] = key
        self.level[c] = level
        self.layer[c] = layer
        for j in range(self.n_positions):
            self.environment[c, j] = self.scratch[j]
        self.environment[c, self.n_positions] = species
        self.first[c] = self.n_entries
        self.size[c] = -1             # entries not counted yet
        self.group[c] = -2            # not placed yet
        self.fill_entries(c)
        self.n_entries += self.size[c]
        self.is_short |= (self.n_classes + self.margin > self.key.shape[0]
                          or self.n_entries + self.margin * self.most_rules > self.entry_rule.shape[0])
        mask = <uint64_t> self.table.shape[0] - 1
        slot = (<uint64_t> key * self.multiplier) >> self.table_shift
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
            slot = self.rule_rate[rule] + self.rule_layer[rule] * self.layer[c]
            for k in range(self.term_ptr[rule], self.term_ptr[rule + 1]):
                slot += self.term_weight[k, self.environment[c, self.term_position[k]]]
            rate = self.rates[slot] * self.rule_scale[rule]
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
            self.entry_rate[first + k] = self.entry_sum[first + k]
            total += self.entry_sum[first + k]
            self.entry_sum[first + k] = total
        self.size[c] = n
        self.total[c] = total


def _key_limit(rules):
    """int: above every key; 2**64 where there could be too many, or keys are hashes."""
    weights, levels = np.asarray(rules.weights), np.asarray(rules.level_stride) * 65535
    parts = [np.asarray(rules.base), levels, np.asarray(rules.layer_stride) * (rules.n_layers - 1)]
    if min(weights.min(initial=0), *(part.min(initial=0) for part in parts)) < 0:
        return 2**64 - 1
    most = weights.max(axis=2, initial=0).astype(float).sum(axis=1) + sum(part.astype(float) for part in parts)
    return int(most.max(initial=0.0)) + 1 if most.max(initial=0.0) < 2.0**62 else 2**64 - 1


def _picked(array, kept):
    """The kept rows at the start of an array of the same size."""
    old = np.asarray(array)
    new = np.zeros_like(old)
    new[:len(kept)] = old[kept]
    return new


def _doubled(array):
    """The same values with as much room again."""
    old = np.asarray(array)
    return np.concatenate([old, np.zeros_like(old)])

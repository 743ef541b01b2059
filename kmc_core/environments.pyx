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

RECORD = np.dtype([("key", np.int64), ("total", np.float64), ("per_rate", np.float64), ("group", np.int32),
                   ("first", np.int32)], align=True)
"""dtype: a class_record."""


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
        self.n_species, self.n_positions = rules.n_species, len(rules.offsets)
        self.rule_ptr = np.ascontiguousarray(rules.rule_ptr, dtype=np.int32)
        self.condition_ptr = np.ascontiguousarray(rules.condition_ptr, dtype=np.int32)
        self.condition_position = np.ascontiguousarray(rules.condition_position, dtype=np.int32)
        self.condition_allowed = np.ascontiguousarray(rules.condition_allowed, dtype=np.uint8)
        self.term_ptr = np.ascontiguousarray(rules.term_ptr, dtype=np.int32)
        self.term_position = np.ascontiguousarray(rules.term_position, dtype=np.int32)
        self.term_weight = np.ascontiguousarray(rules.term_weight, dtype=np.int32)
        self.rule_rate = np.ascontiguousarray(rules.rule_rate, dtype=np.int32)
        self.rule_layer = np.ascontiguousarray(rules.rule_layer, dtype=np.int32)
        self.rule_tunnels = np.ascontiguousarray(rules.rule_tunnels, dtype=np.uint8)
        self.rates = np.array(rules.rates, dtype=np.float64)
        self.rule_scale = np.ones(len(rules.rule_process))
        self.is_active = np.append(np.diff(rules.rule_ptr) > 0, False).astype(np.uint8)
        self.scratch = np.zeros(max(self.n_positions, 1), dtype=np.uint8)
        self.transmission = transmission
        self.margin, self.most_rules = margin, int(np.diff(rules.rule_ptr).max(initial=1))
        self.generation, self.groups, self.most_classes = 0, None, (<int64_t> 1) << 31
        self.look(rules)

    def look(self, rules):
        """Take over which rules are blind, and the keys that follow; all classes are forgotten."""
        self.rule_is_blind = np.ascontiguousarray(rules.rule_is_blind, dtype=np.uint8)
        self.weights = np.ascontiguousarray(rules.weights, dtype=np.int64)
        self.base = np.ascontiguousarray(rules.base, dtype=np.int64)
        self.level_stride = np.ascontiguousarray(rules.level_stride, dtype=np.int64)
        self.layer_stride = np.ascontiguousarray(rules.layer_stride, dtype=np.int64)
        self.key_limit = _key_limit(rules)
        self.generation += 1
        self._allocate(1 << int(2 * self.margin + 256).bit_length(), 2 * self.margin * self.most_rules + 1024)

    def _allocate(self, classes, entries):
        self.n_classes, self.n_entries, self.is_short = 1, 0, False
        records = np.zeros(classes, dtype=RECORD)
        records["key"] = records["group"] = -1
        self.entry_rule, self.entry_slot = np.zeros(entries, dtype=np.int32), np.zeros(entries, dtype=np.int32)
        self.entry_sum, self.entry_rate = np.zeros(entries), np.zeros(entries)
        slots = 4 * classes
        if self.key_limit <= MANY_CLASSES:
            slots = max(slots, 1 << (self.key_limit - 1).bit_length())
        environment = np.zeros((classes, self.n_positions + 1), dtype=np.uint8)
        size, layer = np.zeros((2, classes), dtype=np.int32)
        self._adopt_classes((*_columns(records), size, np.zeros(classes, dtype=np.uint16), layer, environment,
                             np.zeros(classes, dtype=np.uint8)), np.zeros(slots, dtype=np.int32))

    def state(self):
        """{name: array} of every class in order, for `restore`: how lists change with rates depends on it."""
        columns = {"key": self.key, "environment": self.environment, "level": self.level, "layer": self.layer,
                   "group": self.group, "is_current": self.is_current}
        found = {name: np.array(column)[1:self.n_classes] for name, column in columns.items()}
        return found | {"room": np.array([self.key.shape[0], self.entry_rule.shape[0]])}

    def restore(self, state):
        """Take over the classes of a `state` in place of those met so far, rated with the rates in force."""
        cdef int64_t[::1] key = state["key"]
        cdef species_t[:, ::1] environment = state["environment"]
        cdef level_t[::1] level = state["level"]
        cdef int32_t[::1] layer = state["layer"]
        cdef int k, j, n = len(state["key"])
        self._allocate(*state["room"].tolist())
        if n + 1 + self.margin > self.groups.most_classes:
            self.groups.widen()
        self.fit()
        for k in range(n):
            if self.is_short:
                self.grow()
            for j in range(self.n_positions):
                self.scratch[j] = environment[k, j]
            self.create(key[k], environment[k, self.n_positions], level[k], layer[k])
        np.asarray(self.group)[1:n + 1] = state["group"]
        np.asarray(self.is_current)[1:n + 1] = state["is_current"]
        self._rehash(np.zeros(self.table.shape[0], dtype=np.int32))

    cdef int _rehash(self, class_t[::1] table) except -1:
        """Fill a new, empty hash table of a power of two entries, at most a quarter of them used."""
        cdef uint64_t slot, mask = <uint64_t> table.shape[0] - 1
        cdef int c, current
        self.table, self.table_shift = table, 64
        while mask >> (64 - self.table_shift):
            self.table_shift -= 1
        self.multiplier = (<uint64_t> 1) << self.table_shift if self.key_limit <= table.shape[0] else GOLDEN
        for current in range(1, -1, -1):
            for c in range(1, self.n_classes):
                if self.is_current[c] == current:
                    slot = (<uint64_t> self.key[c] * self.multiplier) >> self.table_shift
                    while self.table[slot]:
                        slot = (slot + 1) & mask
                    self.table[slot] = c
        return 0

    def attach(self, SiteGroups groups):
        """Know where the classes of the sites are written down."""
        self.groups = groups
        self.fit()

    def fit(self):
        """Let the records of sites hold all classes that there may be after the next event."""
        if self.n_classes + self.margin > self.groups.most_classes:
            self.groups.widen()
        self.most_classes = self.groups.most_classes

    def make_room(self):
        """Room for the classes and entries that one event may add.

        Once there are many classes, those that no site is in any more are forgotten first: an interacting mechanism
        meets environments without end. The bounds of the groups stay as they are, so the trajectory does not notice.
        When that is follows from the room that there is, which a snapshot keeps, not from the width of records.
        """
        if self.n_classes > MANY_CLASSES and self._is_full():
            classes = self.groups.classes
            needed = self._needed(classes)
            if 4 * int(needed.sum()) < self.n_classes:
                self._keep(classes, needed)
        self.grow()

    def _needed(self, classes):
        """bool, shape (n_classes,): has sites, or is the one to which these belong now."""
        cdef int c
        needed = np.bincount(classes, minlength=self.n_classes) > 0
        for c in np.flatnonzero(needed & (np.asarray(self.is_current)[:self.n_classes] == 0)):
            if c > 0:
                needed[self.find(self.key[c])] = True
        return needed

    def grow(self):
        """Room for the classes and entries that one event may add."""
        if self.n_classes + self.margin > self.key.shape[0]:
            self._adopt_classes((*_columns(_doubled(self.records)), _doubled(self.size), _doubled(self.level),
                                 _doubled(self.layer), _doubled(self.environment), _doubled(self.is_current)),
                                np.zeros(2 * self.table.shape[0], dtype=np.int32))
        if self.n_entries + self.margin * self.most_rules > self.entry_rule.shape[0]:
            self._adopt_entries(_doubled(self.entry_rule), _doubled(self.entry_slot), _doubled(self.entry_sum),
                                _doubled(self.entry_rate))
        self.fit()
        self.is_short = False         # last: what fails before is tried again

    def _keep(self, classes, needed):
        """Renumber the needed classes, in their order, and drop all others."""
        needed[0] = True
        kept = np.flatnonzero(needed)
        new_of = np.zeros(self.n_classes, dtype=np.int32)
        new_of[kept] = np.arange(len(kept))
        n = len(kept)
        size = np.asarray(self.size)[kept]
        first = np.cumsum(size) - size
        entries = np.repeat(np.asarray(self.first)[kept] - first, size) + np.arange(size.sum())
        records = _picked(self.records, kept)
        records["first"][:n] = first
        columns = (*_columns(records), _picked(self.size, kept), _picked(self.level, kept), _picked(self.layer, kept),
                   _picked(self.environment, kept), _picked(self.is_current, kept))
        rules, slots = _picked(self.entry_rule, entries), _picked(self.entry_slot, entries)
        sums, rates = _picked(self.entry_sum, entries), _picked(self.entry_rate, entries)
        table = np.zeros(self.table.shape[0], dtype=np.int32)
        renumbered = new_of[classes]
        self.generation += 1
        self._adopt_kept(renumbered, n, len(entries))
        self._adopt_entries(rules, slots, sums, rates)
        self._adopt_classes(columns, table)

    cdef int _adopt_kept(self, class_t[::1] renumbered, int n, int n_entries) except -1:
        self.groups.renumber(renumbered)
        self.n_classes, self.n_entries = n, n_entries
        return 0

    cdef int _adopt_classes(self, tuple classes, class_t[::1] table) except -1:
        """Take over larger arrays; runs no Python code, so a signal finds either the old state or the new one."""
        cdef int64_t[:] key = classes[1]
        cdef double[:] total = classes[2], per_rate = classes[3]
        cdef int32_t[:] group = classes[4], first = classes[5]
        cdef int32_t[::1] size = classes[6], layer = classes[8]
        cdef level_t[::1] level = classes[7]
        cdef species_t[:, ::1] environment = classes[9]
        cdef uint8_t[::1] is_current = classes[10]
        self.records, self.record = classes[0], <class_record*> &key[0]
        self.key, self.total, self.per_rate, self.group, self.first = key, total, per_rate, group, first
        self.size, self.level, self.layer, self.environment = size, level, layer, environment
        self.is_current = is_current
        return self._rehash(table)

    cdef int _adopt_entries(self, rule_t[::1] rules, int32_t[::1] slots, double[::1] sums,
                            double[::1] rates) except -1:
        self.entry_rule, self.entry_slot, self.entry_sum, self.entry_rate = rules, slots, sums, rates
        return 0

    cdef class_t create(self, int64_t key, species_t species, level_t level, int32_t layer) noexcept nogil:
        """A new class for the environment in `scratch`."""
        cdef class_t c = self._append(key, level, layer)
        cdef uint64_t mask = <uint64_t> self.table.shape[0] - 1
        cdef uint64_t slot = (<uint64_t> key * self.multiplier) >> self.table_shift
        cdef int j
        for j in range(self.n_positions):
            self.environment[c, j] = self.scratch[j]
        self.environment[c, self.n_positions] = species
        self.is_current[c] = True
        self._fill_entries(c)
        self.n_entries += self.size[c]
        self._note_room()
        while self.table[slot]:
            slot = (slot + 1) & mask
        self.table[slot] = c
        return c

    cdef class_t _append(self, int64_t key, level_t level, int32_t layer) noexcept nogil:
        """Number of a new class, behind all others."""
        cdef class_t c = self.n_classes
        self.n_classes += 1
        self.key[c], self.level[c], self.layer[c] = key, level, layer
        self.first[c] = self.n_entries
        self.group[c] = -2            # not placed yet
        return c

    cdef void _note_room(self) noexcept nogil:
        self.is_short |= self._is_full() or self.n_classes + self.margin > self.most_classes

    cdef bint _is_full(self) noexcept nogil:
        """Whether there is less room for classes or entries than one event may need."""
        return (self.n_classes + self.margin > self.key.shape[0]
                or self.n_entries + self.margin * self.most_rules > self.entry_rule.shape[0])

    cdef void _fill_entries(self, class_t c) noexcept nogil:
        """Find the enabled rules of a new class, and where their rates stand."""
        cdef species_t species = self.environment[c, self.n_positions]
        cdef int rule, k, slot, n = 0
        cdef int first = self.first[c]
        cdef bint enabled
        for rule in range(self.rule_ptr[species], self.rule_ptr[species + 1]):
            enabled = not self.rule_tunnels[rule] or self.level[c] > 0
            for k in range(self.condition_ptr[rule], self.condition_ptr[rule + 1]):
                enabled = enabled and (self.rule_is_blind[rule] or
                                       self.condition_allowed[k, self.environment[c, self.condition_position[k]]])
            if not enabled:
                continue
            slot = self.rule_rate[rule] + self.rule_layer[rule] * self.layer[c]
            for k in range(self.term_ptr[rule], self.term_ptr[rule + 1]):
                slot += self.term_weight[k, self.environment[c, self.term_position[k]]]
            self.entry_rule[first + n], self.entry_slot[first + n] = rule, slot
            n += 1
        self.size[c] = n
        self.rate_entries(c)

    cdef void rate_entries(self, class_t c) noexcept nogil:
        """Look up the rates of a class and sort them, fastest first; ties keep the order of the rules."""
        cdef int k, place, slot
        cdef rule_t rule
        cdef rule_t* rules = &self.entry_rule[0] + self.first[c]
        cdef int32_t* slots = &self.entry_slot[0] + self.first[c]
        cdef double* rates = &self.entry_rate[0] + self.first[c]
        cdef double* sums = &self.entry_sum[0] + self.first[c]
        cdef double rate, total = 0.0
        for k in range(self.size[c]):
            rule, slot, place = rules[k], slots[k], k
            rate = self.rates[slot] * self.rule_scale[rule]
            if self.rule_tunnels[rule]:
                rate *= self.transmission[self.level[c]]
            while place > 0 and (rates[place - 1] < rate or (rates[place - 1] == rate and rules[place - 1] > rule)):
                rates[place], rules[place], slots[place] = rates[place - 1], rules[place - 1], slots[place - 1]
                place -= 1
            rates[place], rules[place], slots[place] = rate, rule, slot
        for k in range(self.size[c]):
            total += rates[k]
            sums[k] = total
        self.total[c] = total
        # less by a margin far above the rounding of sums, so that `chosen` never starts too far
        self.per_rate[c] = (1.0 - 2.0**-32) / rates[0] if self.size[c] > 0 and rates[0] > 1e-300 else 0.0

    cdef class_t take_twin(self, class_t c, int32_t group) noexcept nogil:
        """Let a class that belongs into another list now be followed by a twin, whose sites are in that list.

        An old twin serves if its sites are in that list, or if it has none; otherwise there is a new one.
        """
        cdef uint64_t mask = <uint64_t> self.table.shape[0] - 1
        cdef uint64_t slot = (<uint64_t> self.key[c] * self.multiplier) >> self.table_shift
        cdef uint64_t slot_of_current = 0, slot_of_twin = 0
        cdef class_t each, twin = 0
        cdef bint fits
        while self.table[slot]:
            each = self.table[slot]
            if each == c:
                slot_of_current = slot
            elif self.key[each] == self.key[c] and (self.group[each] == group or self.group[each] == -2):
                fits = self.group[each] == group
                if twin == 0 or fits > (self.group[twin] == group) or (self.group[each] == self.group[twin]
                                                                       and each < twin):
                    twin, slot_of_twin = each, slot
            slot = (slot + 1) & mask
        if twin == 0:
            twin, slot_of_twin = self._copy(c), slot
        self.table[slot_of_current], self.table[slot_of_twin] = twin, c
        self.is_current[c], self.is_current[twin] = False, True
        self.group[twin] = group
        return twin

    cdef class_t _copy(self, class_t c) noexcept nogil:
        """A new class, with the environment and the entries of another one."""
        cdef class_t twin = self._append(self.key[c], self.level[c], self.layer[c])
        cdef int k, first = self.first[c], after = self.first[twin]
        for k in range(self.n_positions + 1):
            self.environment[twin, k] = self.environment[c, k]
        self.size[twin], self.total[twin], self.per_rate[twin] = self.size[c], self.total[c], self.per_rate[c]
        for k in range(self.size[c]):
            self.entry_rule[after + k] = self.entry_rule[first + k]
            self.entry_slot[after + k] = self.entry_slot[first + k]
            self.entry_sum[after + k] = self.entry_sum[first + k]
            self.entry_rate[after + k] = self.entry_rate[first + k]
        self.n_entries += self.size[c]
        self._note_room()
        return twin

    cdef class_t listed_in(self, int64_t key, int32_t group) noexcept nogil:
        """The class of a key whose sites are in a certain list, the current one before others; -1 = none."""
        cdef uint64_t mask = <uint64_t> self.table.shape[0] - 1
        cdef uint64_t slot = (<uint64_t> key * self.multiplier) >> self.table_shift
        while self.table[slot]:
            if self.key[self.table[slot]] == key and self.group[self.table[slot]] == group:
                return self.table[slot]
            slot = (slot + 1) & mask
        return -1


def _key_limit(rules):
    """int: above every key; 2**64 where there could be too many, or keys are hashes."""
    weights, levels = np.asarray(rules.weights), np.asarray(rules.level_stride) * 65535
    parts = [np.asarray(rules.base), levels, np.asarray(rules.layer_stride) * (rules.n_layers - 1)]
    if min(weights.min(initial=0), *(part.min(initial=0) for part in parts)) < 0:
        return 2**64 - 1
    most = weights.max(axis=2, initial=0).astype(float).sum(axis=1) + sum(part.astype(float) for part in parts)
    return int(most.max(initial=0.0)) + 1 if most.max(initial=0.0) < 2.0**62 else 2**64 - 1


def _columns(records):
    """Records of classes, and the columns that are looked at one by one."""
    return records, records["key"], records["total"], records["per_rate"], records["group"], records["first"]


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

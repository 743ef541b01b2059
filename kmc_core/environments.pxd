# SPDX-License-Identifier: BSD-3-Clause
"""EnvironmentTable: every local environment met so far, with what can happen in it and how fast."""
from kmc_core.bins cimport SiteGroups
from kmc_core.typedefs cimport class_t, int32_t, int64_t, level_t, rule_t, species_t, uint8_t, uint64_t

cimport cython

cdef struct class_record:             # what the loop reads of a class, half a line of the cache
    int64_t key
    double total
    double per_rate
    int32_t group
    int32_t first


@cython.final
cdef class EnvironmentTable:
    cdef readonly int n_species       # species on the lattice; index n_species is the outside
    cdef readonly int n_positions     # positions of the stencil
    cdef readonly int n_classes       # classes in use, class 0 ("starts nothing") included
    cdef readonly int n_entries       # entries in use
    cdef readonly int64_t generation  # how often classes have been numbered anew
    cdef int64_t margin               # classes that one event may create
    cdef uint64_t key_limit           # above every key; keys up to MANY_CLASSES look their class up without a hash
    cdef int64_t most_rules           # rules of the species that has most
    cdef SiteGroups groups            # holds the records of sites, which must have room for the number of a class
    cdef int64_t most_classes         # for which they have room now
    cdef bint is_short                # less room than one event may need: `make_room` before the next event
    # what a species notices: the key of an environment is additive, so one changed neighbour is one addition
    cdef int64_t[:, :, ::1] weights   # (n_species, n_positions, n_species + 1) part of the key
    cdef int64_t[::1] base            # (n_species,) first key of each species
    cdef int64_t[::1] level_stride    # (n_species,) key per electron level; 0 = the species does not notice it
    cdef uint8_t[::1] is_active       # (n_species + 1,) starts at least one rule
    # rules: a process in one orientation, sorted by the species of its anchor
    cdef int32_t[::1] rule_ptr        # (n_species + 1,) rules of each anchor species
    cdef int32_t[::1] condition_ptr   # (n_rules + 1,)
    cdef int32_t[::1] condition_position
    cdef uint8_t[:, ::1] condition_allowed  # (n_conditions, n_species + 1)
    cdef int32_t[::1] term_ptr        # (n_rules + 1,) terms that pick the rate out of the rule's table
    cdef int32_t[::1] term_position
    cdef int32_t[:, ::1] term_weight  # (n_terms, n_species + 1)
    cdef int32_t[::1] rule_rate       # (n_rules,) start of the rule's table in `rates`
    cdef int64_t[::1] layer_stride    # (n_species,) key per layer; 0 = the species does not notice it
    cdef int32_t[::1] rule_layer      # (n_rules,) step in the rule's rate table per layer
    cdef uint8_t[::1] rule_is_blind   # (n_rules,) its conditions are looked at when it has been drawn, see `keys`
    cdef uint8_t[::1] rule_tunnels    # (n_rules,) multiplied by the transmission of the anchor's level
    cdef double[::1] rates            # (n_rates,) rate constants [1/s]
    cdef double[::1] rule_scale       # (n_rules,) combinations of dissolved molecules that a rule is rated with
    cdef double[::1] transmission     # (65537,) of each electron level; owned by ElectronPaths
    # classes: the next five are columns of `records`
    cdef object records               # (capacity,) structured array, a class_record each
    cdef class_record* record         # its first element
    cdef int64_t[:] key               # (capacity,)
    cdef double[:] total              # (capacity,) sum of the rate constants [1/s]
    cdef double[:] per_rate           # (capacity,) just below one over the fastest rate constant; 0 if none [s]
    cdef int32_t[:] group             # (capacity,) list of the sites of the class; -1 = none, -2 = not placed yet
    cdef int32_t[:] first             # (capacity,) first entry
    cdef uint8_t[::1] is_current      # (capacity,) new sites of its environment are of this class; the others wait for
                                      # their sites to move to it, since rates have changed and it belongs elsewhere
    cdef int32_t[::1] size            # (capacity,) number of entries
    cdef species_t[:, ::1] environment  # (capacity, n_positions + 1) species at each position, then of the site
    cdef level_t[::1] level           # (capacity,)
    cdef int32_t[::1] layer           # (capacity,)
    # entries: the enabled rules of a class, fastest first
    cdef rule_t[::1] entry_rule       # (entry capacity,)
    cdef int32_t[::1] entry_slot      # (entry capacity,) of its rate in `rates`
    cdef double[::1] entry_sum        # (entry capacity,) cumulative rate constant [1/s]
    cdef double[::1] entry_rate       # (entry capacity,) rate constant [1/s]; a difference of sums would lose slow ones
    # hash of keys
    cdef class_t[::1] table           # (power of two,) class, 0 = empty
    cdef int table_shift              # 64 - log2(table size)
    cdef uint64_t multiplier          # of keys before the shift: 2**table_shift: small keys are their own hashes

    cdef class_t create(self, int64_t key, species_t species, level_t level, int32_t layer) noexcept nogil
    cdef void rate_entries(self, class_t c) noexcept nogil
    cdef class_t take_twin(self, class_t c, int32_t group) noexcept nogil
    cdef class_t listed_in(self, int64_t key, int32_t group) noexcept nogil
    cdef void _fill_entries(self, class_t c) noexcept nogil
    cdef class_t _append(self, int64_t key, level_t level, int32_t layer) noexcept nogil
    cdef bint _is_full(self) noexcept nogil
    cdef void _note_room(self) noexcept nogil
    cdef class_t _copy(self, class_t c) noexcept nogil
    cdef int _rehash(self, class_t[::1] table) except -1
    cdef int _adopt_kept(self, class_t[::1] renumbered, int n, int n_entries) except -1
    cdef int _adopt_classes(self, tuple classes, class_t[::1] table) except -1
    cdef int _adopt_entries(self, rule_t[::1] rules, int32_t[::1] slots, double[::1] sums,
                            double[::1] rates) except -1
    cdef species_t[::1] scratch       # (n_positions,) environment handed to `create`

    cdef inline class_t find(self, int64_t key) noexcept nogil:
        """The current class of a key, or -1 if it has not been met. The current one comes before its twins."""
        cdef uint64_t mask = <uint64_t> self.table.shape[0] - 1
        cdef uint64_t slot = (<uint64_t> key * self.multiplier) >> self.table_shift
        cdef class_t c
        while True:
            c = self.table[slot]
            if c == 0:
                return -1
            if self.record[c].key == key:
                return c
            slot = (slot + 1) & mask

    cdef inline int chosen(self, class_t c, double u) noexcept nogil:
        """Entry of a class whose share of its total holds `u`, which is below it.

        As no rate is larger than the first, at least u over that many entries come before: with equal rates, as of the
        hops of a walker, the search is over where it starts, and no branch is guessed wrong. Comparing eight sums at
        once without a branch was 11 ns slower than a search from the first on.
        """
        cdef double* reached = &self.entry_sum[0] + self.record[c].first
        cdef int passed = <int> (u * self.record[c].per_rate)
        while u >= reached[passed]:
            passed += 1
        return self.record[c].first + passed

    cdef inline class_t with_neighbour(self, class_t c, int64_t key, int position, species_t species) noexcept nogil:
        """Class of `c` after the species at one position changed; `key` is its key."""
        cdef class_t found = self.find(key)
        cdef int j
        if found < 0:
            for j in range(self.n_positions):
                self.scratch[j] = self.environment[c, j]
            self.scratch[position] = species
            found = self.create(key, self.environment[c, self.n_positions], self.level[c], self.layer[c])
        return found

    cdef inline class_t with_level(self, class_t c, int64_t key, level_t level) noexcept nogil:
        """Class of `c` after the electron level of its site changed; `key` is its key."""
        cdef class_t found = self.find(key)
        cdef int j
        if found < 0:
            for j in range(self.n_positions):
                self.scratch[j] = self.environment[c, j]
            found = self.create(key, self.environment[c, self.n_positions], level, self.layer[c])
        return found

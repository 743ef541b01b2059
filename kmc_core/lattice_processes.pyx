# SPDX-License-Identifier: BSD-3-Clause
"""What can happen on the lattice: drawing a candidate, executing it, and keeping every site in its list.

About the algorithm
-------------------
A site is drawn by its propensity (`bins`), a process by its rate constant within the site's environment class
(`environments`). An event changes a few sites; the sites that notice change their class by one addition to a key.
"""
import numpy as np

from kmc_core.plans import plans_of, rows_of, unheard_of

from kmc_core.events cimport assign, change, change_quietly, class_of_key, look_around, take_over

CACHED_SITES = 100_000                # up to so many sites to visit, all of them fit into a core's own cache


cdef class LatticeProcesses:
    """The lattice with its processes.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
        Initial species.
    periodic : bool, shape (3,)
    rules : kmc_core.Rules
    random : RandomStream
    decay, quantum, cutoff
        As in `Engine`.
    layer_of : int32, shape (nz,)
        Layer of every z plane, for the rules that notice layers.
    interactions : kmc_core.Interactions or None
    """

    def __init__(self, species, periodic, rules, RandomStream random, decay, quantum, cutoff, layer_of, interactions):
        self.random = random
        self.state = LatticeState(species, periodic, rules.offsets, rules.n_species)
        self.electrons = ElectronPaths(species, decay, quantum, cutoff)
        margin = rules.most_refreshed(species.shape[0] if self.electrons.enabled else 0)
        self.environments = EnvironmentTable(rules, self.electrons.transmission, margin)
        self.energies = SiteEnergies(interactions, rules, self.state, np.shape(species), periodic)
        if self.energies.enabled:
            self.site_rates = SiteRates(rules, self.state, self.energies)
            self.reclassified, self.n_reclassified = np.zeros(margin + 1, dtype=np.uint32), 0
            margin += self.site_rates.most
        self.groups = SiteGroups(species.size, margin + SWEPT_AT_ONCE)
        self.layer_of = np.array(layer_of, dtype=np.int32)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)
        self.next_place = self.next_site = -1
        steps = np.asarray(self.state.step, dtype=np.int64)
        self.fetched_species = steps[abs(steps) > 1]  # those before and after are hardly ever in another line
        self.n_fetched = len(self.fetched_species)
        if self.energies.enabled:
            self.site_rates.attach(self.environments, self.groups)
        self.foreign, self.notes_edges, self.n_noted = 255, False, 0
        self._read(rules)
        self.environments.attach(self.groups)
        self._classify_all()

    def _read(self, rules):
        """Tables of what the loop reads about rules."""
        self.rules = rules
        self.own, self.noticed, self.told, self.seen = rows_of(rules, np.asarray(self.state.opposite))
        self.row_size = self.own.shape[1] * self.own.shape[2]
        self.row_start = np.arange(rules.n_species, dtype=np.int64) * (rules.n_species * self.row_size)
        self.row_shift = int(self.own.shape[2]).bit_length() - 1
        self.told_now = np.zeros(self.row_size, dtype=np.int64)
        self.shape = ANY
        if self.seen.shape[0] > 0 and not self.energies.enabled:
            self.shape = CUBIC if self.state.is_cubic else SQUARE if self.state.n_positions == 4 else ANY
        rule_plans, *others = plans_of(rules, np.asarray(self.state.opposite), np.asarray(self.state.shift),
                                       has_swaps=not self.electrons.enabled)
        if self.energies.enabled:     # there is always somebody to tell: the lists by energies
            rule_plans = rule_plans.copy()
            rule_plans["manner"] = LISTED
        self.plans = rule_plans, *others
        self.rule_plans, self.change_plans, self.look_plans = (
            <rule_plan*> <size_t> self.plans[0].ctypes.data, <change_plan*> <size_t> self.plans[1].ctypes.data,
            <look_plan*> <size_t> self.plans[2].ctypes.data)
        self.is_unheard = unheard_of(rules, np.asarray(self.state.opposite))
        self.is_quiet = bool((self.plans[0]["manner"] >= QUIET).all())
        self.allowed = np.zeros((len(rules.condition_position) + 1, rules.n_species + 1), dtype=np.uint8)
        np.asarray(self.allowed)[:-1] = rules.condition_allowed

    def look(self, rules):
        """Take over the same rules, of which others are blind: all sites are classified and listed anew."""
        self.forget(rules)
        self._classify_all()

    def forget(self, rules):
        """Take over the same rules, of which others are blind, and leave all sites without class and list."""
        self.environments.look(rules)
        self.groups.clear()
        self.next_place = self.next_site = -1
        self._read(rules)
        self.groups.forget_classes(self.environments.n_classes + self.environments.margin)
        self.environments.fit()

    def make_room(self):
        """Grow what is short; the only place where a running engine allocates."""
        self.next_place = self.next_site = -1  # the pool may move
        listed = int(np.sum(self.groups.length[:self.groups.n_groups]))
        self.looks_ahead = self.notes_edges or min(8 * listed, self.state.n_sites) > CACHED_SITES  # 8 share a line
        if self.groups.is_short:
            self.groups.make_room()
        if self.environments.is_short:
            self.environments.make_room()
            if self.energies.enabled:
                self.site_rates.forget_thresholds()
        self.fetched_record = np.asarray(self.fetched_species) * self.groups.record_size

    cdef void execute(self, site_t site, rule_t rule) noexcept nogil:
        """Write the changes of a rule, then bring every environment that notices them up to date.

        A negative rule is a change that another part of the lattice has made: the site gets the species -1 - rule.
        """
        change(self, site, rule)

    cdef void overwrite(self, site_t site, species_t species) noexcept nogil:
        """Take over the species that a site has got in another part of the lattice."""
        take_over(self, site, species)

    cdef bint attempt(self, site_t site, rule_t rule) noexcept nogil:
        """`execute` for a rule that is blind, or noticed by nobody; returns whether it was possible."""
        if self.rule_plans[rule].manner >= QUIET:
            return change_quietly(self, site, rule)
        if not self._is_possible(site, rule):
            return False
        self.execute(site, rule)
        return True

    cdef bint _is_possible(self, site_t site, rule_t rule) noexcept nogil:
        """Whether everything around a site is as a rule asks."""
        cdef site_t found[MAX_POSITIONS + 1]
        return look_around(self, site, rule, found)

    cdef void sweep(self) noexcept nogil:
        """Look at the next sites of the lowest list from which classes have left, and move those that belong elsewhere.

        From the end downward: what takes the place of a site that moves has been looked at, or is listed since. Not
        while a candidate is pending, since bounds change.
        """
        cdef int group = self.groups.swept, k
        cdef int64_t place = min(self.groups.sweep[group], self.groups.length[group])
        cdef site_t* sites = &self.groups.pool[0] + self.groups.start[group]
        cdef site_t site
        cdef class_t c
        for k in range(2 * SWEPT_AT_ONCE):  # those of next time as well, all at once
            if k < place:
                self.groups.prefetch(sites[place - 1 - k])
        for k in range(min(place, <int64_t> SWEPT_AT_ONCE)):
            place -= 1
            site = sites[place]
            c = self.groups.class_at(site)
            if not self.environments.is_current[c]:
                assign(self, True, site, self.environments.find(self.environments.key[c]))
                self.groups.close_gap()
        self.groups.sweep[group] = place
        if place == 0:
            self._finish_sweep(group)

    cdef void _finish_sweep(self, int group) noexcept nogil:
        """The classes that have left a list have no sites there any more; its bound is that of the others."""
        cdef class_t c
        cdef double bound = 0.0
        for c in range(1, self.environments.n_classes):
            if self.environments.group[c] == group:
                if self.environments.is_current[c]:
                    bound = max(bound, self.environments.total[c])
                else:
                    self.environments.group[c] = -2
        self.groups.set_bound(group, bound)
        self.groups.set_sweep(group, 0)

    def sweep_all(self):
        """Let every site move to the list where its class belongs."""
        while self.groups.swept >= 0:
            self.make_room()
            with nogil:
                while self.groups.swept >= 0 and not self.is_short():
                    self.sweep()

    cdef void _classify(self, site_t site) noexcept nogil:
        """Class of an active site from its surroundings, for the first time."""
        cdef site_t around[MAX_POSITIONS]
        self.state.neighbours(site, around)
        assign(self, True, site, class_of_key(self, site, self.state.species[site], self._own_key(site, around)))

    cdef class_t _met(self, site_t site, int64_t key, species_t species, level_t level, int32_t layer) noexcept nogil:
        """A new class for what is around a site."""
        cdef site_t around[MAX_POSITIONS]
        cdef int j
        self.state.neighbours(site, around)
        for j in range(self.state.n_positions):
            self.environments.scratch[j] = self.state.species[around[j]]
        return self.environments.create(key, species, level, layer)

    cdef int64_t _own_key(self, site_t site, site_t* around) noexcept nogil:
        """Key of a site's species and neighbours."""
        cdef species_t species = self.state.species[site]
        cdef int64_t key = self.environments.base[species]
        cdef int j
        for j in range(self.state.n_positions):
            key += self.environments.weights[species, j, self.state.species[around[j]]]
        return key

    cdef void _refresh_column(self, site_t site) noexcept nogil:
        """Carry a changed decay up the column until the levels agree again."""
        cdef uint32_t step = self.state.nx * self.state.ny
        cdef int64_t quanta
        cdef level_t level, old
        cdef species_t species
        cdef class_t c
        if self.electrons.level[site] == 0:
            return
        quanta = self.electrons.value[self.electrons.level[site]]
        while site + step < self.state.n_sites:
            quanta += self.electrons.decay[self.state.species[site]]
            site += step
            old, level = self.electrons.level[site], self.electrons.intern(quanta)
            if level == old:
                return
            self.electrons.level[site] = level
            species = self.state.species[site]
            if self.environments.is_active[species] and self.environments.level_stride[species]:
                c = self.groups.class_at(site)
                if self.energies.enabled:
                    self.reclassified[self.n_reclassified] = site
                    self.n_reclassified += 1
                assign(self, True, site, self.environments.with_level(
                    c, self.environments.key[c] + self.environments.level_stride[species] * (<int64_t> level - old),
                    level))

    cdef int64_t* _work_out(self, species_t old, species_t new) noexcept nogil:
        """What a change of species does to the keys of neighbours, where there is no table of all pairs."""
        cdef int64_t* after = &self.noticed[0, 0, 0] + new * self.row_size
        cdef int64_t* before = &self.noticed[0, 0, 0] + old * self.row_size
        cdef int64_t k
        for k in range(self.row_size):
            self.told_now[k] = after[k] - before[k]
        return &self.told_now[0]

    cdef int32_t _place_class(self, class_t c) noexcept nogil:
        """The list for the sites of a new class; -1 = none."""
        self.environments.group[c] = (-1 if self.environments.size[c] == 0
                                      else self.groups.group_for(self.environments.total[c]))
        return self.environments.group[c]

    def rate_all(self):
        """List every site afresh by its propensity with interactions."""
        cdef site_t site = 0
        self.n_reclassified = 0
        self.site_rates.start_floor()
        while site < self.state.n_sites:
            self.make_room()
            with nogil:
                while site < self.state.n_sites and not self.groups.is_short:
                    self.site_rates.rate_site(site)
                    site += 1
        self.groups.close_gap()

    def _classify_all(self):
        cdef site_t site = 0
        while site < self.state.n_sites:
            self.make_room()
            with nogil:
                while site < self.state.n_sites and not self.is_short():
                    if self.environments.is_active[self.state.species[site]]:
                        self._classify(site)
                        self.n_reclassified = 0
                    site += 1
        if self.energies.enabled:
            self.rate_all()

# SPDX-License-Identifier: BSD-3-Clause
"""What can happen on the lattice: drawing a candidate, executing it, and keeping every site in its list.

About the algorithm
-------------------
A site is drawn by its propensity (`bins`), a process by its rate constant within the site's environment class
(`environments`). An event changes a few sites; the sites that notice change their class by one addition to a key.
"""
import numpy as np

from kmc_core.touched import roles, touched_sites

from kmc_core.energies cimport kmc_log2_above, kmc_log2_below
from kmc_core.rng cimport N_WORDS, kmc_prefetch
from libc.math cimport M_LN2, frexp, ldexp
from libc.string cimport memcpy

CACHED_SITES = 100_000                # up to here a lattice fits into a core's own cache: no looking ahead
cdef int64_t[8] counters
cdef int WIDE = 8, FLOOR = 2
cdef double LOOSE = 0.125
def tune(wide, floor, loose):
    global WIDE, FLOOR, LOOSE
    WIDE, FLOOR, LOOSE = wide, floor, loose
def show():
    return [counters[i] for i in range(8)]


cdef enum:
    HEADROOM = 0                      # powers of two between a propensity and the bound of its list, with interactions
    NARROW = 1
    FLOOR_EVENTS = 1000               # events after which it is looked at again
cdef int64_t NEVER = 1 << 60
cdef double SLOPE = 1e-9              # what no steeper line than this follows hardly moves at all


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
        self.rules, self.random = rules, random
        self.state = LatticeState(species, periodic, rules.offsets, rules.n_species)
        self.electrons = ElectronPaths(species, decay, quantum, cutoff)
        margin = rules.most_refreshed(species.shape[0] if self.electrons.enabled else 0)
        self.environments = EnvironmentTable(rules, self.electrons.transmission, margin)
        self.energies = SiteEnergies(interactions, rules, self.state, np.shape(species), periodic)
        if self.energies.enabled:
            offsets, touched_ptr, touched, drift, most = touched_sites(interactions, rules)
            placeholder = np.zeros(np.shape(species), dtype=np.uint8)
            self.noticing = LatticeState(placeholder, periodic, offsets, rules.n_species)
            self.noticing.species = self.state.species
            self.touched_ptr, self.touched, self.drift = touched_ptr, touched, drift
            self.slack = np.zeros(species.size, dtype=np.float32)
            self.group_of = np.full(species.size, -1, dtype=np.int16)
            self.reclassified, self.n_reclassified = np.zeros(margin + 1, dtype=np.uint32), 0
            self.role_position, self.follows = roles(interactions, rules, np.asarray(self.energies.centre_of))
            most = min(most + len(offsets) + margin + 1, species.size)
            self.dubious, self.n_dubious = np.zeros(most + 1, dtype=np.uint32), 0
            margin += most
        self.groups = SiteGroups(species.size, margin)
        self.class_of = np.zeros(species.size, dtype=np.int32)
        self.layer_of = np.array(layer_of, dtype=np.int32)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)
        self.looks_ahead, self.next_place = species.size > CACHED_SITES, -1
        self._classify_all()

    def make_room(self):
        """Grow what is short; the only place where a running engine allocates."""
        self.next_place = -1          # the pool may move
        if self.groups.is_short:
            self.groups.make_room()
        if self.environments.is_short:
            self.environments.make_room(self.class_of)

    cdef void look_ahead(self, double bound) noexcept nogil:
        """Fetch into the cache what the next candidates will need, while this event is executed.

        The words that will choose them are drawn already (four a candidate: waiting time, group, site, rule); which
        sites they choose is a guess with the lists as they are now, and nothing but the cache depends on it. The
        candidate after the next has its list entry fetched; the next one what this entry, fetched one event ago, names.
        A factor of two at 1e6 sites, where each of these loads would be waited for.
        """
        cdef int ahead = self.random.cursor + 5
        cdef site_t site
        if self.next_place >= 0:
            site = self.groups.pool[self.next_place]
            kmc_prefetch(&self.class_of[0] + site)
            kmc_prefetch(&self.groups.position[0] + site)
            self.state.prefetch(site)
        self.next_place = -1
        if ahead + 1 < N_WORDS:
            self.next_place = self.groups.place_of(
                <double> (self.random.words[ahead] >> 11) * (1.0 / 9007199254740992.0) * bound,
                self.random.words[ahead + 1])
            kmc_prefetch(&self.groups.pool[0] + self.next_place)

    cdef rule_t candidate(self, double u, site_t* site) noexcept nogil:
        """The site whose group `u` in [0, total) chooses; its rule by the rate constants, or -1 if it is refused."""
        cdef int group = 0, chosen = 0, entry
        cdef class_t c
        for group in range(self.groups.n_groups):
            if self.groups.weight[group] > 0.0:  # rounding may carry u past the end: the last group with weight
                chosen = group
                if u < self.groups.weight[group]:
                    break
                u -= self.groups.weight[group]
        site[0] = self.groups.pool[self.groups.start[chosen]
                                   + self.random.below(<uint32_t> self.groups.length[chosen])]
        c = self.class_of[site[0]]
        u = self.random.uniform() * self.groups.bound[chosen]
        if self.energies.enabled:
            return self._choose_with_energies(site[0], u, self.groups.bound[chosen])
        if u >= self.environments.total[c]:
            return -1
        entry = self.environments.first[c]
        while u >= self.environments.entry_sum[entry]:
            entry += 1
        return self.environments.entry_rule[entry]

    cdef void execute(self, site_t site, rule_t rule) noexcept nogil:
        """Write the changes of a rule, then bring every environment that notices them up to date."""
        cdef site_t around[MAX_POSITIONS]
        cdef site_t changed[MAX_CHANGES]
        cdef species_t old[MAX_CHANGES]
        cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - self.change_ptr[rule], k, position
        self.state.neighbours(site, around)
        for k in range(n):
            position = self.change_position[first + k]
            changed[k] = site if position < 0 else around[position]
            old[k] = self.state.species[changed[k]]
            self.state.species[changed[k]] = self.change_species[first + k]
        for k in range(n):
            if changed[k] != site:
                self.state.neighbours(changed[k], around)
            elif k > 0:
                self.state.neighbours(site, around)
            self._refresh_neighbours(changed[k], old[k], around, changed, n)
            self._classify(changed[k], around)
        if self.electrons.enabled:
            for k in range(n):
                if self.electrons.decay[old[k]] != self.electrons.decay[self.state.species[changed[k]]]:
                    self._refresh_column(changed[k])
        if self.energies.enabled:
            self._rate_touched(site, rule, changed, old, n)

    cdef void _refresh_neighbours(self, site_t site, species_t old, site_t* around, site_t* changed,
                                  int n_changed) noexcept nogil:
        """Move the sites that notice `site` to the classes of their new environments.

        A neighbour sees `site` at the opposite position. Changed sites are skipped: they are classified afresh.
        """
        cdef species_t new = self.state.species[site], species
        cdef int j, k, position
        cdef int64_t difference
        cdef class_t c
        for j in range(self.state.n_positions):
            species = self.state.species[around[j]]
            if not self.environments.is_sensitive[species]:
                continue
            position = self.state.opposite[j]
            difference = (self.environments.weights[species, position, new]
                          - self.environments.weights[species, position, old])
            if difference == 0:
                continue
            for k in range(n_changed):
                if changed[k] == around[j]:
                    break
            else:
                c = self.class_of[around[j]]
                self._assign(around[j], self.environments.with_neighbour(
                    c, self.environments.key[c] + difference, position, new))

    cdef void _classify(self, site_t site, site_t* around) noexcept nogil:
        """Class of a site from its species, its neighbours and its electron level."""
        cdef species_t species = self.state.species[site]
        cdef int64_t key
        cdef level_t level = 0
        cdef int32_t layer = 0
        cdef int j
        cdef class_t c
        if self.energies.enabled:
            self.reclassified[self.n_reclassified] = site
            self.n_reclassified += 1
        if not self.environments.is_active[species]:
            self._assign(site, 0)
            return
        key = self.environments.base[species]
        for j in range(self.state.n_positions):
            key += self.environments.weights[species, j, self.state.species[around[j]]]
        if self.environments.level_stride[species]:
            level = self.electrons.level[site]
            key += self.environments.level_stride[species] * level
        if self.environments.layer_stride[species]:
            layer = self.layer(site)
            key += self.environments.layer_stride[species] * layer
        c = self.environments.find(key)
        if c < 0:
            for j in range(self.state.n_positions):
                self.environments.scratch[j] = self.state.species[around[j]]
            c = self.environments.create(key, species, level, layer)
        self._assign(site, c)

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
                c = self.class_of[site]
                if self.energies.enabled:
                    self.reclassified[self.n_reclassified] = site
                    self.n_reclassified += 1
                self._assign(site, self.environments.with_level(
                    c, self.environments.key[c] + self.environments.level_stride[species] * (<int64_t> level - old),
                    level))

    cdef void _assign(self, site_t site, class_t new) noexcept nogil:
        """Give a site its class and put it into the list where the class belongs."""
        cdef int32_t before, after
        if self.energies.enabled:
            self.class_of[site] = new
            return
        before, after = self.environments.group[self.class_of[site]], self.environments.group[new]
        if after == -2:               # first site of this class
            after = -1 if self.environments.size[new] == 0 else self.groups.group_for(self.environments.total[new])
            self.environments.group[new] = after
        self.class_of[site] = new
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)

    cdef void _rate_touched(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n) noexcept nogil:
        """Bring energies up to date, and the lists of sites whose bound may have become too low.

        Most sites that an event touches are left as they are: energies stay within their windows, and what a rule's own
        sites share changes by less than what the bound leaves.
        """
        cdef int k, c
        cdef int64_t i
        cdef site_t other
        cdef float drift
        cdef species_t species
        for k in range(n):
            self.energies.move(changed[k], old[k], self.state.species[changed[k]])
        for k in range(n):
            species = self.state.species[changed[k]]
            for c in range(self.energies.n_centres):
                self.energies.leeway[changed[k], c] = self.energies.window[species, c]
        for k in range(self.energies.n_crossed):
            counters[2] += 1
            self._tell_anchors(self.energies.crossed[k])
        self.energies.n_crossed = 0
        self.noticing.locate(site)
        for i in range(self.touched_ptr[rule], self.touched_ptr[rule + 1]):
            other = self.noticing.at(self.touched[i])
            drift = self.drift[i, self.state.species[other]]
            if drift != 0.0:
                if self.slack[other] > 0 and drift > self.slack[other] and drift < 1e9: counters[6] += 1
                if drift > 1e9: counters[7] += 1
                self._use_slack(other, drift)
        self._rate_dubious()

    cdef void _tell_anchors(self, site_t site) noexcept nogil:
        """Open the windows of energies anew that have left them; sites that follow them lose slack."""
        cdef species_t species = self.state.species[site]
        cdef int c, r
        cdef int64_t moved
        cdef site_t anchor
        self.state.locate(site)
        for c in range(self.energies.n_centres):
            if self.energies.leeway[site, c] >= 0:
                continue
            moved = self.energies.window[species, c] - self.energies.leeway[site, c]
            self.energies.leeway[site, c] = self.energies.window[species, c]
            for r in range(self.role_position.shape[0]):
                anchor = site
                if self.role_position[r] >= 0:
                    anchor = self.state.at(self.state.opposite[self.role_position[r]])
                if self.follows[species, c, r, self.state.species[anchor]]:
                    counters[3] += 1
                    self._use_slack(anchor, <float> moved * <float> 1.000001e-9)

    cdef void _rate_dubious(self) noexcept nogil:
        """Rate the sites anew that have changed class or used up their slack."""
        cdef int64_t i
        for i in range(self.n_reclassified):
            self.slack[self.reclassified[i]] = -1.0
        for i in range(self.n_reclassified):
            if self.slack[self.reclassified[i]] < 0.0:
                self._rate_site(self.reclassified[i], WIDE)
        for i in range(self.n_dubious):
            if self.slack[self.dubious[i]] < 0.0:
                self._rate_site(self.dubious[i], WIDE)
        counters[4] += self.n_reclassified
        counters[5] += self.n_dubious
        self.n_reclassified = self.n_dubious = 0
        self.until_floor -= 1
        if self.until_floor <= 0:
            self._set_floor()

    cdef void _set_floor(self) noexcept nogil:
        """Follow the mean propensity with the lowest list.

        The bound of a site that is much slower than most may be far too high at little cost: it is drawn rarely even so.
        """
        cdef int exponent
        frexp(self.groups.total() / self.state.n_sites, &exponent)
        self.floor_weight = ldexp(1.0, exponent - FLOOR)
        self.until_floor = FLOOR_EVENTS

    cdef void _rate_site(self, site_t site, int64_t windows) noexcept nogil:
        """Propensity of a site with its interactions from above, and the list where it belongs: some way above it."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry, exponent
        cdef int32_t before = self.group_of[site], after = -1
        cdef double total = 0.0, bound = 0.0, slope = 0.0, steepest = 0.0
        self.slack[site] = 0.0
        counters[0] += 1
        if self.environments.size[c] > 0:
            counters[1] += self.environments.size[c]
            self.state.neighbours(site, around)
            for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
                total += self._rate_above(entry, site, around, windows, &slope)
                steepest = max(steepest, slope)
            if total > 0.0:
                frexp(total, &exponent)
                bound = max(ldexp(1.0, exponent + HEADROOM), self.floor_weight)
                self.slack[site] = <float> max(0.0, self.energies.thermal * M_LN2 * 0.999999 / max(steepest, SLOPE)
                                               * (kmc_log2_below(bound) - kmc_log2_above(total)))
            after = self.groups.group_for(bound)
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)
            self.group_of[site] = <int16_t> after

    cdef double _rate_of(self, int entry, site_t site, site_t* around) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor(
            process, self._energy_change(rule, site, around, 0))

    cdef double _rate_above(self, int entry, site_t site, site_t* around, int64_t windows,
                            double* slope) noexcept nogil:
        """The same from above, and how steeply it follows; with windows: with energies at their far ends."""
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        slope[0] = 0.0
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor_above(
            process, self._energy_change(rule, site, around, windows), slope)

    cdef int64_t _energy_change(self, rule_t rule, site_t site, site_t* around, int64_t windows) noexcept nogil:
        """Energy of the lattice after a rule less that before it [quanta]: site after site, each sees those before it
        changed already. With windows: the lowest that it can become before the site is told, after leeways are cut down to so many windows."""
        cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - first, k, position
        cdef species_t old[MAX_CHANGES]
        cdef species_t new
        cdef int32_t comes, goes
        cdef int64_t change = 0
        cdef site_t place
        for k in range(n):
            position = self.change_position[first + k]
            place = site if position < 0 else around[position]
            old[k], new = self.state.species[place], self.change_species[first + k]
            comes, goes = self.energies.centre_of[new], self.energies.centre_of[old[k]]
            if comes == goes:
                continue
            if comes >= 0:
                change += self.energies.energy[place, comes]
                if windows > 0:
                    change -= self.energies.narrowed(place, comes, old[k], windows)
            if goes >= 0:
                change -= self.energies.energy[place, goes]
                if windows > 0:
                    change -= self.energies.narrowed(place, goes, old[k], windows)
            if k > 0:
                change += self._shared(first, k, place, old, comes, goes)
        return change

    cdef int64_t _shared(self, int first, int k, site_t place, species_t* old, int32_t comes,
                         int32_t goes) noexcept nogil:
        """What the changes of a rule before the k-th one add to its energy change [quanta]."""
        cdef int32_t row[MAX_BLOCKS]
        cdef int32_t* shown = &self.energies.row[place, 0]
        cdef int32_t* pair = &self.energies.pair_position[first + k, 0]
        cdef int64_t change = 0
        cdef int l
        for l in range(k):
            if pair[l] >= 0:
                change += self.energies.joint(shown, pair[l], old[l], self.change_species[first + l], comes, goes)
                if l + 1 < k:
                    if shown != row:
                        memcpy(row, shown, self.energies.n_blocks * sizeof(int32_t))
                        shown = row
                    self.energies.replace(row, pair[l], old[l], self.change_species[first + l])
        return change

    cdef rule_t _choose_with_energies(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site by its rate constants with interactions, or -1 if the candidate is refused.

        Each rule has a part of the bound that is its rate constant from above; within it, the exact one decides.
        """
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry
        cdef double above, slope, total = 0.0
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            above = self._rate_above(entry, site, around, 0, &slope)
            if u < total + above:
                return self.environments.entry_rule[entry] if u < total + self._rate_of(entry, site, around) else -1
            total += above
        if total < bound * LOOSE and bound > self.floor_weight:  # its surroundings have changed for the slower
            self._rate_site(site, NARROW)
        return -1

    def rate_all(self):
        """List every site afresh by its propensity with interactions, in empty lists."""
        self.n_reclassified = self.n_dubious = 0
        self.group_of[:] = -1
        self.energies.leeway[:] = NEVER
        self.floor_weight = 0.0
        self._rate_every_site()
        if self.state.n_sites:
            self._set_floor()
        self._rate_every_site()

    def _rate_every_site(self):
        cdef site_t site = 0
        while site < self.state.n_sites:
            self.make_room()
            with nogil:
                while site < self.state.n_sites and not self.groups.is_short:
                    self._rate_site(site, NARROW)
                    site += 1

    def worst_at(self, site_t site):
        """What the rate constants of a site can come to before it is looked at again, summed from above [1/s]."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry, process
        cdef double slope, total = 0.0
        cdef int64_t slack = <int64_t> (self.slack[site] * 1e9), change
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            process = self.rule_process[self.environments.entry_rule[entry]]
            if self.energies.notices(process):
                change = self._energy_change(self.environments.entry_rule[entry], site, around, NEVER)
                total += self.environments.entry_rate[entry] * self.energies.factor(process, change - slack)
            else:
                total += self.environments.entry_rate[entry]
        return total

    def rates_at(self, site_t site):
        """What a site can start: process, rate constant [1/s], changed sites and their new species."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry
        found = []
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            rule = self.environments.entry_rule[entry]
            part = range(self.change_ptr[rule], self.change_ptr[rule + 1])
            rate = self._rate_of(entry, site, around) if self.energies.enabled else self.environments.entry_rate[entry]
            places = tuple(site if self.change_position[k] < 0 else around[<int> self.change_position[k]] for k in part)
            found.append((self.rule_process[rule], rate, places, tuple(self.change_species[k] for k in part)))
        return found

    def _classify_all(self):
        cdef site_t site = 0
        cdef site_t around[MAX_POSITIONS]
        while site < self.state.n_sites:
            self.make_room()
            with nogil:
                while site < self.state.n_sites and not self.is_short():
                    if self.environments.is_active[self.state.species[site]]:
                        self.state.neighbours(site, around)
                        self._classify(site, around)
                        self.n_reclassified = 0
                    site += 1
        if self.energies.enabled:
            self.rate_all()

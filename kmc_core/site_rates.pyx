# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right. After an event it is looked at again for every site whose rates the
event can have changed. Most of them are slow and share one low list, where a bound is split into equal parts for the
rules of a site: they need no rates, only that no energy change has fallen below the threshold at which a rule would
outgrow its part. So a slow site costs a sum of a few whole numbers and a comparison per rule, and when it is drawn the
part says which of its rules is tried. Only the few fast sites are rated, and listed by the power of two above.
"""
import numpy as np

from kmc_core.event_lists import GENERAL, ONE_SITE, TWO_SITES, UNMOVED, RuleTerms

from kmc_core.energies cimport MAX_BLOCKS, kmc_power_above
from kmc_core.state cimport MAX_POSITIONS
from libc.string cimport memcpy

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
    GENERAL_RULE = 0                  # kinds of rules, as in `event_lists`
    STILL_RULE = 3
    N_TERMS = 11
cdef int FLOOR_HEIGHT = 1             # powers of two, besides the next one, of the lowest bound over the mean
cdef double LOOSE = 0.25              # a fast site so far below the bound of its list leaves it
cdef int64_t FAR = 1 << 61            # beyond every energy change [quanta]

assert (GENERAL, UNMOVED, ONE_SITE < UNMOVED, TWO_SITES < UNMOVED) == (GENERAL_RULE, STILL_RULE, True, True)


cdef class SiteRates:
    """Propensities of all sites.

    Parameters
    ----------
    rules : kmc_core.Rules
    state : LatticeState
    energies : SiteEnergies
    """

    def __init__(self, rules, LatticeState state, SiteEnergies energies):
        terms = RuleTerms(energies.steps, energies)
        self.terms, self.shared, self.lowest = terms.terms, terms.shared, terms.lowest
        self.state, self.energies, self.reaching = state, energies, energies.reaching
        self.told_ptr, self.told = energies.lists.told_ptr, energies.lists.told
        self.step = np.concatenate([[0], np.asarray(state.step)]).astype(np.int32)
        self.inner_terms = terms.inner(np.asarray(self.step), energies.width)
        self.is_slow = np.zeros(state.n_sites, dtype=np.uint8)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor, self.version = np.zeros(3), 1
        self.most = min(energies.lists.most_told + 1, state.n_sites)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)

    def attach(self, EnvironmentTable environments, SiteGroups groups, class_t[:] class_of):
        """Know the classes of the sites, and the lists to put them into."""
        self.environments, self.groups, self.class_of = environments, groups, class_of
        self.forget_thresholds()

    def forget_thresholds(self):
        """Classes are other ones, or have other rates: their thresholds are worked out when they are needed."""
        self.threshold = np.zeros(len(self.environments.entry_rule), dtype=np.int64)
        self.quick_threshold = np.zeros(len(self.environments.entry_rule), dtype=np.int64)
        self.rated = np.zeros(len(self.environments.size), dtype=np.int32)

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring energies up to date, and the lists of all sites whose rates an event at a site can have changed."""
        cdef int64_t i
        cdef int j
        cdef site_t other
        cdef int32_t* step = &self.reaching.step[0]
        cdef bint inner
        self.energies.move(site, rule, changed, old, n)
        for i in range(n_reclassified):
            self.rate_site(reclassified[i])
        inner = self.reaching.is_inner()  # located by `move`
        for i in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
            j = self.told[i]
            if inner:
                other = site if j < 0 else site + <site_t> step[j]
                if not is_bounded(self, other, &self.step[1], True):
                    self._rate(other, &self.step[1], True)
            else:
                other = self.reaching.at(j)
                if other < self.state.n_sites:
                    self.rate_site(other)

    cdef void rate_site(self, site_t site) noexcept nogil:
        """The list of a site by its propensity."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        if not is_bounded(self, site, step, inner):
            self._rate(site, step, inner)

    cdef void _rate(self, site_t site, int32_t* step, bint inner) noexcept nogil:
        """The list of a site that is not where it belongs, or is fast; `step` leads to its neighbours."""
        cdef class_t c = self.class_of[site]
        cdef int32_t before = self.group_of[site], after = -1
        cdef double total, bound = 0.0 if before < 0 else self.groups.bound[before]
        cdef bint is_slow = False
        if self.environments.size[c] > 0:
            total = sum_above(self, site, c, step, inner, &is_slow)
            self.is_slow[site] = is_slow
            if is_slow:
                after = self.slow_group
            else:
                after = before if bound * LOOSE <= total <= bound else self.groups.group_for(kmc_power_above(total))
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)
            self.group_of[site] = <int16_t> after

    cdef void _set_thresholds(self, class_t c) noexcept nogil:
        """Energy changes from which on every rule of a class keeps to its part of the lowest bound."""
        cdef int first = self.environments.first[c], size = self.environments.size[c], entry
        cdef double part = self.floor[0] / size, rate
        cdef rule_t rule
        for entry in range(first, first + size):
            rate, rule = self.environments.entry_rate[entry], self.environments.entry_rule[entry]
            self.threshold[entry] = (-FAR if rate == 0.0
                                     else self.energies.threshold(self.rule_process[rule], part / rate))
            self.quick_threshold[entry] = (FAR if self.terms[rule, 0] == GENERAL_RULE
                                           else self.threshold[entry] - self.lowest[rule])
        self.rated[c] = self.version

    cdef void _set_floor(self, double mean) noexcept nogil:
        """Let the lowest bound in use follow the mean propensity of sites, unless it is near enough.

        That of a site that is much slower than most may be far too high at little cost: it is drawn rarely.
        """
        cdef double least = mean * (1 << FLOOR_HEIGHT)
        self.floor[1], self.floor[2] = 0.0, FLOOR_CANDIDATES
        if least > 0.0 and not 0.8 * least <= self.floor[0] <= 2.5 * least:
            self.floor[0] = kmc_power_above(least)
            self.version += 1
            self.slow_group = self.groups.group_for(self.floor[0])

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn, `u` in [0, bound), or -1 if the candidate is refused.

        Each rule has a part of the bound that is no smaller than its rate constant; within it, that one decides.
        """
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        cdef class_t c = self.class_of[site]
        cdef int entry
        cdef double above
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
        if self.is_slow[site]:
            return self._choose_slow(site, u, bound, step, inner)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            above = rate_above(self, entry, site, step, inner)
            if u < above:
                if u >= self.rate_of(entry, site, step, inner):
                    return -1
                self.floor[1] += 1
                return self.environments.entry_rule[entry]
            u -= above
        return -1

    cdef rule_t _choose_slow(self, site_t site, double u, double bound, int32_t* step,
                             bint inner) noexcept nogil:
        """The same for a slow site, all of whose rules have equal parts of the bound."""
        cdef class_t c = self.class_of[site]
        cdef int size = self.environments.size[c], k
        cdef double part
        if size == 0:
            return -1
        part = bound / size
        k = min(<int> (u / part), size - 1)
        u -= k * part
        k += self.environments.first[c]
        if u < rate_above(self, k, site, step, inner) and u < self.rate_of(k, site, step, inner):
            self.floor[1] += 1
            return self.environments.entry_rule[k]
        if self.group_of[site] != self.slow_group:  # the lowest bound has changed
            self._rate(site, step, inner)
        return -1

    cdef double rate_of(self, int entry, site_t site, int32_t* step, bint inner) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor(process,
                                                                              change_of(self, rule, site, step, inner))

    cdef double rate_at(self, int entry, site_t site) noexcept nogil:
        """The same without knowing the neighbours."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        return self.rate_of(entry, site, step, inner)

    def start_floor(self):
        """Set the lowest bound by the mean propensity; all is rated afresh then."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step
        cdef site_t site
        cdef bint inner, is_slow
        cdef double total = 0.0
        self.forget_thresholds()
        self.group_of[:], self.is_slow[:] = -1, 0
        for site in range(self.state.n_sites):
            step = around + 1
            inner = step_around(self, site, &step)
            total += sum_above(self, site, self.class_of[site], step, inner, &is_slow)
        self.floor[0], self.slow_group, self.version = 0.0, self.groups.group_for(0.0), self.version + 1
        self._set_floor(total / max(self.state.n_sites, 1))

    def find_slow_group(self):
        """Know the list of the lowest bound again, of a snapshot."""
        self.version += 1
        self.slow_group = self.groups.group_for(self.floor[0])


cdef inline bint step_around(SiteRates self, site_t site, int32_t** step) noexcept nogil:
    """Point to the steps to the neighbours of a site, to itself at -1; write them where they lead across a boundary."""
    cdef site_t around[MAX_POSITIONS]
    cdef int j
    self.state.locate(site)
    if self.state.is_inner():
        step[0] = &self.step[1]
        return True
    self.state.neighbours(site, around)
    (step[0] - 1)[0] = 0
    for j in range(self.state.n_positions):
        step[0][j] = <int32_t> (around[j] - site)
    return False


cdef inline bint is_bounded(SiteRates self, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Whether a site stands in the list of the slow ones and may stay there, or can do nothing and is in no list."""
    cdef class_t c = self.class_of[site]
    if self.group_of[site] == self.slow_group and self.is_slow[site]:
        return self.environments.size[c] > 0 and is_slow_enough(self, site, c, step, inner)
    return self.group_of[site] < 0 and self.environments.size[c] == 0


cdef inline bint is_slow_enough(SiteRates self, site_t site, class_t c, int32_t* step, bint inner) noexcept nogil:
    """Whether every rule of a site keeps to its part of the lowest bound."""
    cdef int32_t *rule, *at, *term = &self.inner_terms[0, 0]
    cdef int64_t *limit, *energy = self.energies.energy(site)
    cdef int k
    if self.rated[c] != self.version:
        self._set_thresholds(c)
    rule = &self.environments.entry_rule[0] + self.environments.first[c]
    limit = &self.quick_threshold[0] + self.environments.first[c]
    if inner:
        for k in range(self.environments.size[c]):
            at = term + 4 * <int64_t> rule[k]
            if (energy[at[0]] - energy[at[1]] + energy[at[2]] - energy[at[3]] < limit[k]
                    and is_too_fast(self, self.environments.first[c] + k, site, step, True)):
                return False
        return True
    for k in range(self.environments.size[c]):
        if (alone(self, rule[k], site, step, False) < limit[k]
                and is_too_fast(self, self.environments.first[c] + k, site, step, False)):
            return False
    return True


cdef bint is_too_fast(SiteRates self, int entry, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Whether the energy change of an entry is below its threshold."""
    return change_of(self, self.environments.entry_rule[entry], site, step, inner) < self.threshold[entry]


cdef inline double sum_above(SiteRates self, site_t site, class_t c, int32_t* step, bint inner,
                             bint* is_slow) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s], and whether each rule keeps to its part of the lowest bound.

    What sites share is not looked at where a rule keeps to its part anyway.
    """
    cdef int entry
    cdef int64_t change
    cdef rule_t rule
    cdef double total = 0.0
    if self.rated[c] != self.version:
        self._set_thresholds(c)
    is_slow[0] = True
    for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
        rule = self.environments.entry_rule[entry]
        change = any_change(self, rule, site, step) if self.terms[rule, 0] == GENERAL_RULE else alone(
            self, rule, site, step, inner)
        if change < self.quick_threshold[entry]:
            if self.terms[rule, 0] != GENERAL_RULE:
                change += shared_in(self, rule, site, step)
            is_slow[0] &= change >= self.threshold[entry]
        else:
            change += self.lowest[rule]
        total += self.environments.entry_rate[entry] * self.energies.factor_above(self.rule_process[rule], change)
    return total


cdef inline double rate_above(SiteRates self, int entry, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Rate constant of an entry from above [1/s]; `step` leads to the neighbours of the site."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    if self.terms[rule, 0] == STILL_RULE:
        return self.environments.entry_rate[entry]
    return self.environments.entry_rate[entry] * self.energies.factor_above(
        self.rule_process[rule], change_of(self, rule, site, step, inner))


cdef inline int64_t change_of(SiteRates self, rule_t rule, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta]."""
    if self.terms[rule, 0] == GENERAL_RULE:
        return any_change(self, rule, site, step)
    return alone(self, rule, site, step, inner) + shared_in(self, rule, site, step)


cdef inline int64_t alone(SiteRates self, rule_t rule, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Energy change of the two sites of a rule [quanta], each as if the other one stayed as it is."""
    cdef int32_t* term = &self.inner_terms[0, 0] + 4 * <int64_t> rule
    cdef int64_t* first = self.energies.energy(site)
    cdef int64_t* second
    if inner:
        return first[term[0]] - first[term[1]] + first[term[2]] - first[term[3]]
    term = &self.terms[0, 0] + N_TERMS * <int64_t> rule
    first = self.energies.energy(site + <site_t> step[term[1]])
    second = self.energies.energy(site + <site_t> step[term[4]])
    return first[term[2]] - first[term[3]] + second[term[5]] - second[term[6]]


cdef inline int64_t shared_in(SiteRates self, rule_t rule, site_t site, int32_t* step) noexcept nogil:
    """What the change of the first site of a rule adds to that of the second one [quanta]."""
    cdef int32_t* term = &self.terms[0, 0] + N_TERMS * <int64_t> rule
    cdef int32_t *share, *row
    cdef int64_t *table, *here
    cdef int64_t change = 0
    cdef int k
    if term[8] == term[10]:
        return 0
    share = &self.shared[0, 0] + 2 * <int64_t> term[8]
    table = &self.energies.block_energy[0, 0] + term[5]
    row = &self.energies.row[0, 0] + <int64_t> self.energies.n_blocks * (site + <site_t> step[term[4]])
    for k in range(term[9] - term[8]):
        here = table + row[share[0]]
        change += here[share[1]] - here[0]
        share += 2
    table += term[6] - term[5]
    for k in range(term[10] - term[9]):
        here = table + row[share[0]]
        change -= here[share[1]] - here[0]
        share += 2
    return change


cdef int64_t any_change(SiteRates self, rule_t rule, site_t site, int32_t* step) noexcept nogil:
    """The energy change of rules of any number of sites: one after the other, each sees those before it changed."""
    cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - first, k
    cdef species_t old[MAX_CHANGES]
    cdef int32_t comes, goes
    cdef int64_t change = 0
    cdef site_t place
    for k in range(n):
        place = site + <site_t> step[self.change_position[first + k]]
        old[k] = self.state.species[place]
        comes = self.energies.centre_of[self.change_species[first + k]]
        goes = self.energies.centre_of[old[k]]
        if comes == goes:
            continue
        if comes >= 0:
            change += self.energies.energy(place)[comes]
        if goes >= 0:
            change -= self.energies.energy(place)[goes]
        if k > 0:
            change += shared_by(self, first, k, place, old, comes, goes)
    return change


cdef int64_t shared_by(SiteRates self, int first, int k, site_t place, species_t* old, int32_t comes,
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

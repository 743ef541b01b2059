# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right at all times. Two things keep it so without rating every site that an
event touches. Energies of single sites are followed exactly, and what they made the energy change of a rule fall is
taken off the slack of its anchor: the fall that the bound of a site still allows. What the sites of one rule share
among each other falls by a known amount at most, which is taken off as well. Without slack a site is rated again. And
most sites share one low list, whose bound leaves them the more slack the slower they are; the slack says how much too
high the bound is, so that most candidates of that list are refused without another look at the site.
"""
import numpy as np

from kmc_core.event_lists import GENERAL, ONE_SITE, TWO_SITES, UNMOVED, rule_terms

from kmc_core.energies cimport MAX_BLOCKS, kmc_exp2_above, kmc_log2_above, kmc_power_above
from kmc_core.state cimport MAX_POSITIONS
from libc.math cimport M_LN2
from libc.string cimport memcpy

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    MAX_ENTRIES = 512                 # rules of a site whose rates are kept while one is chosen; others one by one
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
    FLOOR_HEIGHT = 1                  # powers of two, besides the next one, of the lowest bound over the mean
    HEADROOM = 0                      # powers of two, besides the next one, of other bounds over the propensity
    ONE = 1                           # kinds of rules, as in `event_lists`
    TWO = 2
    STILL = 3
cdef double LOOSE = 0.25              # a site so far below its bound is listed anew when it is rated
cdef double STAYS = 1.2               # a site so far below the bound of its list need not leave it
cdef double LEVEL = 1e-9              # lines less steep than this are as good as level
cdef double MOST_SLACK = 2147483646.0  # [quanta]
cdef double LOG2_EXCESS = kmc_log2_above(1.0)  # what it adds for a power of two

assert (GENERAL, ONE_SITE, TWO_SITES, UNMOVED) == (0, ONE, TWO, STILL)


cdef class SiteRates:
    """Propensities of all sites.

    Parameters
    ----------
    rules : kmc_core.Rules
    state : LatticeState
    energies : SiteEnergies
    """

    def __init__(self, rules, LatticeState state, SiteEnergies energies):
        lists, steps = energies.lists, energies.steps
        self.state, self.energies, self.reaching = state, energies, energies.reaching
        self.told_ptr, self.told, self.drift = lists.told_ptr, lists.told, lists.drift
        self.n_partners = lists.told.shape[1] - 3
        self.most_partners = max((len(set(places) - {(0, 0, 0)}) for places in steps.places), default=0)
        self.terms, self.shared = rule_terms(steps, np.asarray(energies.centre_of), np.asarray(energies.pair_position),
                                             energies.members, energies.n_centres)
        self.slack = np.zeros(state.n_sites, dtype=np.int32)
        self.steepness = np.zeros(state.n_sites, dtype=np.float32)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor = np.zeros(3)
        self.most = min(lists.most_told + 1, state.n_sites)
        self.dubious, self.n_dubious = np.zeros(self.most + 1, dtype=np.uint32), 0
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)

    def attach(self, EnvironmentTable environments, SiteGroups groups, class_t[:] class_of):
        """Know the classes of the sites, and the lists to put them into."""
        self.environments, self.groups, self.class_of = environments, groups, class_of

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring energies up to date, and the lists of sites whose bound may have become too low."""
        cdef int64_t i
        self.energies.move(site, rule, changed, old, n)
        self._tell(site, rule)
        for i in range(n_reclassified):
            self.slack[reclassified[i]] = -1
        for i in range(n_reclassified):
            if self.slack[reclassified[i]] < 0:
                self.rate_site(reclassified[i])
        for i in range(self.n_dubious):
            if self.slack[self.dubious[i]] < 0:
                self.rate_site(self.dubious[i])
        self.n_dubious = 0

    cdef void _tell(self, site_t site, rule_t rule) noexcept nogil:
        """Take off the slack of every anchor around an event at a site what its energy changes may have fallen.

        That is the fall at the anchor itself, and the largest one among the other sites that a rule changes.
        """
        cdef int width = 3 + self.n_partners, n_any = <int> self.drift.shape[1], i, j
        cdef int32_t* told = &self.told[0, 0] + <int64_t> width * self.told_ptr[rule]
        cdef int32_t* step = &self.reaching.step[0]
        cdef int32_t* slack = &self.slack[0]
        cdef int32_t* drift = &self.drift[0, 0]
        cdef int64_t* fall = &self.energies.fall[0]
        cdef int64_t most, after
        cdef bint inner = self.reaching.is_inner()
        cdef site_t other
        for i in range(self.told_ptr[rule + 1] - self.told_ptr[rule]):
            j = told[0]
            other = site if j < 0 else site + <site_t> step[j] if inner else self.reaching.at(j)
            if other < self.state.n_sites and slack[other] >= 0:
                most = 0
                for j in range(3, width):
                    most = max(most, fall[told[j]])
                after = slack[other] - most * self.most_partners - fall[told[2]]
                after -= drift[told[1] * n_any + self.state.species[other]]
                slack[other] = <int32_t> max(after, <int64_t> -1)
                if after < 0:
                    self.dubious[self.n_dubious] = other
                    self.n_dubious += 1
            told += width

    cdef void rate_site(self, site_t site) noexcept nogil:
        """Propensity of a site from above, its list, and its slack there."""
        cdef class_t c = self.class_of[site]
        cdef int32_t before = self.group_of[site], after = -1
        cdef double total, steepest = LEVEL
        self.slack[site] = <int32_t> MOST_SLACK
        if self.environments.size[c] > 0:
            total = sum_above(self, site, c, &steepest)
            after = self._list_for(before, total)
            self._set_slack(site, total, steepest, self.groups.bound[after])
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)
            self.group_of[site] = <int16_t> after

    cdef int32_t _list_for(self, int32_t before, double total) noexcept nogil:
        """The list for a site in the list `before` with at most this propensity: the same one, if it is good enough."""
        cdef double bound = 0.0
        if before >= 0:
            bound = self.groups.bound[before]
            if total * STAYS <= bound and total > 0.0 and (bound <= self.floor[0] or total >= bound * LOOSE):
                return before
        return self.groups.group_for(max(kmc_power_above(total, HEADROOM), self.floor[0]) if total > 0.0 else 0.0)

    cdef void _set_slack(self, site_t site, double total, double steepest, double bound) noexcept nogil:
        """What energy changes at a site may fall until its propensity, now at most `total`, could pass the bound.

        Barriers follow less steeply where energy changes are lower, so the steepest line now is the steepest.
        """
        cdef double per_quantum = steepest * self.energies.per_thermal * 1e-9
        cdef double room
        self.slack[site], self.steepness[site] = <int32_t> MOST_SLACK, <float> (per_quantum * (1.0 - 1e-6))
        if total > 0.0:
            room = (kmc_log2_above(bound) - LOG2_EXCESS - kmc_log2_above(total)) / per_quantum * (1.0 - 1e-6)
            self.slack[site] = <int32_t> max(0.0, min(room, MOST_SLACK))

    cdef void _set_floor(self, double mean) noexcept nogil:
        """Let the lowest bound in use follow the mean propensity of sites.

        The bound of a site that is much slower than most may be far too high at little cost: it is drawn rarely.
        """
        self.floor[0], self.floor[1], self.floor[2] = kmc_power_above(mean, FLOOR_HEIGHT), 0.0, FLOOR_CANDIDATES

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn, `u` in [0, bound), or -1 if the candidate is refused."""
        cdef double limit = bound * kmc_exp2_above(-self.slack[site] * <double> self.steepness[site])
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
        if u < limit:
            return self._chosen(site, u, min(limit, bound), bound)
        if limit < bound * LOOSE and bound > self.floor[0]:  # its surroundings have changed for the slower
            self.rate_site(site)
        return -1

    cdef rule_t _chosen(self, site_t site, double u, double limit, double bound) noexcept nogil:
        """Rule of a site whose propensity is at most `limit`, `u` below it, or -1 if the candidate is refused.

        Each rule has a part of the limit that is its rate constant from above; within it, the exact one decides. Where
        these parts do not fit below the limit, they are the exact rate constants themselves, which do.
        """
        cdef site_t place[MAX_POSITIONS + 1]
        cdef double above[MAX_ENTRIES]
        cdef class_t c = self.class_of[site]
        cdef int first = self.environments.first[c], size = self.environments.size[c], k
        cdef bint is_exact = size > MAX_ENTRIES
        cdef double slope, part, total = 0.0, steepest = LEVEL
        place[0] = site
        self.state.neighbours(site, place + 1)
        if not is_exact:
            for k in range(size):
                above[k] = rate_above(self, first + k, place, &slope)
                total += above[k]
                steepest = max(steepest, slope)
            is_exact = total > limit
            if u >= total and not is_exact:
                if total < bound * LOOSE and bound > self.floor[0]:
                    self.rate_site(site)
                else:
                    self._set_slack(site, total, steepest, bound)
                return -1
        for k in range(size):
            part = self.rate_of(first + k, site, place + 1) if is_exact else above[k]
            if u < part:
                if not is_exact and u >= self.rate_of(first + k, site, place + 1):
                    return -1
                self.floor[1] += 1
                return self.environments.entry_rule[first + k]
            u -= part
        return -1

    cdef double rate_of(self, int entry, site_t site, site_t* around) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor(process, change_of(self, rule, site, around))

    cdef double total_above(self, site_t site) noexcept nogil:
        """Propensity of a site from above [1/s]."""
        cdef double steepest = 0.0
        return sum_above(self, site, self.class_of[site], &steepest)

    def start_floor(self):
        """Set the lowest bound by the mean propensity; all is rated afresh then."""
        cdef site_t site
        cdef double total = 0.0
        self.group_of[:] = -1
        self.n_dubious = 0
        for site in range(self.state.n_sites):
            total += self.total_above(site)
        self._set_floor(total / max(self.state.n_sites, 1))

    def worst_at(self, site_t site):
        """(float, float): what the rate constants of a site can come to before it is rated again, summed; the most that
        its slack allows them now, as a share of the bound."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef rule_t rule
        cdef int entry
        cdef double total = 0.0, factor
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            rule, factor = self.environments.entry_rule[entry], 1.0
            if self.energies.notices(self.rule_process[rule]):
                factor = self.energies.factor(self.rule_process[rule],
                                              any_change(self, rule, site, around) - self.slack[site])
            total += self.environments.entry_rate[entry] * factor
        return total, 2.0 ** (-self.slack[site] * <double> self.steepness[site])


cdef inline double sum_above(SiteRates self, site_t site, class_t c, double* steepest) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s], and the steepest line that its barriers follow."""
    cdef site_t place[MAX_POSITIONS + 1]
    cdef int entry
    cdef double slope, total = 0.0
    place[0] = site
    self.state.neighbours(site, place + 1)
    for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
        total += rate_above(self, entry, place, &slope)
        steepest[0] = max(steepest[0], slope)
    return total


cdef inline double rate_above(SiteRates self, int entry, site_t* place, double* slope) noexcept nogil:
    """Rate constant of an entry from above [1/s], and how steeply its barrier follows energies.

    `place` holds the site itself and then its neighbours.
    """
    cdef rule_t rule = self.environments.entry_rule[entry]
    slope[0] = 0.0
    if self.terms[rule, 0] == STILL:
        return self.environments.entry_rate[entry]
    return self.environments.entry_rate[entry] * self.energies.factor_above(
        self.rule_process[rule], change_of(self, rule, place[0], place + 1), slope)


cdef inline int64_t change_of(SiteRates self, rule_t rule, site_t site, site_t* around) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta]."""
    cdef int32_t* term = &self.terms[0, 0] + 9 * <int64_t> rule
    cdef int32_t* row
    cdef int32_t* share
    cdef int64_t* table
    cdef int64_t* energy
    cdef int64_t change, before, after
    cdef int width = self.energies.n_centres, k
    cdef site_t second
    if term[0] != ONE and term[0] != TWO:
        return any_change(self, rule, site, around)
    energy = self.energies.energy(site if term[1] < 0 else around[term[1]])
    change = energy[term[2]] - energy[term[3]]
    if term[0] == ONE:
        return change
    second = site if term[4] < 0 else around[term[4]]
    energy = self.energies.energy(second)
    change += energy[term[5]] - energy[term[6]]
    row = &self.energies.row[0, 0] + <int64_t> second * self.energies.n_blocks
    share = &self.shared[0, 0] + 2 * <int64_t> term[7]
    table = &self.energies.block_energy[0, 0]
    for k in range(term[8] - term[7]):
        before = row[share[0]]
        after = before + share[1]
        if term[5] < width:
            change += table[after * width + term[5]] - table[before * width + term[5]]
        if term[6] < width:
            change -= table[after * width + term[6]] - table[before * width + term[6]]
        share += 2
    return change


cdef int64_t any_change(SiteRates self, rule_t rule, site_t site, site_t* around) noexcept nogil:
    """The same for rules of any number of sites: one after the other, each sees those before it changed already."""
    cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - first, k, position
    cdef species_t old[MAX_CHANGES]
    cdef int32_t comes, goes
    cdef int64_t change = 0
    cdef site_t place
    for k in range(n):
        position = self.change_position[first + k]
        place = site if position < 0 else around[position]
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

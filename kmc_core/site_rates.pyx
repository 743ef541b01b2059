# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right. Most sites are slow and share one low list, where a bound is split
into equal parts for the rules of a site: they need no rates, only that no energy change has fallen below the threshold
at which a rule would outgrow its part. After an event all anchors around it are asked for that: lanes tell energy
changes nearly (`lanes`), and a threshold is so much higher that this is enough. When a slow site is drawn, the part says
which of its rules is tried. Only the few fast sites are rated, by factors from above, and listed by the power of two
above. A candidate is accepted by the exact rate, which is worked out only where its bounds do not tell.
"""
import numpy as np

from kmc_core.lanes import GENERAL

from kmc_core.energies cimport N_BINS, kmc_power_above
from kmc_core.energy_changes cimport change_of, nearly, rate_above, step_across, step_around
from kmc_core.kernels cimport kmc_check, kmc_class, kmc_entry, kmc_lanes, kmc_outgrown
from kmc_core.looks cimport look, rated_class, sum_above, tried
from kmc_core.state cimport MAX_POSITIONS

cdef enum:
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
    FOURS = 3                         # checks that fill up those of a class, at most
    ALWAYS = 1 << 30                  # beyond every energy change [units]
cdef int FLOOR_HEIGHT = 1             # powers of two, besides the next one, of the lowest bound over the mean
cdef double LOOSE = 0.25              # a fast site so far below the bound of its list leaves it

assert GENERAL == GENERAL_RULE


cdef class SiteRates:
    """Propensities of all sites.

    Parameters
    ----------
    rules : kmc_core.Rules
    state : LatticeState
    energies : SiteEnergies
    """

    def __init__(self, rules, LatticeState state, SiteEnergies energies):
        self.state, self.energies, self.reaching = state, energies, energies.reaching
        self.terms = energies.lanes.terms
        self.step = np.concatenate([[0], np.asarray(state.step)]).astype(np.int32)
        self.inner_terms = energies.lanes.inner(np.asarray(self.step))
        lists = energies.lists
        self.told_ptr, self.told = lists.told_ptr, lists.told
        self.told_step = np.append(self.reaching.step, 0)[np.asarray(self.told)].astype(np.int32)
        self.used = np.zeros(lists.most_told + 1, dtype=np.uint32)
        self.is_slow = np.zeros(state.n_sites, dtype=np.uint8)
        self.inside = _inside(state) + _inside(self.reaching)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor, self.version = np.zeros(3), 1
        self.most = min(lists.most_told + 1, state.n_sites)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)

    def attach(self, EnvironmentTable environments, SiteGroups groups):
        """Know the classes of the sites, and the lists to put them into."""
        self.environments, self.groups = environments, groups
        self.forget_thresholds()

    def forget_thresholds(self):
        """Classes are other ones, or have other rates: their thresholds are worked out when they are needed."""
        n_entries, n_classes = len(self.environments.entry_rule), len(self.environments.size)
        self.entries = np.zeros((n_entries, sizeof(kmc_entry) // 8), dtype=np.int64)
        self.entry = <kmc_entry*> &self.entries[0, 0]
        self.checks = np.zeros((n_entries + FOURS * n_classes, sizeof(kmc_check) // 4), dtype=np.int32)
        self.check = <kmc_check*> &self.checks[0, 0]
        self.classes = np.zeros((n_classes, sizeof(kmc_class) // 4), dtype=np.int32)
        self.known = <kmc_class*> &self.classes[0, 0]
        self.tables.lane, self.tables.n_lanes = &self.energies.lane[0, 0], self.energies.n_lanes
        self.tables.rule, self.tables.is_slow = <kmc_lanes*> &self.inner_terms[0, 0], &self.is_slow[0]
        self.tables.check, self.tables.entry, self.tables.known = self.check, self.entry, self.known
        self.tables.factor, self.tables.n_factors = &self.energies.bin_factor[0, 0], N_BINS
        self.tables.shift, self.tables.bin_shift = self.energies.lanes.shift, self.energies.bin_shift

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring lanes up to date, and the lists of all sites whose rates an event at a site can have changed."""
        cdef int64_t i
        cdef bint inner = self.inside[site] == 2
        self.energies.move(site, rule, changed, old, n, inner)
        if inner:
            tell(self, site, rule)
        else:
            tell_across(self, rule)
        for i in range(n_reclassified):
            self.rate_site(reclassified[i])

    cdef void rate_site(self, site_t site) noexcept nogil:
        """The list of a site by its propensity."""
        if self.inside[site]:
            look(self, site, &self.step[1], True)
        else:
            self.rate_across(site)

    cdef void rate_across(self, site_t site) noexcept nogil:
        """The same where a boundary is near."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        step_across(self, site, step)
        look(self, site, step, False)

    cdef void _rate(self, site_t site, class_t c, int32_t* step, bint inner) noexcept nogil:
        """The list of a site that is not where it belongs, or is fast; `step` leads to its neighbours."""
        cdef int32_t before = self.group_of[site], after = -1
        cdef double total, bound = 0.0 if before < 0 else self.groups.bound[before]
        cdef bint is_slow = False
        if self.known[c].n > 0:
            total = sum_above(self, site, c, step, inner, &is_slow)
            if is_slow:
                after = self.slow_group
            else:
                after = before if bound * LOOSE <= total <= bound else self.groups.group_for(kmc_power_above(total))
        self.is_slow[site] = is_slow
        if before != after:
            self._relist(site, before, after)

    cdef void _relist(self, site_t site, int32_t before, int32_t after) noexcept nogil:
        if before >= 0:
            self.groups.remove(site, before)
        if after >= 0:
            self.groups.insert(site, after)
        self.group_of[site] = <int16_t> after

    cdef void _set_thresholds(self, class_t c) noexcept nogil:
        """Energy changes from which on every rule of a class keeps to its part of the lowest bound."""
        cdef int first = self.environments.first[c], size = self.environments.size[c], k, error
        cdef double part = self.floor[0] / size, rate
        cdef int64_t threshold
        cdef bint is_laned = True
        cdef rule_t rule
        cdef kmc_class* known = self.known + c
        cdef kmc_check* check
        known.first, known.n, known.first_check = first, size, first + FOURS * c
        check = self.check + known.first_check
        for k in range(size):
            rate, rule = self.environments.entry_rate[first + k], self.environments.entry_rule[first + k]
            error = self.terms[rule, N_TERMS - 1]
            threshold = -ALWAYS if rate == 0.0 else 1 + error + (
                self.energies.threshold(self.rule_process[rule], part / rate) >> self.tables.shift)
            check[k].rule, check[k].threshold = rule, <int32_t> min(max(threshold, -ALWAYS), ALWAYS)
            self.entry[first + k].rate, self.entry[first + k].error = rate, error
            self.entry[first + k].factors = self.rule_process[rule] * N_BINS
            is_laned &= self.terms[rule, 0] != GENERAL_RULE
        known.n_checks = (size + FOURS) // (FOURS + 1) * (FOURS + 1)
        for k in range(size, known.n_checks):
            check[k].rule, check[k].threshold = <int32_t> self.terms.shape[0], -ALWAYS
        if not is_laned:
            known.n_checks = 0
        known.rated = self.version

    cdef void _set_floor(self, double mean) noexcept nogil:
        """Let the lowest bound in use follow the mean propensity of sites, unless it is near enough.

        That of a site that is much slower than most may be far too high at little cost: it is drawn rarely.
        """
        cdef double least = mean * (1 << FLOOR_HEIGHT)
        cdef site_t site
        self.floor[1], self.floor[2] = 0.0, FLOOR_CANDIDATES
        if least > 0.0 and not 0.8 * least <= self.floor[0] <= 2.5 * least:
            self.floor[0] = kmc_power_above(least)
            self.find_slow_group()
            for site in range(self.state.n_sites):
                if self.is_slow[site]:
                    self.is_slow[site] = 1 if self.group_of[site] == self.slow_group else 2

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn, `u` in [0, bound), or -1 if the candidate is refused.

        Each rule has a part of the bound that is no smaller than its rate constant; within it, that one decides.
        """
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner
        cdef class_t c
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
        inner = step_around(self, site, &step)
        c = rated_class(self, site)
        if self.is_slow[site]:
            return choose_slow(self, site, c, u, bound, step, inner)
        return choose_fast(self, site, c, u, bound, step, inner)

    cdef double rate_at(self, int entry, site_t site) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        step_around(self, site, &step)
        return self.environments.entry_rate[entry] * self.energies.factor(process, change_of(self, rule, site, step))

    cdef double part_of(self, int entry, site_t site, double bound) noexcept nogil:
        """Part of the bound of its list that an entry of a site's class has there [1/s]; for tests."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        if self.is_slow[site]:
            return bound / self.environments.size[self.groups.class_at(site)]
        rated_class(self, site)
        return rate_above(self, entry, nearly(self, self.environments.entry_rule[entry], site, step, inner))

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
            total += sum_above(self, site, rated_class(self, site), step, inner, &is_slow)
        self.floor[0] = 0.0
        self.find_slow_group()
        self._set_floor(total / max(self.state.n_sites, 1))

    cpdef void find_slow_group(self) noexcept nogil:
        """Know the list of the lowest bound, which has become another one or is of a snapshot."""
        self.version += 1
        self.slow_group = self.groups.group_for(self.floor[0])
        self.groups.lead(self.slow_group)


def _inside(LatticeState state):
    """uint8, shape (n_sites,): whether no position around a site lies across a boundary."""
    sizes, reaches = (state.nz, state.ny, state.nx), (state.reach_z, state.reach_y, state.reach_x)
    z, y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]) >= reach for n, reach in zip(sizes, reaches, strict=True))
    return (z[:, None, None] & y[:, None] & x).astype(np.uint8).ravel()


cdef inline void tell(SiteRates self, site_t site, rule_t rule) noexcept nogil:
    """Rate the anchors around an event that may belong to other lists now."""
    cdef site_t* used = &self.used[0]
    cdef int first = self.told_ptr[rule], k
    self.tables.record, self.tables.is_narrow = self.groups.first_record, self.groups.is_narrow
    self.tables.place_bits, self.tables.version = self.groups.place_bits, self.version
    for k in range(kmc_outgrown(&self.tables, &self.told_step[first], self.told_ptr[rule + 1] - first, site, used)):
        look(self, used[k], &self.step[1], True)


cdef inline void tell_across(SiteRates self, rule_t rule) noexcept nogil:
    """The same where a boundary is near."""
    cdef int k
    cdef site_t site
    for k in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
        site = self.reaching.at(self.told[k])
        if site < self.state.n_sites:
            self.rate_site(site)


cdef inline rule_t choose_slow(SiteRates self, site_t site, class_t c, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a slow site, whose rules have equal parts of the bound."""
    cdef double part = bound / self.known[c].n
    cdef int k = min(<int> (u / part), self.known[c].n - 1)
    cdef int64_t change
    cdef rule_t rule = -1
    u -= k * part
    k += self.known[c].first
    change = nearly(self, self.environments.entry_rule[k], site, step, inner)
    if u < rate_above(self, k, change):
        rule = tried(self, k, u, change, site, step)
    if rule < 0 and self.is_slow[site] == 2:  # the lowest bound has changed
        self._rate(site, c, step, inner)
    return rule


cdef inline rule_t choose_fast(SiteRates self, site_t site, class_t c, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a fast site."""
    cdef double above, total = 0.0
    cdef int64_t change
    cdef int k
    for k in range(self.known[c].first, self.known[c].first + self.known[c].n):
        change = nearly(self, self.environments.entry_rule[k], site, step, inner)
        above = rate_above(self, k, change)
        if u < total + above:
            return tried(self, k, u - total, change, site, step)
        total += above
    if total < LOOSE * bound:         # it has become slower since it was listed
        self._rate(site, c, step, inner)
    return -1

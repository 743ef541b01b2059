# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right. Most sites are slow and share one low list, where a bound is split
into equal parts for the rules of a site: they need no rates, only that no energy change has fallen below the threshold
at which a rule would outgrow its part. How far the nearest one is from there is the slack of the site; an event takes
off what it can have cost at most (`slack`), and a site is looked at again when that is used up: a sum of a few whole
numbers and a comparison per rule. When it is drawn, the part says which of its rules is tried. Only the few fast sites
are rated and listed by the power of two above; their slack is what energies may fall before that is outgrown. It
decides when a site leaves a list, so it is part of a snapshot.
"""
import numpy as np

from kmc_core.event_lists import GENERAL, ONE_SITE, TWO_SITES, UNMOVED, RuleTerms
from kmc_core.slack import LANES, MOST, RISE, Slack

from kmc_core.energies cimport N_BINS, kmc_power_above
from kmc_core.energy_changes cimport change_of, rate_above, step_across, step_around
from kmc_core.kernels cimport KMC_FAR, kmc_add_fall, kmc_class, kmc_entry, kmc_piece, kmc_spend, kmc_widest
from kmc_core.looks cimport fast_part, keep_band, keep_slack, look, rated_class, sum_above, tried
from kmc_core.state cimport MAX_POSITIONS
from libc.string cimport memset

cdef enum:
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
cdef int FLOOR_HEIGHT = 1             # powers of two, besides the next one, of the lowest bound over the mean
cdef double LOOSE = 0.25              # a fast site so far below the bound of its list leaves it

assert (GENERAL, UNMOVED, ONE_SITE < UNMOVED, TWO_SITES < UNMOVED) == (GENERAL_RULE, STILL_RULE, True, True)
assert (MOST_SLACK, MOST_RISE, NO_SLACK) == (MOST, RISE, NO_SLACK_BYTE * 257 - 65536)


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
        self._watch(Slack(energies.steps, energies.lists, terms, energies, *energies.given[2:]), energies.lists)
        self.step = np.concatenate([[0], np.asarray(state.step)]).astype(np.int32)
        self.inner_terms = terms.inner(np.asarray(self.step), energies.width)
        self.is_slow = np.zeros(state.n_sites, dtype=np.uint8)
        self.inside = _inside(state) + _inside(self.reaching)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor, self.version = np.zeros(3), 1
        self.most = min(energies.lists.most_told + 1, state.n_sites)
        self.change_ptr = np.ascontiguousarray(rules.change_ptr, dtype=np.int32)
        self.change_position = np.ascontiguousarray(rules.change_position, dtype=np.int32)
        self.change_species = np.ascontiguousarray(rules.change_species, dtype=np.uint8)
        self.rule_process = np.ascontiguousarray(rules.rule_process, dtype=np.int32)

    def _watch(self, slack, lists):
        """Follow the slack of all sites; in a narrow box an event may reach a site twice, and only falls count."""
        self.energies.watch(slack)
        self.told_ptr, self.charge = lists.told_ptr, np.append(slack.charge, slack.charge.dtype.type(0))
        self.told = np.column_stack([lists.told, np.append(slack.told_cell, 0)]).astype(np.int32)
        self.used = np.zeros(lists.most_told + 1, dtype=np.uint32)
        self.pieces, self.piece_ptr = slack.pieces, slack.piece_ptr
        self.piece = <kmc_piece*> <size_t> self.pieces.ctypes.data
        self.beside, self.is_followed = slack.beside, slack.is_followed
        self.drop = np.zeros(slack.n_cells, dtype=np.int16)
        self.least_drop = 0 if slack.is_narrow else -MOST_RISE
        self.slack = np.full(self.state.n_sites + LANES, NO_SLACK, dtype=np.int16)

    def attach(self, EnvironmentTable environments, SiteGroups groups):
        """Know the classes of the sites, and the lists to put them into."""
        self.environments, self.groups = environments, groups
        self.forget_thresholds()

    def forget_thresholds(self):
        """Classes are other ones, or have other rates: their thresholds are worked out when they are needed."""
        self.entries = np.zeros((len(self.environments.entry_rule), sizeof(kmc_entry) // 8), dtype=np.int64)
        self.entry = <kmc_entry*> &self.entries[0, 0]
        self.classes = np.zeros((len(self.environments.size), sizeof(kmc_class) // 8), dtype=np.int64)
        self.known = <kmc_class*> &self.classes[0, 0]
        self._point()
        self.bin_units = 1.0 + (2.0**self.energies.bin_shift) / 2.0**self.energies.fall_shift

    def _point(self):
        """Know where tables are now."""
        self.tables.held, self.tables.width = &self.energies.held[0, 0], self.energies.width
        self.tables.row, self.tables.n_blocks = &self.energies.row[0, 0], self.energies.n_blocks
        self.tables.table, self.tables.shared = &self.energies.block_energy[0, 0], &self.shared[0, 0]
        self.tables.factor, self.tables.n_factors = &self.energies.bin_factor[0, 0], N_BINS
        self.tables.shift = self.energies.bin_shift

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring energies up to date, and the lists of all sites whose rates an event at a site can have changed."""
        cdef int64_t i
        cdef bint inner = self.inside[site] == 2
        self.energies.move(site, rule, changed, old, n, inner)
        find_drops(self, rule)
        if inner:
            tell(self, site, rule)
        else:
            tell_across(self, rule)
        for i in range(n_reclassified):  # afterwards: what they keep then is exact, and includes what the event did
            self.rate_site(reclassified[i])

    cdef void rate_site(self, site_t site) noexcept nogil:
        """The list of a site by its propensity, and its slack."""
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
        cdef int64_t room
        if self.known[c].n == 0:
            self.slack[site] = MOST_SLACK
        else:
            total = sum_above(self, site, c, step, inner, &room)
            self.is_slow[site] = room >= 0
            if room >= 0:
                after = self.slow_group
                keep_slack(self, site, c, room)
            else:
                after = before if bound * LOOSE <= total <= bound else self.groups.group_for(kmc_power_above(total))
                keep_band(self, site, c, self.groups.bound[after], total)
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
        cdef int first = self.environments.first[c], size = self.environments.size[c], k, column
        cdef double part = self.floor[0] / size, rate, steepest = 1e-9
        cdef rule_t rule
        cdef kmc_entry* entry
        cdef kmc_class* known = self.known + c
        known.first, known.n, known.is_followed = first, size, True
        for k in range(first, first + size):
            rate, rule, entry = self.environments.entry_rate[k], self.environments.entry_rule[k], self.entry + k
            for column in range(4):
                entry.term[column] = self.inner_terms[rule, column]
            entry.rate, entry.share, entry.share_end = rate, self.terms[rule, 7], self.terms[rule, 8]
            entry.second = self.step[self.terms[rule, 4] + 1]
            entry.threshold = -KMC_FAR if rate == 0.0 else self.energies.threshold(self.rule_process[rule], part / rate)
            entry.quick, entry.factors = entry.threshold - self.lowest[rule], self.rule_process[rule] * N_BINS
            if self.terms[rule, 0] == GENERAL_RULE:
                entry.quick, entry.share_end = KMC_FAR, -1
            known.is_followed &= self.is_followed[rule]
            entry.top = rate_above(self, k, entry.threshold)
            if rate > 0.0:
                steepest = max(steepest, self.energies.slope(self.rule_process[rule], entry.threshold))
        known.give = self.energies.thermal * 1e9 / (1 << self.energies.fall_shift) / steepest
        known.rated = self.version

    cdef void _set_floor(self, double mean) noexcept nogil:
        """Let the lowest bound in use follow the mean propensity of sites, unless it is near enough.

        That of a site that is much slower than most may be far too high at little cost: it is drawn rarely.
        """
        cdef double least = mean * (1 << FLOOR_HEIGHT)
        self.floor[1], self.floor[2] = 0.0, FLOOR_CANDIDATES
        if least > 0.0 and not 0.8 * least <= self.floor[0] <= 2.5 * least:
            self.floor[0] = kmc_power_above(least)
            self.find_slow_group()
            memset(&self.slack[0], NO_SLACK_BYTE, self.state.n_sites * sizeof(int16_t))

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn, `u` in [0, bound), or -1 if the candidate is refused.

        Each rule has a part of the bound that is no smaller than its rate constant; within it, that one decides.
        """
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = self.inside[site]
        cdef class_t c
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
        c = rated_class(self, site)
        if self.is_slow[site] and is_refused(self, site, c, u, bound):
            return -1
        if inner:
            step = &self.step[1]
        else:
            step_across(self, site, step)
        if self.is_slow[site]:
            return choose_slow(self, site, c, u, bound, step, inner)
        return choose_fast(self, site, c, u, bound, step, inner)

    cdef double rate_at(self, int entry, site_t site, int64_t fall) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site, after a fall [units, 1/s]."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        cdef int64_t change = change_of(self, rule, site, step, inner) - (fall << self.energies.fall_shift)
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor(process, change)

    cdef double part_of(self, int entry, site_t site, double bound) noexcept nogil:
        """Part of the bound of its list that an entry of a site's class has there [1/s]; for tests."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        if self.is_slow[site]:
            return bound / self.environments.size[self.groups.class_at(site)]
        rated_class(self, site)
        return fast_part(self, entry, site, step, inner)

    cdef int64_t room_of(self, int entry, site_t site) noexcept nogil:
        """How far an entry of a site's class is from its threshold, which is worked out anew [quanta]; for tests."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step = around + 1
        cdef bint inner = step_around(self, site, &step)
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef double rate = self.environments.entry_rate[entry]
        cdef double part = self.floor[0] / self.environments.size[self.groups.class_at(site)]
        if rate == 0.0:
            return KMC_FAR
        return (change_of(self, rule, site, step, inner)
                - self.energies.threshold(self.rule_process[rule], part / rate))

    def start_floor(self):
        """Set the lowest bound by the mean propensity; all is rated afresh then."""
        cdef int32_t around[MAX_POSITIONS + 1]
        cdef int32_t* step
        cdef site_t site
        cdef bint inner
        cdef int64_t room
        cdef double total = 0.0
        self.forget_thresholds()
        self.group_of[:], self.is_slow[:] = -1, 0
        for site in range(self.state.n_sites):
            step = around + 1
            inner = step_around(self, site, &step)
            total += sum_above(self, site, rated_class(self, site), step, inner, &room)
        self.slack[:] = NO_SLACK
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


cdef inline void find_drops(SiteRates self, rule_t rule) noexcept nogil:
    """By how much any rule of every anchor has come nearer to its threshold by the energies of its sites, at most."""
    cdef int cell = self.energies.cells[rule, 0], n = self.energies.cells[rule, 1] - cell, k
    cdef int16_t* drop = &self.drop[0] + cell
    cdef int16_t* fall = &self.energies.beside[0] + cell
    memset(drop, 0, n * sizeof(int16_t))
    for k in range(0, <int> self.beside.shape[0], 4):
        kmc_widest(drop, fall, n, &self.beside[k], MOST_SLACK + MOST_RISE + 1)


cdef inline void tell(SiteRates self, site_t site, rule_t rule) noexcept nogil:
    """Look at the anchors around an event whose slack is used up; they may belong to other lists now."""
    cdef site_t* used = &self.used[0]
    cdef int k
    for k in range(kmc_spend(&self.slack[0], &self.drop[0], &self.energies.fall[0], self.piece + self.piece_ptr[rule],
                             self.piece + self.piece_ptr[rule + 1], site, MOST_SLACK, MOST_RISE, used)):
        look(self, used[k], &self.step[1], True)


cdef inline void tell_across(SiteRates self, rule_t rule) noexcept nogil:
    """The same where a boundary is near."""
    cdef int cell = self.energies.cells[rule, 0], n = self.energies.cells[rule, 1] - cell, k, left
    cdef site_t site
    kmc_add_fall(&self.drop[0] + cell, &self.energies.fall[0] + cell, n, self.least_drop,
                 MOST_SLACK + MOST_RISE + 1, MOST_RISE)
    for k in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
        site = self.reaching.at(self.told[k, 0])
        if site < self.state.n_sites:
            left = self.slack[site] - self.drop[self.told[k, 1]] - self.charge[k]
            if left >= 0:
                self.slack[site] = <int16_t> min(left, <int> MOST_SLACK)
            else:
                self.rate_site(site)


cdef inline bint is_refused(SiteRates self, site_t site, class_t c, double u, double bound) noexcept nogil:
    """Whether slack alone says that a slow site does not do what was drawn, as for most of them."""
    cdef double part = bound / self.known[c].n
    cdef int k = min(<int> (u / part), self.known[c].n - 1)
    if self.slack[site] < 0:
        return False
    u -= k * part
    k += self.known[c].first
    return u >= rate_above(self, k, self.entry[k].threshold + (<int64_t> self.slack[site] << self.energies.fall_shift))


cdef inline rule_t choose_slow(SiteRates self, site_t site, class_t c, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a slow site, whose rules have equal parts of the bound."""
    cdef double part = bound / self.known[c].n
    cdef int k = min(<int> (u / part), self.known[c].n - 1)
    cdef int64_t change
    cdef rule_t rule = -1
    u -= k * part
    k += self.known[c].first
    change = change_of(self, self.environments.entry_rule[k], site, step, inner)
    if u < rate_above(self, k, change):
        rule = tried(self, k, u, change)
    if rule < 0 and self.group_of[site] != self.slow_group:  # the lowest bound has changed
        self._rate(site, c, step, inner)
    return rule


cdef inline rule_t choose_fast(SiteRates self, site_t site, class_t c, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a fast site."""
    cdef double above, total = 0.0
    cdef int k
    for k in range(self.known[c].first, self.known[c].first + self.known[c].n):
        above = fast_part(self, k, site, step, inner)
        if u < total + above:
            return tried(self, k, u - total, change_of(self, self.environments.entry_rule[k], site, step, inner))
        total += above
    if total < LOOSE * bound:         # it has become slower since it was listed
        self._rate(site, c, step, inner)
    return -1

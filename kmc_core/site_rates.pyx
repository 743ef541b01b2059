# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right. Most sites are slow and share one low list, where a bound is split
into equal parts for the rules of a site: they need no rates, only that no energy change has fallen below the threshold
at which a rule would outgrow its part. After an event all anchors around it are asked for that: lanes tell energy
changes nearly (`lanes`), and a threshold is so much higher that this is enough. When a slow site is drawn, the part
says which of its rules is tried. Only the few fast sites are rated, by factors from above, and listed by the power of
two above. A candidate is accepted by the exact rate, which is worked out only where its bounds do not tell.
"""
import numpy as np

from kmc_core.lanes import GENERAL

from kmc_core.energies cimport kmc_power_above
from kmc_core.energy_changes cimport rate_above, steps_around
from kmc_core.kernels cimport kmc_astray, kmc_class, kmc_four, kmc_note_for, kmc_rates
from kmc_core.looks cimport keeps, look, rated_class, sum_above, tried
from kmc_core.rng cimport kmc_prefetch
from kmc_core.state cimport MAX_POSITIONS

cdef enum:
    CACHED_BYTES = 1 << 19            # of lanes: beyond, what an event needs is fetched all at once
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
cdef int FLOOR_HEIGHT = 1             # powers of two, besides the next one, of the lowest bound over the mean
cdef double MOST_MISSED = 3.0         # logarithm of what a rate constant from above may be too large by
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
        self.kind, self.step = _boundaries(state)
        self.inner_terms = energies.lanes.inner(np.asarray(self.step)[:state.n_positions + 1])
        lists = energies.lists
        self.told_ptr, self.told = lists.told_ptr, lists.told
        self.told_step = np.append(self.reaching.step, 0)[np.asarray(self.told)].astype(np.uint32)
        self.told_now, self.astray = np.zeros((2, lists.most_told + 1), dtype=np.uint32)
        self.sums = np.zeros(lists.most_told + 1)
        self.is_slow = np.zeros(state.n_sites, dtype=np.uint8)
        self.inside = _inside(self.reaching)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor, self.version = np.zeros(3), 1
        self.is_large = energies.sums.base.nbytes > CACHED_BYTES
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
        n_classes = len(self.environments.size)
        n_fours = len(self.environments.entry_rule) + 1
        self.slot = np.zeros(n_fours, dtype=np.int32)
        self.fours = np.zeros((n_fours, sizeof(kmc_four) // 8), dtype=np.int64)
        self.four = <kmc_four*> &self.fours[0, 0]
        self.rates = np.zeros((n_fours, sizeof(kmc_rates) // 8), dtype=np.int64)
        self.classes = np.zeros((n_classes, sizeof(kmc_class) // 8), dtype=np.int64)
        self.known = <kmc_class*> &self.classes[0, 0]
        self.energies.forget_notes()
        self._find_laned()
        self.tables.lane, self.tables.group_of = &self.energies.lane[0, 0], &self.group_of[0]
        self.tables.four, self.tables.rates = self.four, <kmc_rates*> &self.rates[0, 0]
        self.tables.factor, self.tables.bin_shift = &self.energies.bin_factor[0, 0], self.energies.bin_shift
        self.tables.loose = LOOSE

    def _find_laned(self):
        """Know for which rules lanes are near enough at this temperature: what they do not know is drawn in vain."""
        cdef int rule, process
        cdef double missed
        self.is_laned = np.zeros(self.terms.shape[0], dtype=np.uint8)
        for rule in range(self.terms.shape[0]):
            process = self.rule_process[rule]
            missed = ((<int64_t> 1 << self.energies.bin_shift) + 2 * self.terms[rule, N_TERMS - 1]) * 1e-9 * (
                <int64_t> 1 << self.energies.lane_shift)
            self.is_laned[rule] = (self.terms[rule, 0] != GENERAL_RULE and
                                   missed * self.energies.steepest(process) <= MOST_MISSED * self.energies.thermal)

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring lanes up to date, and the lists of all sites whose rates an event at a site can have changed."""
        cdef int64_t i
        cdef bint inner = self.inside[site]
        cdef site_t each
        if self.is_large and inner:   # not a function: compilers leave out one that only fetches, as it does nothing
            for i in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
                each = site + self.told_step[i]
                kmc_prefetch(&self.energies.lane[0, 0] + (<int64_t> each << self.energies.lane_bits))
                kmc_prefetch(&self.energies.row[0, 0] + <int64_t> each * self.energies.n_blocks)
        self.energies.move(site, rule, changed, old, n, inner)
        tell(self, site, rule, inner)
        for i in range(n_reclassified):
            self.rate_site(reclassified[i])

    cdef void rate_site(self, site_t site) noexcept nogil:
        """The list of a site by its propensity."""
        look(self, site, -1.0)

    cdef void _rate(self, site_t site, kmc_class* known, int32_t* step, bint inner, double total) noexcept nogil:
        """The list of a site; `step` leads to its neighbours. It is to be noted then. A fast one stays while it can."""
        cdef int32_t before = self.group_of[site], after = before
        cdef bint is_slow = self.is_slow[site], is_listed = before >= 0 and not is_slow
        cdef double bound = 0.0 if before < 0 else self.groups.bound[before]
        if known.n == 0:
            is_slow, after = False, -1
        else:
            if is_listed and total < 0.0:
                total = sum_above(self, site, known, step, inner)
            if not is_listed or not bound * LOOSE <= total <= bound:
                is_slow = keeps(self, site, known, step, inner)
                if total < 0.0 and not is_slow:
                    total = sum_above(self, site, known, step, inner)
                after = self.slow_group if is_slow else self.groups.group_for(kmc_power_above(total))
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
        """How the rules of a class are looked at, with the energy changes from which on each keeps to its part."""
        cdef int first = self.environments.first[c], size = self.environments.size[c], k
        cdef kmc_class* known = self.known + c
        cdef bint is_told = size > 0
        known.first, known.n, known.first_four, known.n_fours = first, size, first, 0
        for k in range(first, first + size):
            self.slot[k] = self._find_slot(known, self.environments.entry_rule[k])
            self._set_slot(self.slot[k], k, size)
            is_told &= self.is_laned[self.environments.entry_rule[k]]
        known.note = kmc_note_for(known.first_four, known.n_fours) if is_told else 0
        known.rated = self.version

    cdef int _find_slot(self, kmc_class* known, rule_t rule) noexcept nogil:
        """A free place in a four of a class with the first lane of a rule, or in a new one."""
        cdef int32_t* terms = &self.inner_terms[rule, 0]
        cdef kmc_four* four
        cdef int number, k
        for number in range(known.first_four, known.first_four + known.n_fours):
            four = self.four + number
            if four.n < 4 and (terms[2] == 0 or four.first == terms[0]
                               or not (four.sign[0] or four.sign[1] or four.sign[2] or four.sign[3])):
                four.n += 1
                if terms[2]:
                    four.first = terms[0]
                return 4 * number + four.n - 1
        number = known.first_four + known.n_fours
        known.n_fours += 1
        four = self.four + number
        four.n, four.first = 1, terms[0]
        for k in range(4):
            four.second[k], four.sign[k], four.sign[k + 4], four.error[k] = 0, 0, 0, 0
            four.threshold[k] = ALWAYS_SLOW
            (<kmc_rates*> &self.rates[number, 0]).rate[k] = 0.0
            (<kmc_rates*> &self.rates[number, 0]).factors[k] = 0
        return 4 * number

    cdef void _set_slot(self, int slot, int entry, int size) noexcept nogil:
        """A rule of a class of so many, in its place of a four."""
        cdef kmc_four* four = self.four + (slot >> 2)
        cdef kmc_rates* rates = <kmc_rates*> &self.rates[slot >> 2, 0]
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int k = slot & 3
        cdef double rate = self.environments.entry_rate[entry]
        cdef int64_t threshold = ALWAYS_SLOW
        four.second[k] = self.inner_terms[rule, 1]
        four.sign[k], four.sign[k + 4] = <int16_t> self.inner_terms[rule, 2], <int16_t> self.inner_terms[rule, 3]
        four.error[k] = <int16_t> self.terms[rule, N_TERMS - 1]
        rates.rate[k], rates.factors[k] = rate, self.rule_process[rule] * self.energies.n_bins
        if rate > 0.0:
            threshold = 1 + four.error[k] + (self.energies.threshold(
                self.rule_process[rule], self.floor[0] / size / rate) >> self.energies.lane_shift)
        four.threshold[k] = <int16_t> min(max(threshold, <int64_t> ALWAYS_SLOW), <int64_t> NEVER_SLOW)

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
        cdef int32_t* step = &self.step[0] + 1
        cdef kmc_class* known
        cdef int32_t note
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
        note = self.energies.note_of(site)
        if note:                      # it says that no boundary is near, and that thresholds are known
            known = self.known + self.groups.class_at(site)
        else:
            step, known = steps_around(self, site), self.known + rated_class(self, site)
        if note & 1 or not note and self.is_slow[site]:
            return choose_slow(self, site, known, u, bound, step, step == &self.step[0] + 1)
        return choose_fast(self, site, known, u, bound, step, step == &self.step[0] + 1)

    def start_floor(self):
        """Set the lowest bound by the mean propensity; all is rated afresh then."""
        cdef int32_t* step
        cdef site_t site
        cdef double total = 0.0
        self.forget_thresholds()
        self.group_of[:], self.is_slow[:] = -1, 0
        for site in range(self.state.n_sites):
            step = steps_around(self, site)
            total += sum_above(self, site, self.known + rated_class(self, site), step, step == &self.step[0] + 1)
        self.floor[0] = 0.0
        self.find_slow_group()
        self._set_floor(total / max(self.state.n_sites, 1))

    cpdef void find_slow_group(self) noexcept nogil:
        """Know the list of the lowest bound, which has become another one or is of a snapshot."""
        self.version += 1
        self.energies.forget_notes()
        self.slow_group = self.groups.group_for(self.floor[0])
        self.groups.lead(self.slow_group)


def _inside(LatticeState state):
    """uint8, shape (n_sites,): whether no position around a site lies across a boundary."""
    sizes, reaches = (state.nz, state.ny, state.nx), (state.reach_z, state.reach_y, state.reach_x)
    z, y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]) >= reach for n, reach in zip(sizes, reaches, strict=True))
    return (z[:, None, None] & y[:, None] & x).astype(np.uint8).ravel()


def _boundaries(LatticeState state):
    """Kinds of sites by the boundaries around them, and steps from a site of each kind to itself and its neighbours.

    Returns
    -------
    kind : uint16, shape (n_sites,)
        0 where no boundary is near.
    step : int32, shape (n_kinds * (n_positions + 1),)
        Zero where there is no neighbour.
    """
    cdef site_t around[MAX_POSITIONS]
    cdef int j
    sizes, reaches = (state.nz, state.ny, state.nx), (state.reach_z, state.reach_y, state.reach_x)
    places = [_places(n, reach) for n, reach in zip(sizes, reaches, strict=True)]
    shape = [int(place.max()) + 1 for place in places]
    if np.prod(shape) > np.iinfo(np.uint16).max:
        raise ValueError("processes reach too far for interactions")
    steps = np.zeros((*shape, state.n_positions + 1), dtype=np.int32)
    for kind in np.ndindex(*shape):
        at = [np.flatnonzero(place == k) for place, k in zip(places, kind, strict=True)]
        if all(map(len, at)):
            site = np.ravel_multi_index([each[0] for each in at], sizes)
            state.neighbours(site, around)
            for j in range(state.n_positions):
                steps[kind][j + 1] = <int64_t> around[j] - <int64_t> site if around[j] < state.n_sites else 0
    z, y, x = (place.astype(np.uint16) for place in places)
    number = (z[:, None, None] * np.uint16(shape[1]) + y[:, None]) * np.uint16(shape[2]) + x
    steps[0, 0, 0] = [0, *np.asarray(state.step)[:state.n_positions].tolist()]
    return number.ravel(), steps.ravel()


def _places(n, reach):
    """int64, shape (n,): 0 where neither end is within reach, elsewhere as many numbers as there are places."""
    place = np.arange(n)
    number = np.where(place < reach, place + 1, place + 1 - max(n - 2 * reach, 0))
    return np.where((place >= reach) & (place < n - reach), 0, number)


cdef inline void tell(SiteRates self, site_t site, rule_t rule, bint inner) noexcept nogil:
    """Rate the anchors around an event that may belong to other lists now."""
    cdef site_t* astray = &self.astray[0]
    cdef double* sums = &self.sums[0]
    cdef int first = self.told_ptr[rule], n = self.told_ptr[rule + 1] - first, k
    self.tables.bound = &self.groups.bound[0]
    if not inner:
        n = kmc_astray(self.energies.lane_bits, &self.tables, &self.told_now[0], write_told(self, rule), 0, astray,
                       sums)
    elif self.energies.lane_bits == 3:  # known to the compiler
        n = kmc_astray(3, &self.tables, &self.told_step[first], n, site, astray, sums)
    elif self.energies.lane_bits == 4:
        n = kmc_astray(4, &self.tables, &self.told_step[first], n, site, astray, sums)
    else:
        n = kmc_astray(self.energies.lane_bits, &self.tables, &self.told_step[first], n, site, astray, sums)
    for k in range(n):
        look(self, astray[k], sums[k])


cdef inline int write_told(SiteRates self, rule_t rule) noexcept nogil:
    """The anchors that are told, where a boundary is near; returns their number."""
    cdef int k, n = 0
    for k in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
        self.told_now[n] = self.reaching.at(self.told[k])
        n += self.told_now[n] < self.state.n_sites
    return n


cdef inline rule_t choose_slow(SiteRates self, site_t site, kmc_class* known, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a slow site, whose rules have equal parts of the bound."""
    cdef double part = bound / known.n
    cdef int k = min(<int> (u / part), known.n - 1)
    cdef rule_t rule = -1
    u -= k * part
    if u < rate_above(self, known, k, site, step, inner):
        rule = tried(self, known, k, u, site, step, inner)
    if rule < 0 and self.is_slow[site] == 2:  # the lowest bound has changed
        look(self, site, -1.0)
    return rule


cdef inline rule_t choose_fast(SiteRates self, site_t site, kmc_class* known, double u, double bound, int32_t* step,
                               bint inner) noexcept nogil:
    """`choose` for a fast site."""
    cdef double above, total = 0.0
    cdef int k
    for k in range(known.n):
        above = rate_above(self, known, k, site, step, inner)
        if u < total + above:
            return tried(self, known, k, u - total, site, step, inner)
        total += above
    if total < LOOSE * bound:         # it has become slower since it was listed
        look(self, site, -1.0)
    return -1

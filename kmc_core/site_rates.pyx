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

from kmc_core.aligned import aligned
from kmc_core.lanes import FEWEST, GENERAL, MOST

from kmc_core.energies cimport kmc_power_above
from kmc_core.energy_changes cimport rate_above, rule_of
from kmc_core.kernels cimport (KMC_AT_ONCE, KMC_FAST, KMC_HAS_AVX2, KMC_MOST_LANES, KMC_SLOW, KMC_STATES,
                               KMC_UNNOTED, kmc_asked, kmc_class, kmc_either, kmc_event, kmc_line, kmc_loops_for,
                               kmc_post, kmc_rates, kmc_rule, kmc_site)
from kmc_core.looks cimport keeps, look, rated_class, sum_above, tried
from kmc_core.state cimport MAX_POSITIONS
from libc.stdint cimport INT32_MAX

cdef enum:
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
cdef int FLOOR_HEIGHT = 1             # powers of two, besides the next one, of the lowest bound over the mean
cdef double MOST_MISSED = 3.0         # logarithm of what a rate constant from above may be too large by
cdef double LOOSE = 0.25              # a fast site so far below the bound of its list leaves it

assert KMC_SLOW == KMC_FAST << 1
assert (GENERAL, FEWEST, MOST) == (GENERAL_RULE, KMC_AT_ONCE, KMC_MOST_LANES)


cdef class SiteRates:
    """Propensities of all sites.

    Parameters
    ----------
    rules : kmc_core.Rules
    state : LatticeState
    energies : SiteEnergies
    """

    def __init__(self, rules, LatticeState state, SiteEnergies energies):
        self.state, self.energies = state, energies
        self.terms = energies.lanes.terms
        self.kind, self.step = _boundaries(state)
        most_asked = (energies.lists.most_told // KMC_AT_ONCE + 1) * KMC_AT_ONCE  # all are looked at so many at once
        self.asked = np.zeros((most_asked, sizeof(kmc_asked) // 8), dtype=np.int64)
        self.change = aligned((most_asked, KMC_AT_ONCE), np.int32)
        self.answer = aligned(most_asked, np.uint32)
        self.tables.change, self.tables.answer = <void*> &self.change[0, 0], &self.answer[0]
        self.tables.record, self.tables.record_size = energies.first_record, energies.record_size
        known = energies.known_of_sites
        self.group_of, self.is_slow = known["group"], known["is_slow"]
        self.group_of[:] = -1
        self.floor, self.version = np.zeros(3), 1
        self.most = min(energies.lists.most_told + 1, state.n_sites)
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
        n_classes, n_entries = len(self.environments.size), len(self.environments.entry_rule)
        most_lines = n_entries // KMC_AT_ONCE + n_classes + 1
        self.rules = np.zeros((most_lines * KMC_AT_ONCE, sizeof(kmc_rule) // 8), dtype=np.int64)
        self.rule = <kmc_rule*> &self.rules[0, 0]
        self.rates = aligned((most_lines, sizeof(kmc_rates) // 8), np.int64)
        self.lines = aligned((most_lines, sizeof(kmc_line) + 4 * self.energies.n_lanes), np.uint8)
        self.n_lines = 1
        self.classes = np.zeros((n_classes, sizeof(kmc_class) // 4), dtype=np.int32)
        self.known = <kmc_class*> &self.classes[0, 0]
        self.forget_notes()
        self._find_laned()
        self.tables.table, self.tables.n_sites = &self.energies.block_lane[0, 0], self.state.n_sites
        self.tables.post, self.tables.mask = <kmc_post*> &self.energies.post[0, 0], &self.energies.post_mask[0, 0]
        self.tables.n_lanes, self.tables.n_posts = self.energies.n_lanes, len(self.energies.lanes.posts)
        self.tables.line, self.tables.line_size = <char*> &self.lines[0, 0], self.lines.shape[1]
        self.tables.rule, self.tables.rates = self.rule, <kmc_rates*> &self.rates[0, 0]
        self.tables.factor = &self.energies.bin_factor[0, 0]
        self.tables.loose, self.tables.bin_shift = LOOSE, self.energies.bin_shift
        self.tables.has_many, self.tables.is_plain = False, self.is_plain or not KMC_HAS_AVX2
        self.tables.follow = kmc_loops_for(&self.tables)

    def ask_plainly(self):
        """Do without AVX2, as other machines do: the same trajectory."""
        self.is_plain = self.tables.is_plain = True
        self.tables.follow = kmc_loops_for(&self.tables)

    def _find_laned(self):
        """Know for which rules lanes are near enough at this temperature: what they do not know is drawn in vain."""
        cdef int rule, process
        cdef double missed
        self.is_laned = np.zeros(self.terms.shape[0], dtype=np.uint8)
        for rule in range(self.terms.shape[0]):
            process = self.rule_process[rule]
            missed = ((<int64_t> 1 << self.energies.bin_shift) + 2 * self.terms[rule, ERROR]) * 1e-9 * (
                <int64_t> 1 << self.energies.lane_shift)
            self.is_laned[rule] = (self.terms[rule, KIND] != GENERAL_RULE and
                                   missed * self.energies.steepest(process) <= MOST_MISSED * self.energies.thermal)

    cdef void follow(self, site_t site, rule_t rule, site_t* changed, species_t* old, int n, site_t* reclassified,
                     int64_t n_reclassified) noexcept nogil:
        """Bring lanes up to date, and the lists of all sites whose rates an event at a site can have changed."""
        cdef int64_t i
        cdef kmc_event* event = self.energies.event_of(site, rule, changed, old, n)
        cdef kmc_asked* asked = <kmc_asked*> &self.asked[0, 0]
        self.tables.bound = &self.groups.bound[0]
        n = self.tables.follow(&self.tables, event, asked)
        for i in range(n):
            if asked[i].sum < 0.0:
                look(self, asked[i].site)
            else:
                self._move(asked[i].site, asked[i].is_slow, asked[i].sum)
        for i in range(n_reclassified):
            self.rate_site(reclassified[i])

    cdef void rate_site(self, site_t site) noexcept nogil:
        """The list of a site by its propensity."""
        look(self, site)

    cdef void _rate(self, site_t site, kmc_class* known) noexcept nogil:
        """The list of a site. It is to be noted then."""
        cdef kmc_site* this = self.at(site)
        cdef int32_t before = this.group, after = -1
        cdef bint is_slow = False
        cdef double total = -1.0
        if known.n and before >= 0 and not this.is_slow:
            total = sum_above(self, site, known)
            if self.groups.bound[before] * LOOSE <= total <= self.groups.bound[before]:
                return                # a fast one stays while it can
        if known.n:
            is_slow = keeps(self, site, known)
            if total < 0.0 and not is_slow:
                total = sum_above(self, site, known)
            after = self.slow_group if is_slow else self.groups.group_for(kmc_power_above(total))
        this.is_slow = is_slow
        if before != after:
            self._relist(site, before, after)

    cdef inline void _move(self, site_t site, bint is_slow, double total) noexcept nogil:
        """The list of a noted site that is slow or whose sum of rate constants is known from above."""
        cdef kmc_site* this = self.at(site)
        cdef int32_t before = this.group, after
        this.is_slow = is_slow
        this.note = (this.note & ~KMC_STATES) + (KMC_FAST << is_slow)
        after = self.groups.group_of_bound(kmc_either(is_slow, self.floor[0], kmc_power_above(total)))
        if before != after:
            self._relist(site, before, after)

    cdef void _relist(self, site_t site, int32_t before, int32_t after) noexcept nogil:
        if before >= 0:
            self.groups.remove(site, before)
        if after >= 0:
            self.groups.insert(site, after)
        self.at(site).group = <int16_t> after

    cdef void _set_thresholds(self, class_t c) noexcept nogil:
        """How the rules of a class are looked at, with the energy changes from which on each keeps to its part."""
        cdef int first = self.environments.first[c], size = self.environments.size[c], k
        cdef int n_lines = (size + KMC_AT_ONCE - 1) // KMC_AT_ONCE
        cdef kmc_class* known = self.known + c
        cdef bint is_told = size > 0
        known.first, known.n = first, size
        for k in range(first, first + size):
            is_told &= self.is_laned[self.environments.entry_rule[k]]
        if known.rated == 0:
            known.line = self.n_lines
            self.n_lines += n_lines
        for k in range(n_lines * KMC_AT_ONCE):
            self._set_rule(known, k)
        for k in range(n_lines):
            self._set_line(known, k)
        if n_lines > 1 and not self.tables.has_many:
            self.tables.has_many = True
            self.tables.follow = kmc_loops_for(&self.tables)
        is_told &= known.line * self.tables.line_size <= INT32_MAX
        known.note = <int32_t> (known.line * self.tables.line_size) if is_told else 0
        known.rated = self.version

    cdef void _set_rule(self, kmc_class* known, int k) noexcept nogil:
        """The k-th rule of a class; beyond the last one of no rate."""
        cdef kmc_rule* this = rule_of(self, known, k)
        cdef int entry = known.first + min(k, known.n - 1), part
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int32_t* terms = &self.terms[rule, 0]
        cdef double rate = self.environments.entry_rate[entry] if k < known.n else 0.0
        cdef int64_t threshold = ALWAYS_SLOW
        for part in range(2):
            this.lane[part] = <int16_t> terms[FIRST_LANE + 2 * part]
            this.sign[part] = <int16_t> terms[FIRST_LANE + 2 * part + 1] if k < known.n else 0
        this.rate, this.error = rate, <int16_t> terms[ERROR]
        this.factors = self.energies.factors_of[self.rule_process[rule]] + self.energies.n_bins // 2
        if rate > 0.0:
            threshold = 1 + this.error + (self.energies.threshold(
                self.rule_process[rule], self.floor[0] / known.n / rate) >> self.energies.lane_shift)
        this.threshold = <int16_t> min(max(threshold, <int64_t> ALWAYS_SLOW), <int64_t> NEVER_SLOW)

    cdef void _set_line(self, kmc_class* known, int number) noexcept nogil:
        """The next eight rules of a class side by side: bytes of their lanes are picked out of those of the site."""
        cdef kmc_line* line = <kmc_line*> &self.lines[known.line + number, 0]
        cdef kmc_rates* rates = <kmc_rates*> &self.rates[known.line + number, 0]
        cdef kmc_rule* rule = rule_of(self, known, number * KMC_AT_ONCE)
        cdef int k, part, lane, at
        line.n_lines, line.n = (known.n + KMC_AT_ONCE - 1) // KMC_AT_ONCE, known.n
        line.first = known.line * KMC_AT_ONCE
        for at in range(4 * self.tables.n_lanes):
            line.pick[at] = 128
        for k in range(KMC_AT_ONCE):
            line.threshold[k], rates.error[k] = rule[k].threshold, rule[k].error
            rates.rate[k], rates.factors[k] = rule[k].rate, rule[k].factors
            for part in range(2):
                line.sign[k][part] = rule[k].sign[part]
                lane = rule[k].lane[part]
                at = 4 * (lane // KMC_AT_ONCE * KMC_AT_ONCE + k) + 2 * part
                line.pick[at] = <uint8_t> (2 * (lane % KMC_AT_ONCE))
                line.pick[at + 1] = <uint8_t> (2 * (lane % KMC_AT_ONCE) + 1)

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
                if self.at(site).is_slow:
                    self.at(site).is_slow = 1 if self.at(site).group == self.slow_group else 2

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn by a bound, which `u` in [0, 1) chooses, or -1 if the candidate is refused, or
        -2 if the site has changed lists, or the lowest bound, then.

        Each rule has a part of the bound that is no smaller than its rate constant; within it, that one decides.
        """
        cdef kmc_site* this = self.at(site)
        cdef kmc_class* known = self.known + self.groups.class_at(site)
        cdef rule_t rule
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor(self.groups.total() / self.state.n_sites * max(self.floor[1], 1.0) / FLOOR_CANDIDATES)
            rule = self.choose(site, u, bound)
            return rule if rule >= 0 else -2
        if this.note == KMC_UNNOTED:  # others say that thresholds are known
            rated_class(self, site)
        if this.is_slow:
            return choose_slow(self, site, known, u, bound)
        return choose_fast(self, site, known, u * bound, bound)

    def start_floor(self):
        """Set the lowest bound by the mean propensity; all is rated afresh then."""
        cdef site_t site
        cdef double total = 0.0
        self.forget_thresholds()
        self.group_of[:], self.is_slow[:] = -1, 0
        for site in range(self.state.n_sites):
            total += sum_above(self, site, self.known + rated_class(self, site))
        self.floor[0] = 0.0
        self.find_slow_group()
        self._set_floor(total / max(self.state.n_sites, 1))

    cpdef void find_slow_group(self) noexcept nogil:
        """Know the list of the lowest bound, which has become another one or is of a snapshot."""
        self.version += 1
        self.forget_notes()
        self.slow_group = self.groups.group_for(self.floor[0])
        self.groups.lead(self.slow_group)

    cdef void forget_notes(self) noexcept nogil:
        """Let all sites be looked at."""
        cdef site_t site
        for site in range(self.state.n_sites):
            self.at(site).note = KMC_UNNOTED


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


cdef inline rule_t choose_slow(SiteRates self, site_t site, kmc_class* known, double u, double bound) noexcept nogil:
    """`choose` for a slow site, whose rules have equal parts of the bound."""
    cdef double part = u * known.n
    cdef int k = min(<int> part, known.n - 1)
    cdef rule_t rule = tried(self, known, k, (part - k) * bound, known.n, site)
    if rule < 0 and self.at(site).is_slow == 2:  # the lowest bound has changed
        look(self, site)
        return -2
    return rule


cdef inline rule_t choose_fast(SiteRates self, site_t site, kmc_class* known, double u, double bound) noexcept nogil:
    """`choose` for a fast site, whose list its rates from above have kept to since they changed last."""
    cdef double above, total = 0.0
    cdef int k
    for k in range(known.n):
        above = rate_above(self, known, k, site)
        if u < total + above:
            return tried(self, known, k, u - total, 1.0, site)
        total += above
    return -1

# SPDX-License-Identifier: BSD-3-Clause
"""Rates that follow the energies of neighbours, and lists of sites that need not follow every one of them.

About the algorithm
-------------------
A site stands in a list by an upper bound of its propensity, and what is drawn from the list in vain is refused
(thinning), so that only the bound has to be right at all times. Three things keep it so without rating every site that
an event touches. Energies of single sites are followed exactly, but the sites whose rates they enter are told only when
an energy leaves its window. What the sites of one rule share among each other falls by a known amount at most. Both use
up slack, the fall of energy changes that the bound of a site still allows; without slack a site is rated again. And the
slow ones among the sites share one low list, whose bound leaves them the more slack the slower they are.
"""
import numpy as np

from kmc_core.touched import roles, touched_sites

from kmc_core.energies cimport MAX_BLOCKS, kmc_log2_above, kmc_log2_below
from kmc_core.state cimport MAX_POSITIONS
from libc.math cimport M_LN2, frexp, ldexp
from libc.string cimport memcpy

cdef enum:
    MAX_CHANGES = 16                  # sites that one event may change
    FLOOR_CANDIDATES = 1000           # candidates after which the lowest bound is set anew
    AS_IT_IS = 0                      # energies as they are; or with what their leeways allow:
    NARROW = 1                        # windows that an energy keeps at most when a site is drawn in vain
    WIDE = 2                          # and when it is rated again because its surroundings changed
    UNTOUCHED = -1                    # leeways as they are
cdef double LOOSE = 0.25              # a site so far below its bound is listed anew when it is drawn
cdef double LEVEL = 1e-9              # lines less steep than this are as good as level
cdef int64_t NEVER = 1 << 60          # leeway of an energy that no rate has asked for [quanta]


cdef class SiteRates:
    """Propensities of all sites.

    Parameters
    ----------
    interactions : kmc_core.Interactions
    rules : kmc_core.Rules
    state : LatticeState
    energies : SiteEnergies
    shape, periodic : of the box
    """

    def __init__(self, interactions, rules, LatticeState state, SiteEnergies energies, shape, periodic):
        offsets, self.touched_ptr, self.touched, self.drift, most = touched_sites(interactions, rules)
        self.state, self.energies = state, energies
        self.noticing = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, offsets, rules.n_species)
        self.noticing.species = state.species
        position, self.follows = roles(interactions, rules, np.asarray(energies.centre_of))
        self.role_position = np.append(np.asarray(state.opposite), -1)[position].astype(np.int32)
        self.slack = np.zeros(state.n_sites, dtype=np.float32)
        self.group_of = np.full(state.n_sites, -1, dtype=np.int16)
        self.floor = np.zeros(3)
        self.most = min(most + len(offsets) + 1, state.n_sites)
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
                self.energies.leeway(changed[k])[c] = self.energies.window[species, c]
        for k in range(self.energies.n_crossed):
            self._tell_anchors(self.energies.crossed[k])
        self.energies.n_crossed = 0
        self.noticing.locate(site)
        for i in range(self.touched_ptr[rule], self.touched_ptr[rule + 1]):
            other = self.noticing.at(self.touched[i])
            drift = self.drift[i, self.state.species[other]]
            if drift != 0.0:
                use_slack(self, other, drift)
        for i in range(n_reclassified):
            self.slack[reclassified[i]] = -1.0
        for i in range(n_reclassified):
            if self.slack[reclassified[i]] < 0.0:
                self.rate_site(reclassified[i], WIDE)
        for i in range(self.n_dubious):
            if self.slack[self.dubious[i]] < 0.0:
                self.rate_site(self.dubious[i], WIDE)
        self.n_dubious = 0

    cdef void _tell_anchors(self, site_t site) noexcept nogil:
        """Open the windows of energies anew that have left them; sites that follow them lose slack."""
        cdef species_t species = self.state.species[site]
        cdef int64_t* leeway = self.energies.leeway(site)
        cdef int c, r
        cdef float moved
        cdef site_t anchor
        self.state.locate(site)
        for c in range(self.energies.n_centres):
            if leeway[c] >= 0:
                continue
            moved = <float> ((self.energies.window[species, c] - leeway[c]) * 1.000001e-9)
            leeway[c] = self.energies.window[species, c]
            for r in range(self.role_position.shape[0]):
                anchor = self.state.at(self.role_position[r])
                if self.follows[species, c, r, self.state.species[anchor]]:
                    use_slack(self, anchor, moved)

    cdef void _set_floor(self) noexcept nogil:
        """Let the lowest bound in use follow the mean propensity.

        The bound of a site that is much slower than most may be far too high at little cost: it is drawn rarely.
        """
        cdef int exponent
        cdef double accepted = max(self.floor[1], 1.0) / FLOOR_CANDIDATES
        frexp(self.groups.total() / self.state.n_sites * accepted, &exponent)
        self.floor[0], self.floor[1], self.floor[2] = ldexp(1.0, exponent), 0.0, FLOOR_CANDIDATES

    cdef void rate_site(self, site_t site, int64_t windows) noexcept nogil:
        """Propensity of a site from above, with energies at the far ends of so many windows, and the list for it."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry, exponent
        cdef int32_t before = self.group_of[site], after = -1
        cdef double total = 0.0, bound = 0.0, slope = 0.0, steepest = LEVEL
        self.slack[site] = 0.0
        if self.environments.size[c] > 0:
            self.state.neighbours(site, around)
            for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
                total += rate_above(self, entry, site, around, windows, &slope)
                steepest = max(steepest, slope)
            if total > 0.0:
                frexp(total, &exponent)
                bound = max(ldexp(1.0, exponent), self.floor[0])
                # barriers follow less steeply where energy changes are lower, so the steepest line now is the steepest
                self.slack[site] = <float> max(0.0, self.energies.thermal * M_LN2 * 0.999999 / steepest
                                               * (kmc_log2_below(bound) - kmc_log2_above(total)))
            after = self.groups.group_for(bound)
        if before != after:
            if before >= 0:
                self.groups.remove(site, before)
            if after >= 0:
                self.groups.insert(site, after)
            self.group_of[site] = <int16_t> after

    cdef rule_t choose(self, site_t site, double u, double bound) noexcept nogil:
        """Rule of a site that was drawn, `u` in [0, bound), or -1 if the candidate is refused.

        Each rule has a part of the bound that is its rate constant from above; within it, the exact one decides.
        """
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef int entry
        cdef double above, slope, total = 0.0
        self.floor[2] -= 1
        if self.floor[2] <= 0:
            self._set_floor()
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            above = rate_above(self, entry, site, around, AS_IT_IS, &slope)
            if u < total + above:
                if u >= total + self.rate_of(entry, site, around):
                    return -1
                self.floor[1] += 1
                return self.environments.entry_rule[entry]
            total += above
        if total < bound * LOOSE and bound > self.floor[0]:  # its surroundings have changed for the slower
            self.rate_site(site, NARROW)
        return -1

    cdef double rate_of(self, int entry, site_t site, site_t* around) noexcept nogil:
        """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
        cdef rule_t rule = self.environments.entry_rule[entry]
        cdef int process = self.rule_process[rule]
        if not self.energies.notices(process):
            return self.environments.entry_rate[entry]
        return self.environments.entry_rate[entry] * self.energies.factor(
            process, energy_change(self, rule, site, around, AS_IT_IS))

    def worst_at(self, site_t site):
        """What the rate constants of a site can come to before it is looked at again, summed [1/s]."""
        cdef site_t around[MAX_POSITIONS]
        cdef class_t c = self.class_of[site]
        cdef rule_t rule
        cdef int entry
        cdef double total = 0.0, factor
        cdef int64_t slack = <int64_t> min(self.slack[site] * 1e9, 1e17)
        self.state.neighbours(site, around)
        for entry in range(self.environments.first[c], self.environments.first[c] + self.environments.size[c]):
            rule, factor = self.environments.entry_rule[entry], 1.0
            if self.energies.notices(self.rule_process[rule]):
                factor = self.energies.factor(self.rule_process[rule],
                                              energy_change(self, rule, site, around, UNTOUCHED) - slack)
            total += self.environments.entry_rate[entry] * factor
        return total

    def forget(self):
        """Forget lists, windows and the lowest bound: the next ratings start afresh."""
        self.group_of[:] = -1
        np.asarray(self.energies.held)[:, 1] = NEVER
        self.floor[:] = 0.0
        self.n_dubious = 0

    def find_floor(self):
        """Set the lowest bound by what is listed."""
        self.floor[1] = FLOOR_CANDIDATES
        if self.state.n_sites:
            self._set_floor()


cdef inline void use_slack(SiteRates self, site_t site, float drift) noexcept nogil:
    """Note that energy changes at a site may have fallen."""
    cdef float before = self.slack[site], after = before - drift
    self.slack[site] = after
    if after < 0.0 and before >= 0.0:
        self.dubious[self.n_dubious] = site
        self.n_dubious += 1


cdef inline double rate_above(SiteRates self, int entry, site_t site, site_t* around, int64_t windows,
                              double* slope) noexcept nogil:
    """Rate constant of an entry from above [1/s], and how steeply its barrier follows energies."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int process = self.rule_process[rule]
    slope[0] = 0.0
    if not self.energies.notices(process):
        return self.environments.entry_rate[entry]
    return self.environments.entry_rate[entry] * self.energies.factor_above(
        process, energy_change(self, rule, site, around, windows), slope)


cdef inline int64_t energy_change(SiteRates self, rule_t rule, site_t site, site_t* around,
                                  int64_t windows) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta].

    Site after site: each sees those before it changed already. With windows: the lowest that it can become before the
    site is told, leeways cut down to so many windows.
    """
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
            change += self.energies.energy(place)[comes] - self.energies.lost(place, comes, old[k], windows)
        if goes >= 0:
            change -= self.energies.energy(place)[goes] + self.energies.lost(place, goes, old[k], windows)
        if k > 0:
            change += shared(self, first, k, place, old, comes, goes)
    return change


cdef inline int64_t shared(SiteRates self, int first, int k, site_t place, species_t* old, int32_t comes,
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

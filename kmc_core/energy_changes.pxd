# SPDX-License-Identifier: BSD-3-Clause
"""Energy changes of rules, and their rates: functions that the compiler writes into the loops of `site_rates`."""
from kmc_core.energies cimport MAX_BLOCKS
from kmc_core.kernels cimport KMC_AT_ONCE, kmc_class, kmc_is_below, kmc_lanes_at, kmc_nearly, kmc_rate, kmc_rule
from kmc_core.site_rates cimport MAX_CHANGES, SiteRates
from kmc_core.typedefs cimport int32_t, int64_t, rule_t, site_t, species_t
from libc.string cimport memcpy

cdef inline int32_t* steps_around(SiteRates self, site_t site) noexcept nogil:
    """Steps to the neighbours of a site, to itself at -1."""
    return &self.step[0] + 1 + self.kind[site] * (self.state.n_positions + 1)


cdef inline int64_t change_of(SiteRates self, rule_t rule, site_t site) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta]: one site after the other, each sees those before
    it changed."""
    cdef int first = self.change_ptr[rule], n = self.change_ptr[rule + 1] - first, k
    cdef species_t old[MAX_CHANGES]
    cdef int32_t* step = steps_around(self, site)
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
            change += self.energies.energy(place, comes)
        if goes >= 0:
            change -= self.energies.energy(place, goes)
        if k > 0:
            change += shared_by(self, first, k, place, old, comes, goes)
    return change


cdef inline int64_t shared_by(SiteRates self, int first, int k, site_t place, species_t* old, int32_t comes,
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


cdef inline kmc_rule* rule_of(SiteRates self, kmc_class* known, int k) noexcept nogil:
    """The k-th rule of a class that has been rated."""
    return self.rule + known.line * KMC_AT_ONCE + k


cdef inline int nearly(SiteRates self, kmc_rule* rule, site_t site) noexcept nogil:
    """Energy change of a rule of lanes [units], no further from it than `Lanes` says."""
    return kmc_nearly(rule, kmc_lanes_at(&self.tables, site))


cdef inline double rate_of(SiteRates self, int entry, site_t site) noexcept nogil:
    """Rate constant of an entry [1/s]."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int process = self.rule_process[rule]
    cdef double rate = self.environments.entry_rate[entry]
    if rate == 0.0 or not self.energies.notices(process):
        return rate
    return rate * self.energies.factor(process, change_of(self, rule, site))


cdef inline double rate_above(SiteRates self, kmc_class* known, int k, site_t site) noexcept nogil:
    """Rate constant of a rule of a class from above [1/s]."""
    cdef kmc_rule* rule = rule_of(self, known, k)
    if not known.note and not self.is_laned[self.environments.entry_rule[known.first + k]]:
        return rate_of(self, known.first + k, site)
    return kmc_rate(rule, nearly(self, rule, site) - rule.error, self.tables.factor, self.tables.bin_shift)


cdef inline bint is_below(SiteRates self, double u, double n, kmc_class* known, int k, site_t site) noexcept nogil:
    """Whether a number is below n times the rate constant of a rule of a class; its lanes tell nearly always."""
    cdef int told = -1
    if known.note or self.is_laned[self.environments.entry_rule[known.first + k]]:
        told = kmc_is_below(&self.tables, rule_of(self, known, k), kmc_lanes_at(&self.tables, site), u, n)
    return told if told >= 0 else u < n * rate_of(self, known.first + k, site)

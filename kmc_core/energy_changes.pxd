# SPDX-License-Identifier: BSD-3-Clause
"""Energy changes of rules, and their rates: functions that the compiler writes into the loops of `site_rates`."""
from kmc_core.energies cimport MAX_BLOCKS
from kmc_core.kernels cimport kmc_class, kmc_four, kmc_nearly, kmc_rate, kmc_rates
from kmc_core.site_rates cimport MAX_CHANGES, N_TERMS, SiteRates
from kmc_core.typedefs cimport int32_t, int64_t, rule_t, site_t, species_t
from libc.string cimport memcpy

cdef inline int32_t* steps_around(SiteRates self, site_t site) noexcept nogil:
    """Steps to the neighbours of a site, to itself at -1."""
    return &self.step[0] + 1 + self.kind[site] * (self.state.n_positions + 1)


cdef inline int64_t change_of(SiteRates self, rule_t rule, site_t site, int32_t* step) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta]: one site after the other, each sees those before
    it changed."""
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


cdef inline int nearly(SiteRates self, kmc_four* four, int k, rule_t rule, site_t site, int32_t* step,
                       bint inner) noexcept nogil:
    """Energy change of a rule of lanes [units], no further from it than `Lanes` says; it is one of four."""
    cdef int32_t* term
    if inner:
        return kmc_nearly(four, k, &self.energies.lane[site, 0])
    term = &self.terms[0, 0] + N_TERMS * <int64_t> rule
    return (term[3] * self.energies.lane[site + <site_t> step[term[1]], term[2]]
            + term[6] * self.energies.lane[site + <site_t> step[term[4]], term[5]])


cdef inline double rate_of(SiteRates self, int entry, site_t site, int32_t* step) noexcept nogil:
    """Rate constant of an entry [1/s]."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int process = self.rule_process[rule]
    cdef double rate = self.environments.entry_rate[entry]
    if rate == 0.0 or not self.energies.notices(process):
        return rate
    return rate * self.energies.factor(process, change_of(self, rule, site, step))


cdef inline double rate_above(SiteRates self, kmc_class* known, int k, site_t site, int32_t* step,
                              bint inner) noexcept nogil:
    """Rate constant of a rule of a class from above [1/s]."""
    cdef int entry = known.first + k, slot = self.slot[entry]
    cdef kmc_four* four = self.four + (slot >> 2)
    cdef rule_t rule = self.environments.entry_rule[entry]
    if not self.is_laned[rule]:
        return rate_of(self, entry, site, step)
    return kmc_rate(self.tables.rates + (slot >> 2), slot & 3,
                    nearly(self, four, slot & 3, rule, site, step, inner) - four.error[slot & 3], self.tables.factor,
                    self.tables.bin_shift)


cdef inline bint is_below(SiteRates self, double u, kmc_class* known, int k, site_t site, int32_t* step,
                          bint inner) noexcept nogil:
    """Whether a number is below the rate constant of a rule of a class; its lanes tell nearly always."""
    cdef int entry = known.first + k, slot = self.slot[entry], place = slot & 3, bin
    cdef kmc_four* four = self.four + (slot >> 2)
    cdef const kmc_rates* rates = self.tables.rates + (slot >> 2)
    cdef rule_t rule = self.environments.entry_rule[entry]
    if self.is_laned[rule]:
        bin = ((nearly(self, four, place, rule, site, step, inner) + four.error[place] + 32768)
               >> self.tables.bin_shift) + 1
        if bin < self.energies.n_bins and u < rates.rate[place] * (1.0 - 1e-11) * self.tables.factor[
                rates.factors[place] + bin]:
            return True
    return u < rate_of(self, entry, site, step)

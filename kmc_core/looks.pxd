# SPDX-License-Identifier: BSD-3-Clause
"""Looking at a site: whether it keeps to the bound by which it is listed, and which of its rules was drawn."""
from kmc_core.energy_changes cimport is_below, nearly, rate_above, rate_of, steps_around
from kmc_core.kernels cimport kmc_class, kmc_four, kmc_outgrown, kmc_sum
from kmc_core.site_rates cimport SiteRates
from kmc_core.typedefs cimport class_t, int32_t, rule_t, site_t

cdef inline class_t rated_class(SiteRates self, site_t site) noexcept nogil:
    """Class of a site, whose thresholds are worked out if need be."""
    cdef class_t c = self.groups.class_at(site)
    if self.known[c].rated != self.version:
        self._set_thresholds(c)
    return c


cdef inline void look(SiteRates self, site_t site, double total) noexcept nogil:
    """List a site where it belongs, and note how to look at it from now on.

    If it is fast, its rate constants add up to `total` from above [1/s]; -1 = that is not known.
    """
    cdef class_t c = rated_class(self, site)
    cdef int32_t* step = steps_around(self, site)
    self._rate(site, self.known + c, step, step == &self.step[0] + 1, total)
    note_class(self, site, c)


cdef inline void follow_class(SiteRates self, site_t site, class_t c) noexcept nogil:
    """Let the note of a site follow its class; one that has to be looked at stays so."""
    if self.energies.note_of(site):
        note_class(self, site, c)


cdef inline void note_class(SiteRates self, site_t site, class_t c) noexcept nogil:
    """Note how to look at a listed site of a class, by its lanes if these tell."""
    cdef kmc_class* known = self.known + c
    cdef bint is_told = known.rated == self.version and self.kind[site] == 0 and self.is_slow[site] < 2
    self.energies.note(site, known.note + self.is_slow[site] if is_told and known.note else 0)


cdef inline bint keeps(SiteRates self, site_t site, kmc_class* known, int32_t* step, bint inner) noexcept nogil:
    """Whether all rules of a site keep to their parts of the lowest bound."""
    cdef int k
    if inner and known.note:
        return kmc_outgrown(self.four + known.first_four, known.n_fours, &self.energies.lane[site, 0]) == 0
    for k in range(known.n):
        if is_fast(self, known, k, site, step, inner):
            return False
    return True


cdef inline bint is_fast(SiteRates self, kmc_class* known, int k, site_t site, int32_t* step,
                         bint inner) noexcept nogil:
    """Whether a rule of a class may have more than its part of the lowest bound."""
    cdef int entry = known.first + k, slot = self.slot[entry]
    cdef kmc_four* four = self.four + (slot >> 2)
    cdef rule_t rule = self.environments.entry_rule[entry]
    if not self.is_laned[rule]:
        return rate_of(self, entry, site, step) > self.floor[0] / known.n
    return nearly(self, four, slot & 3, rule, site, step, inner) < four.threshold[slot & 3]


cdef inline double sum_above(SiteRates self, site_t site, kmc_class* known, int32_t* step, bint inner) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s]."""
    cdef double total = 0.0
    cdef int k
    if inner and known.note:
        return kmc_sum(self.four + known.first_four, self.tables.rates + known.first_four, known.n_fours,
                       &self.energies.lane[site, 0], self.tables.factor, self.tables.bin_shift)
    for k in range(known.n):
        total += rate_above(self, known, k, site, step, inner)
    return total


cdef inline rule_t tried(SiteRates self, kmc_class* known, int k, double u, site_t site, int32_t* step,
                         bint inner) noexcept nogil:
    """A rule of a class if a number is below its rate constant, or else -1."""
    if not is_below(self, u, known, k, site, step, inner):
        return -1
    self.floor[1] += 1
    return self.environments.entry_rule[known.first + k]

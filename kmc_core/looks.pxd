# SPDX-License-Identifier: BSD-3-Clause
"""Looking at a site: whether it keeps to the bound by which it is listed, and which of its rules was drawn."""
from kmc_core.energy_changes cimport is_below, nearly, rate_above, rate_of, rule_of
from kmc_core.kernels cimport (KMC_FAST, KMC_SLOW, KMC_STATES, KMC_UNNOTED, kmc_class, kmc_lanes_at, kmc_outgrown,
                               kmc_site, kmc_sum)
from kmc_core.site_rates cimport SiteRates
from kmc_core.typedefs cimport class_t, rule_t, site_t

cdef inline class_t rated_class(SiteRates self, site_t site) noexcept nogil:
    """Class of a site, whose thresholds are worked out if need be."""
    cdef class_t c = self.groups.class_at(site)
    if self.known[c].rated != self.version:
        self._set_thresholds(c)
    return c


cdef inline void look(SiteRates self, site_t site) noexcept nogil:
    """List a site where it belongs, and note how to look at it from now on."""
    cdef class_t c = rated_class(self, site)
    cdef kmc_class* known = self.known + c
    cdef kmc_site* this = self.at(site)
    self._rate(site, known)
    this.note = known.note + (KMC_SLOW if this.is_slow else KMC_FAST) if known.note else KMC_UNNOTED


cdef inline void follow_class(SiteRates self, site_t site, class_t c) noexcept nogil:
    """Let the note of a site follow its class; one that has to be looked at stays so."""
    cdef kmc_class* known = self.known + c
    cdef kmc_site* this = self.at(site)
    if this.note != KMC_UNNOTED:
        this.note = (known.note + (this.note & KMC_STATES) if known.rated == self.version and known.note
                     else KMC_UNNOTED)


cdef inline bint keeps(SiteRates self, site_t site, kmc_class* known) noexcept nogil:
    """Whether all rules of a site keep to their parts of the lowest bound."""
    cdef int k
    if known.note:
        return not kmc_outgrown(rule_of(self, known, 0), known.n, kmc_lanes_at(&self.tables, site))
    for k in range(known.n):
        if is_fast(self, known, k, site):
            return False
    return True


cdef inline bint is_fast(SiteRates self, kmc_class* known, int k, site_t site) noexcept nogil:
    """Whether a rule of a class may have more than its part of the lowest bound."""
    cdef int entry = known.first + k
    if not self.is_laned[self.environments.entry_rule[entry]]:
        return rate_of(self, entry, site) > self.floor[0] / known.n
    return nearly(self, rule_of(self, known, k), site) < rule_of(self, known, k).threshold


cdef inline double sum_above(SiteRates self, site_t site, kmc_class* known) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s]."""
    cdef double total = 0.0
    cdef int k
    if known.note:
        return kmc_sum(rule_of(self, known, 0), known.n, kmc_lanes_at(&self.tables, site), self.tables.factor,
                       self.tables.bin_shift)
    for k in range(known.n):
        total += rate_above(self, known, k, site)
    return total


cdef inline rule_t tried(SiteRates self, kmc_class* known, int k, double u, double n, site_t site) noexcept nogil:
    """A rule of a class if a number is below n times its rate constant, or else -1."""
    if not is_below(self, u, n, known, k, site):
        return -1
    self.floor[1] += 1
    return self.environments.entry_rule[known.first + k]

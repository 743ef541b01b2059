# SPDX-License-Identifier: BSD-3-Clause
"""What `verify` asks of the rates of a site: each of them by itself, exactly, and against its bounds."""
from kmc_core.energy_changes cimport change_of, is_below, nearly, rate_above, rate_of, rule_of
from kmc_core.kernels cimport KMC_FAST, KMC_SLOW, KMC_UNNOTED, kmc_class, kmc_rule, kmc_site
from kmc_core.looks cimport is_fast, keeps, rated_class, sum_above
from kmc_core.site_rates cimport ALWAYS_SLOW, NEVER_SLOW, SiteRates
from kmc_core.typedefs cimport class_t, int64_t, rule_t, site_t
from libc.math cimport fabs


cdef double rate_at(SiteRates self, int entry, site_t site) noexcept nogil:
    """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
    return rate_of(self, entry, site)


cdef double part_of(SiteRates self, int entry, site_t site, double bound) noexcept nogil:
    """Part of the bound of its list that an entry of a site's class has there [1/s]."""
    cdef kmc_class* known = self.known + rated_class(self, site)
    if self.at(site).is_slow:
        return bound / known.n
    return rate_above(self, known, entry - known.first, site)


cdef int64_t excess_of(SiteRates self, int entry, site_t site) noexcept nogil:
    """How much further lanes are from an energy change than they say, at most 0 [quanta]."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int shift = self.energies.lane_shift
    cdef int64_t change
    cdef kmc_class* known
    cdef kmc_rule* this
    if not self.is_laned[rule] or not self.energies.notices(self.rule_process[rule]):
        return 0
    known = self.known + rated_class(self, site)
    this = rule_of(self, known, entry - known.first)
    change = nearly(self, this, site) * (<int64_t> 1 << shift) - change_of(self, rule, site)
    return (change if change > 0 else -change) - (<int64_t> this.error << shift)


cdef bint accepts(SiteRates self, int entry, site_t site, double u) noexcept nogil:
    """Whether a number is below the rate constant of a rule."""
    cdef kmc_class* known = self.known + rated_class(self, site)
    return is_below(self, u, 1.0, known, entry - known.first, site)


cdef bint is_noted(SiteRates self, site_t site) noexcept nogil:
    """Whether a site's note, unless it has to be looked at, is that of its class and list."""
    cdef kmc_site* this = self.at(site)
    cdef kmc_class* known = self.known + self.groups.class_at(site)
    return this.note == KMC_UNNOTED or (known.rated == self.version and known.note and this.is_slow < 2 and this.group >= 0
                              and this.note == known.note + (KMC_SLOW if this.is_slow else KMC_FAST))


cdef bint is_threshold_safe(SiteRates self, int entry, site_t site) noexcept nogil:
    """Whether a rule keeps to its part of the lowest bound wherever its lanes say so."""
    cdef class_t c = rated_class(self, site)
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef kmc_class* known = self.known + c
    cdef kmc_rule* this = rule_of(self, known, entry - known.first)
    cdef int64_t least = this.threshold - this.error
    if not self.is_laned[rule] or not ALWAYS_SLOW < this.threshold < NEVER_SLOW:
        return True
    return self.environments.entry_rate[entry] * self.energies.factor(
        self.rule_process[rule], least * (<int64_t> 1 << self.energies.lane_shift)) <= (
        self.floor[0] / known.n * (1.0 + 1e-12))


cdef bint is_consistent(SiteRates self, site_t site) noexcept nogil:
    """Whether a site's rules say the same together as each by itself."""
    cdef kmc_class* known = self.known + rated_class(self, site)
    cdef double total = 0.0
    cdef bint is_slow = True
    cdef int k
    for k in range(known.n):
        total += rate_above(self, known, k, site)
        is_slow &= not is_fast(self, known, k, site)
    return is_slow == keeps(self, site, known) and fabs(total - sum_above(self, site, known)) <= 1e-12 * total

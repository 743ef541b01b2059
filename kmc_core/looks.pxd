# SPDX-License-Identifier: BSD-3-Clause
"""Looking at a site: whether it keeps to the bound by which it is listed, and which of its rules was drawn."""
from kmc_core.energy_changes cimport is_below, nearly, rate_above
from kmc_core.kernels cimport kmc_class, kmc_keeps, kmc_sum
from kmc_core.site_rates cimport SiteRates
from kmc_core.typedefs cimport class_t, int32_t, int64_t, rule_t, site_t

cdef inline class_t rated_class(SiteRates self, site_t site) noexcept nogil:
    """Class of a site, whose thresholds are worked out if need be."""
    cdef class_t c = self.groups.class_at(site)
    if self.known[c].rated != self.version:
        self._set_thresholds(c)
    return c


cdef inline void look(SiteRates self, site_t site, int32_t* step, bint inner) noexcept nogil:
    """List a site where it belongs. Most stay in the list of the slow ones."""
    cdef class_t c = rated_class(self, site)
    if self.is_slow[site] != 1 or self.known[c].n == 0 or not keeps(self, site, c, step, inner):
        self._rate(site, c, step, inner)


cdef inline bint keeps(SiteRates self, site_t site, class_t c, int32_t* step, bint inner) noexcept nogil:
    """Whether all rules of a site keep to their parts of the lowest bound."""
    cdef kmc_class* known = self.known + c
    cdef int k
    if inner and known.n_checks:
        return kmc_keeps(&self.tables, known, site)
    for k in range(known.n):
        if is_fast(self, known, k, nearly(self, self.environments.entry_rule[known.first + k], site, step, inner)):
            return False
    return True


cdef inline bint is_fast(SiteRates self, kmc_class* known, int k, int64_t change) noexcept nogil:
    """Whether a rule of a class has more than its part of the lowest bound, by its energy change nearly [units]."""
    return change < self.check[known.first_check + k].threshold


cdef inline double sum_above(SiteRates self, site_t site, class_t c, int32_t* step, bint inner,
                             bint* is_slow) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s], and whether all keep to their parts of the lowest bound."""
    cdef double total = -1.0
    cdef int64_t change
    cdef int k, found
    cdef kmc_class* known = self.known + c
    if inner and known.n_checks:
        total = kmc_sum(&self.tables, known, site, &found)
        is_slow[0] = found
    if total >= 0.0:
        return total
    is_slow[0], total = True, 0.0
    for k in range(known.n):
        change = nearly(self, self.environments.entry_rule[known.first + k], site, step, inner)
        total += rate_above(self, known.first + k, change)
        is_slow[0] &= not is_fast(self, known, k, change)
    return total


cdef inline rule_t tried(SiteRates self, int entry, double u, int64_t change, site_t site, int32_t* step) noexcept nogil:
    """The rule of an entry if a number is below its rate constant, or else -1; its energy change is nearly that [units]."""
    if not is_below(self, u, entry, change, site, step):
        return -1
    self.floor[1] += 1
    return self.environments.entry_rule[entry]

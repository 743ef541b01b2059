# SPDX-License-Identifier: BSD-3-Clause
"""What `verify` asks of the rates of a site: each of them by itself, exactly, and against its bounds."""
from kmc_core.energy_changes cimport change_of, is_below, nearly, rate_above, rate_of, steps_around
from kmc_core.kernels cimport kmc_class, kmc_four
from kmc_core.looks cimport is_fast, keeps, rated_class, sum_above
from kmc_core.site_rates cimport ALWAYS_SLOW, NEVER_SLOW, SiteRates
from kmc_core.typedefs cimport class_t, int32_t, int64_t, rule_t, site_t
from libc.math cimport fabs


cdef double rate_at(SiteRates self, int entry, site_t site) noexcept nogil:
    """Rate constant of an entry of a site's class with the interactions of this site [1/s]."""
    return rate_of(self, entry, site, steps_around(self, site))


cdef double part_of(SiteRates self, int entry, site_t site, double bound) noexcept nogil:
    """Part of the bound of its list that an entry of a site's class has there [1/s]."""
    cdef int32_t* step = steps_around(self, site)
    cdef kmc_class* known = self.known + rated_class(self, site)
    if self.is_slow[site]:
        return bound / known.n
    return rate_above(self, known, entry - known.first, site, step, step == &self.step[0] + 1)


cdef int64_t excess_of(SiteRates self, int entry, site_t site) noexcept nogil:
    """How much further lanes are from an energy change than they say, at most 0 [quanta]."""
    cdef int32_t* step = steps_around(self, site)
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int slot, shift = self.energies.lane_shift
    cdef int64_t change
    if not self.is_laned[rule] or not self.energies.notices(self.rule_process[rule]):
        return 0
    rated_class(self, site)
    slot = self.slot[entry]
    change = nearly(self, self.four + (slot >> 2), slot & 3, rule, site, step, step == &self.step[0] + 1)
    change = change * (<int64_t> 1 << shift) - change_of(self, rule, site, step)
    return (change if change > 0 else -change) - (<int64_t> self.four[slot >> 2].error[slot & 3] << shift)


cdef bint accepts(SiteRates self, int entry, site_t site, double u) noexcept nogil:
    """Whether a number is below the rate constant of a rule."""
    cdef int32_t* step = steps_around(self, site)
    cdef kmc_class* known = self.known + rated_class(self, site)
    return is_below(self, u, known, entry - known.first, site, step, step == &self.step[0] + 1)


cdef bint is_noted(SiteRates self, site_t site) noexcept nogil:
    """Whether a site's note, unless it has to be looked at, is that of its class and list."""
    cdef int32_t note = self.energies.note_of(site)
    cdef kmc_class* known = self.known + self.groups.class_at(site)
    return note == 0 or (known.rated == self.version and known.note and note == known.note + self.is_slow[site]
                         and self.group_of[site] >= 0 and self.kind[site] == 0)


cdef bint is_threshold_safe(SiteRates self, int entry, site_t site) noexcept nogil:
    """Whether a rule keeps to its part of the lowest bound wherever its lanes say so."""
    cdef class_t c = rated_class(self, site)
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef kmc_four* four = self.four + (self.slot[entry] >> 2)
    cdef int k = self.slot[entry] & 3
    cdef int64_t least = four.threshold[k] - four.error[k]
    if not self.is_laned[rule] or not ALWAYS_SLOW < four.threshold[k] < NEVER_SLOW:
        return True
    return self.environments.entry_rate[entry] * self.energies.factor(
        self.rule_process[rule], least * (<int64_t> 1 << self.energies.lane_shift)) <= (
        self.floor[0] / self.known[c].n * (1.0 + 1e-12))


cdef bint is_consistent(SiteRates self, site_t site) noexcept nogil:
    """Whether a site's rules say the same together as each by itself."""
    cdef int32_t* step = steps_around(self, site)
    cdef kmc_class* known = self.known + rated_class(self, site)
    cdef double total = 0.0
    cdef bint is_slow = True
    cdef int k
    for k in range(known.n):
        total += rate_above(self, known, k, site, step, step == &self.step[0] + 1)
        is_slow &= not is_fast(self, known, k, site, step, step == &self.step[0] + 1)
    return (is_slow == keeps(self, site, known, step, step == &self.step[0] + 1)
            and fabs(total - sum_above(self, site, known, step, step == &self.step[0] + 1)) <= 1e-12 * total)

# SPDX-License-Identifier: BSD-3-Clause
"""Looking at a site: whether it keeps to the bound by which it is listed, and what slack it has then."""
from kmc_core.energy_changes cimport change_of, least_change, rate_above
from kmc_core.kernels cimport KMC_FAR, kmc_room, kmc_sum
from kmc_core.site_rates cimport MOST_SLACK, NO_SLACK, SiteRates
from kmc_core.typedefs cimport class_t, int16_t, int32_t, int64_t, rule_t, site_t

cdef inline bint is_bounded(SiteRates self, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Whether a site stands in the list of the slow ones and may stay there, or can do nothing and is in no list."""
    cdef class_t c = self.class_of[site]
    if self.group_of[site] == self.slow_group and self.is_slow[site]:
        return self.environments.size[c] > 0 and is_slow_enough(self, site, c, step, inner)
    if self.group_of[site] >= 0 or self.environments.size[c] > 0:
        return False
    self.slack[site] = MOST_SLACK
    return True


cdef inline void keep_slack(SiteRates self, site_t site, class_t c, int64_t room) noexcept nogil:
    """Keep how far the rules of a site are from their thresholds, unless one is not followed."""
    room >>= self.energies.fall_shift
    self.slack[site] = <int16_t> (min(room, <int64_t> MOST_SLACK) if self.has_slack[c] else NO_SLACK)


cdef inline void keep_band(SiteRates self, site_t site, class_t c, double bound, double total) noexcept nogil:
    """Keep by how much the energy changes of a fast site may fall before its rate constants outgrow the bound.

    They grow by exp(fall / give) at most; the logarithm of their room is above 2 (bound - total) / (bound + total).
    """
    cdef double room = 2.0 * (bound - total) / (bound + total) * self.give[c] - self.bin_units
    self.slack[site] = <int16_t> (min(room, <double> MOST_SLACK) if room >= 0.0 and self.has_slack[c] else NO_SLACK)


cdef inline bint is_slow_enough(SiteRates self, site_t site, class_t c, int32_t* step, bint inner) noexcept nogil:
    """Whether every rule of a site keeps to its part of the lowest bound."""
    cdef int64_t room, least = KMC_FAR
    cdef int k, first = self.environments.record[c].first, size = self.environments.size[c]
    if self.rated[c] != self.version:
        self._set_thresholds(c)
    if inner and self.has_slack[c]:
        least = kmc_room(&self.tables, self.entry + first, size, site)
        if least < 0:
            return False
    else:
        for k in range(first, first + size):
            room = least_change(self, k, site, step, inner) - self.entry[k].threshold
            if room < 0:
                return False
            least = min(least, room)
    keep_slack(self, site, c, least)
    return True


cdef inline double sum_above(SiteRates self, site_t site, class_t c, int32_t* step, bint inner,
                             int64_t* room) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s], and how far its rules are from their thresholds at least.

    What sites share is not looked at where a rule keeps to its part of the lowest bound anyway.
    """
    cdef int k, first = self.environments.record[c].first
    cdef int64_t change
    cdef double total = -1.0
    if self.rated[c] != self.version:
        self._set_thresholds(c)
    if inner and self.has_slack[c]:
        total = kmc_sum(&self.tables, self.entry + first, self.environments.size[c], site, room)
    if total >= 0.0:
        return total
    room[0], total = KMC_FAR, 0.0
    for k in range(first, first + self.environments.size[c]):
        change = least_change(self, k, site, step, inner) - self.entry[k].threshold
        total += rate_above(self, k, change + self.entry[k].threshold) if change < 0 else self.entry[k].top
        room[0] = min(room[0], change)
    return total


cdef inline double fast_part(SiteRates self, int k, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Rate constant of an entry of a fast site from above [1/s]; by its slack these do not outgrow the bound."""
    return rate_above(self, k, least_change(self, k, site, step, inner) if self.slack[site] >= 0 else
                      change_of(self, self.environments.entry_rule[k], site, step, inner))


cdef inline rule_t tried(SiteRates self, int entry, double u, site_t site, int32_t* step, bint inner) noexcept nogil:
    """The rule of an entry if a number is below its rate constant, or else -1."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int process = self.rule_process[rule]
    cdef double rate = self.environments.entry_rate[entry]
    if not (self.energies.is_below(u, rate, process, change_of(self, rule, site, step, inner))
            if self.energies.notices(process) else u < rate):
        return -1
    self.floor[1] += 1
    return rule

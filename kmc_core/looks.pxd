# SPDX-License-Identifier: BSD-3-Clause
"""Looking at a site: whether it keeps to the bound by which it is listed, and what slack it has then."""
from kmc_core.energy_changes cimport change_of, least_change, rate_above
from kmc_core.kernels cimport KMC_FAR, kmc_class, kmc_room, kmc_sum
from kmc_core.site_rates cimport MOST_SLACK, NO_SLACK, SiteRates
from kmc_core.typedefs cimport class_t, int16_t, int32_t, int64_t, rule_t, site_t

cdef inline class_t rated_class(SiteRates self, site_t site) noexcept nogil:
    """Class of a site, whose thresholds are worked out if need be."""
    cdef class_t c = self.groups.class_at(site)
    if self.known[c].rated != self.version:
        self._set_thresholds(c)
    return c


cdef inline void look(SiteRates self, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Keep the slack that a site has now, and list it where it belongs. Most stay in the list of the slow ones."""
    cdef class_t c = rated_class(self, site)
    cdef int64_t room
    if self.group_of[site] == self.slow_group and self.is_slow[site] and self.known[c].n > 0:
        room = room_above(self, site, c, step, inner)
        if room >= 0:
            keep_slack(self, site, c, room)
            return
    self._rate(site, c, step, inner)


cdef inline void keep_slack(SiteRates self, site_t site, class_t c, int64_t room) noexcept nogil:
    """Keep how far the rules of a site are from their thresholds, unless one is not followed."""
    room >>= self.energies.fall_shift
    self.slack[site] = <int16_t> (min(room, <int64_t> MOST_SLACK) if self.known[c].is_followed else NO_SLACK)


cdef inline void keep_band(SiteRates self, site_t site, class_t c, double bound, double total) noexcept nogil:
    """Keep by how much the energy changes of a fast site may fall before its rate constants outgrow the bound.

    They grow by exp(fall / give) at most; the logarithm of their room is above 2 (bound - total) / (bound + total).
    """
    cdef double room = 2.0 * (bound - total) / (bound + total) * self.known[c].give - self.bin_units
    self.slack[site] = <int16_t> (min(room, <double> MOST_SLACK) if room >= 0.0 and self.known[c].is_followed
                                  else NO_SLACK)


cdef inline int64_t room_above(SiteRates self, site_t site, class_t c, int32_t* step, bint inner) noexcept nogil:
    """How far the rules of a site are from their thresholds at least [quanta]; below 0 if one is too fast."""
    cdef int64_t room, least = KMC_FAR
    cdef int k
    cdef kmc_class* known = self.known + c
    if inner and known.is_followed:
        return kmc_room(&self.tables, self.entry + known.first, known.n, site)
    for k in range(known.first, known.first + known.n):
        room = least_change(self, k, site, step, inner) - self.entry[k].threshold
        if room < 0:
            return -1
        least = min(least, room)
    return least


cdef inline double sum_above(SiteRates self, site_t site, class_t c, int32_t* step, bint inner,
                             int64_t* room) noexcept nogil:
    """Sum of the rate constants of a site from above [1/s], and how far its rules are from their thresholds at least.

    What sites share is not looked at where a rule keeps to its part of the lowest bound anyway.
    """
    cdef int64_t change
    cdef double total = -1.0
    cdef int k
    cdef kmc_class* known = self.known + c
    if inner and known.is_followed:
        total = kmc_sum(&self.tables, self.entry + known.first, known.n, site, room)
    if total >= 0.0:
        return total
    room[0], total = KMC_FAR, 0.0
    for k in range(known.first, known.first + known.n):
        change = least_change(self, k, site, step, inner) - self.entry[k].threshold
        total += rate_above(self, k, change + self.entry[k].threshold) if change < 0 else self.entry[k].top
        room[0] = min(room[0], change)
    return total


cdef inline double fast_part(SiteRates self, int k, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Rate constant of an entry of a fast site from above [1/s]; by its slack these do not outgrow the bound."""
    return rate_above(self, k, least_change(self, k, site, step, inner) if self.slack[site] >= 0 else
                      change_of(self, self.environments.entry_rule[k], site, step, inner))


cdef inline rule_t tried(SiteRates self, int entry, double u, int64_t change) noexcept nogil:
    """The rule of an entry if a number is below its rate constant at an energy change [quanta], or else -1."""
    cdef rule_t rule = self.environments.entry_rule[entry]
    cdef int process = self.rule_process[rule]
    cdef double rate = self.entry[entry].rate
    if not (self.energies.is_below(u, rate, process, change) if self.energies.notices(process) else u < rate):
        return -1
    self.floor[1] += 1
    return rule

# SPDX-License-Identifier: BSD-3-Clause
"""Looking ahead: what the next candidates will need comes into the cache while this one is executed.

The words that will choose them are drawn already (four a candidate: waiting time, group, site, rule); what they choose
is a guess with the lists as they are now, and nothing but the cache depends on it. A factor of two at 1e6 sites, where
each of these loads would be waited for.
"""
from kmc_core.lattice_processes cimport QUIET, LatticeProcesses
from kmc_core.rng cimport N_WORDS, kmc_prefetch, uniform_of
from kmc_core.typedefs cimport class_t, int32_t, int64_t, rule_t, site_t, species_t


cdef inline void look_ahead(LatticeProcesses self, double bound) noexcept nogil:
    """Fetch what the next three candidates need.

    The third from now has its list entry fetched, the second the record of the site that this entry names and what lies
    around it, the next the same for the site that its rule will change.

    Where all rules are quiet an event needs nothing but the species and records of the site and of those around it.
    All of them are fetched as soon as the site is known, one candidate earlier than the rule would tell which: 15 %
    less time at 1e6 and 1e7 sites, and 4 to 9 % in sectors.
    """
    cdef int ahead = self.random.cursor + 9, j
    cdef int64_t site
    cdef char* species
    cdef char* record
    if self.next_site >= 0 and not self.energies.enabled:
        look_at_rule(self, <site_t> self.next_site, bound)
    self.next_site = -1
    if self.next_place >= 0:
        site = self.groups.pool[self.next_place]
        if self.is_quiet:             # not a function: one that only fetches is left out by compilers, as it does nothing
            species = <char*> &self.state.species[0] + site
            record = self.groups.first_record + site * self.groups.record_size
            kmc_prefetch(species)
            kmc_prefetch(record)
            for j in range(self.n_fetched):  # beyond a boundary wrong sites, which does no harm
                kmc_prefetch(species + self.fetched_species[j])
                kmc_prefetch(record + self.fetched_record[j])
        else:
            self.groups.prefetch(site)
            self.state.prefetch(<site_t> site)
            self.next_site = site
            if self.energies.enabled:
                kmc_prefetch(self.energies.first_record + site * self.energies.record_size)
    self.next_place = -1
    if ahead + 1 < N_WORDS:
        self.next_place = self.groups.place_of(uniform_of(self.random.words[ahead]) * bound,
                                               self.random.words[ahead + 1])
        kmc_prefetch(&self.groups.pool[0] + self.next_place)


cdef inline void look_at_rule(LatticeProcesses self, site_t site, double bound) noexcept nogil:
    """Fetch the last site that a candidate will change, if it starts at `site`, and what lies around it."""
    cdef class_t c = self.groups.class_at(site)
    cdef int word = self.random.cursor + 3, last
    cdef int64_t other
    cdef rule_t rule
    cdef double u = self.environments.record[c].total
    if word >= N_WORDS or u <= 0.0:
        return
    u *= uniform_of(self.random.words[word])
    rule = self.environments.entry_rule[self.environments.chosen(c, u)]
    if self.rule_plans[rule].manner >= QUIET:
        kmc_prefetch(&self.state.species[0] + site)
    last = self.change_ptr[rule + 1] - 1
    if last < self.change_ptr[rule] or self.change_position[last] < 0:  # it changes nothing, or this site last
        return
    other = <int64_t> site + self.state.step[self.change_position[last]]
    self.groups.prefetch(other)       # beyond a boundary a wrong address, which does no harm
    if self.rule_plans[rule].manner >= QUIET:
        kmc_prefetch(&self.state.species[0] + other)
    else:
        self.state.prefetch(<site_t> other)

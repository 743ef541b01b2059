# SPDX-License-Identifier: BSD-3-Clause
"""Energy changes of rules, and their rates: functions that the compiler writes into the loops of `site_rates`."""
from kmc_core.energies cimport MAX_BLOCKS, N_BINS
from kmc_core.kernels cimport kmc_change, kmc_entry, kmc_share
from kmc_core.site_rates cimport GENERAL_RULE, MAX_CHANGES, N_TERMS, SiteRates
from kmc_core.state cimport MAX_POSITIONS
from kmc_core.typedefs cimport int32_t, int64_t, rule_t, site_t, species_t, uint64_t
from libc.string cimport memcpy

cdef inline bint step_around(SiteRates self, site_t site, int32_t** step) noexcept nogil:
    """Point to the steps to the neighbours of a site, to itself at -1; write them where they lead across a boundary."""
    if self.inside[site]:
        step[0] = &self.step[1]
        return True
    step_across(self, site, step[0])
    return False


cdef inline void step_across(SiteRates self, site_t site, int32_t* step) noexcept nogil:
    """Write the steps to the neighbours of a site, to itself at -1; they lead across a boundary."""
    cdef site_t around[MAX_POSITIONS]
    cdef int j
    self.state.neighbours(site, around)
    (step - 1)[0] = 0
    for j in range(self.state.n_positions):
        step[j] = <int32_t> (around[j] - site)


cdef inline int64_t change_of(SiteRates self, rule_t rule, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Energy of the lattice after a rule less that before it [quanta]."""
    if self.terms[rule, 0] == GENERAL_RULE:
        return any_change(self, rule, site, step)
    return alone(self, rule, site, step, inner) + shared_in(self, rule, site, step)


cdef inline int64_t alone(SiteRates self, rule_t rule, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Energy change of the two sites of a rule [quanta], each as if the other one stayed as it is."""
    cdef int32_t* term = &self.inner_terms[0, 0] + 4 * <int64_t> rule
    cdef int64_t* first = self.energies.energy(site)
    cdef int64_t* second
    if inner:
        return first[term[0]] - first[term[1]] + first[term[2]] - first[term[3]]
    term = &self.terms[0, 0] + N_TERMS * <int64_t> rule
    first = self.energies.energy(site + <site_t> step[term[1]])
    second = self.energies.energy(site + <site_t> step[term[4]])
    return first[term[2]] - first[term[3]] + second[term[5]] - second[term[6]]


cdef inline int64_t shared_in(SiteRates self, rule_t rule, site_t site, int32_t* step) noexcept nogil:
    """What the change of the first site of a rule adds to that of the second one [quanta]."""
    cdef int32_t* term = &self.terms[0, 0] + N_TERMS * <int64_t> rule
    if term[7] == term[8]:
        return 0
    return kmc_share(&self.shared[0, 0] + 3 * <int64_t> term[7], &self.shared[0, 0] + 3 * <int64_t> term[8],
                     &self.energies.row[0, 0] + <int64_t> self.energies.n_blocks * (site + <site_t> step[term[4]]),
                     &self.energies.block_energy[0, 0])


cdef inline int64_t any_change(SiteRates self, rule_t rule, site_t site, int32_t* step) noexcept nogil:
    """The energy change of rules of any number of sites: one after the other, each sees those before it changed."""
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
            change += self.energies.energy(place)[comes]
        if goes >= 0:
            change -= self.energies.energy(place)[goes]
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


cdef inline int64_t least_change(SiteRates self, int k, site_t site, int32_t* step, bint inner) noexcept nogil:
    """Energy change of an entry [quanta], or a lower one where that is not below its threshold."""
    cdef int64_t change
    cdef kmc_entry* entry = self.entry + k
    if inner and entry.share_end >= 0:
        return kmc_change(&self.tables, entry, self.energies.energy(site),
                          self.tables.row + self.tables.n_blocks * site)
    change = alone(self, self.environments.entry_rule[k], site, step, inner)
    if change >= entry.quick:
        return change + (entry.threshold - entry.quick)
    return change_of(self, self.environments.entry_rule[k], site, step, inner)


cdef inline double rate_above(SiteRates self, int entry, int64_t change) noexcept nogil:
    """Rate constant of an entry from above [1/s], of an energy change [quanta]."""
    cdef int64_t bin = (change >> self.tables.shift) + N_BINS // 2
    if <uint64_t> bin < N_BINS:
        return self.entry[entry].rate * self.tables.factor[self.entry[entry].factors + bin]
    return far_rate(self, entry, change)


cdef inline double far_rate(SiteRates self, int entry, int64_t change) noexcept nogil:
    """The same beyond the bins; a factor may be infinite there."""
    cdef int process = self.rule_process[self.environments.entry_rule[entry]]
    if not self.energies.notices(process) or self.environments.entry_rate[entry] == 0.0:
        return self.environments.entry_rate[entry]
    return self.environments.entry_rate[entry] * self.energies.factor(process, change)

# SPDX-License-Identifier: BSD-3-Clause
"""Solution: the molecules of a well-mixed compartment, and the reactions among them."""
from kmc_core.rng cimport RandomStream
from kmc_core.typedefs cimport int32_t, int64_t, uint32_t, uint64_t

cimport cython

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    static inline int kmc_bit_length(uint64_t word) { return 64 - __builtin_clzll(word); }  /* word > 0 */
    static inline int kmc_exponent(double value) { uint64_t word; memcpy(&word, &value, 8); return (int)(word >> 52); }
    static inline double kmc_power(int exponent) {
        uint64_t word = (uint64_t)exponent << 52; double value; memcpy(&value, &word, 8); return value;
    }
    """
    int kmc_bit_length(uint64_t word) noexcept nogil
    int kmc_exponent(double value) noexcept nogil  # biased binary exponent of a double that is not negative
    double kmc_power(int exponent) noexcept nogil  # the power of two with that biased exponent

cdef enum:
    N_RUNGS = 481                     # rungs of the ladder, 0 to 2**62 molecules
    N_EXPONENTS = 2048                # biased binary exponents of a double


cdef inline double combinations(int64_t n, int order) noexcept nogil:
    """Ways to choose `order` (1 to 3) out of n molecules; with its rounding, it still never falls as n rises."""
    cdef double x = <double> n
    if order == 1:
        return x
    if order == 2:
        return x * (x - 1.0) * 0.5
    return x * (x - 1.0) * (x - 2.0) / 6.0


cdef inline int rung_of(int64_t n) noexcept nogil:
    """The lowest rung with room for n molecules: a rung for every number up to 16, eight per doubling beyond."""
    cdef int shift
    if n <= 16:
        return <int> n
    shift = kmc_bit_length(<uint64_t> (n - 1)) - 4
    return 1 + 8 * shift + <int> ((n - 1) >> shift)


@cython.final
cdef class Solution:
    cdef readonly int n_species
    cdef readonly int n_reactions
    cdef readonly int n_gates         # lattice processes that ask for molecules; behind the reactions in what follows
    cdef object engine                # the engine that runs it, or None
    cdef int64_t[::1] amount          # (n_species,) molecules
    cdef int64_t[::1] events          # (n_reactions,) events of each reaction
    cdef double[::1] rate             # (n_reactions + n_gates,) [1/s] per combination of molecules; 1 for a gate
    cdef int32_t[::1] reactant_ptr    # (n_reactions + n_gates + 1,)
    cdef int32_t[::1] reactant_species
    cdef int32_t[::1] reactant_order
    cdef int32_t[::1] reactant_reaction  # whose reactant it is
    cdef int32_t[::1] change_ptr      # (n_reactions + 1,)
    cdef int32_t[::1] change_species
    cdef int64_t[::1] change_amount
    # ladder: a reactant stands on a rung, and its reaction counts on no more molecules than there is room for
    cdef int32_t[::1] rung            # (n_reactants,)
    cdef int64_t[::1] ceiling         # (N_RUNGS,) molecules at each rung
    cdef double[:, ::1] choices       # (N_RUNGS, 3) combinations of that many molecules, by order
    cdef int32_t[:, ::1] head         # (N_RUNGS, n_species) 1 + first reactant on a rung; 0 = none
    cdef int32_t[::1] below           # (n_reactants,) next one on the same rung; -1 = none
    cdef int32_t[::1] above           # (n_reactants,) previous one; -1 = it is the first
    cdef int64_t[::1] lowest          # (n_species,) no reaction counts on fewer molecules than this
    # groups: reactions by the power of two of their bound, largest first; group 0 is blocked, with bounds of zero
    cdef double[::1] bound            # (n_reactions + n_gates,) propensity with all reactants at their ceilings [1/s]
    cdef readonly int n_groups
    cdef int32_t[::1] group_of_exponent  # (N_EXPONENTS,) -1 = none yet
    cdef int32_t[::1] exponent        # (n_groups,) biased
    cdef double[::1] edge             # (n_groups,) power of two above the bounds of all members [1/s]
    cdef double[::1] weight           # (n_groups,) edge * number of members [1/s]
    cdef double[::1] tail             # (n_groups + 1,) sum of the weights from this group on [1/s]
    cdef int32_t[::1] start           # (n_groups + 1,) where the group's members start
    cdef int32_t[::1] member          # (n_reactions,) reactions, group by group
    cdef int32_t[::1] place           # (n_reactions,) of a reaction in `member`
    # exchange with a lattice
    cdef bint has_exchange
    cdef int32_t[::1] gate_of_process  # (n_processes,) -1 = asks for no molecules
    cdef int64_t[::1] refusals        # (n_gates,) candidates of the lattice refused since the gate moved
    cdef int64_t patience             # refusals that cost as much as moving a gate: part of the lattice is rated anew
    cdef bint gates_moved             # the rates of the lattice have to follow before the next event
    cdef int32_t[::1] exchange_ptr    # (n_processes + 1,)
    cdef int32_t[::1] exchange_species
    cdef int64_t[::1] exchange_amount

    cdef void _raise_ceilings(self, int species) noexcept nogil
    cdef void _lower_ceilings(self, int reaction) noexcept nogil
    cdef void _step_to(self, int reactant, int rung) noexcept nogil
    cdef void _rate(self, int reaction) noexcept nogil
    cdef int _group_for(self, double bound) noexcept nogil
    cdef void _move(self, int reaction, int source, int target) noexcept nogil
    cdef void _refuse(self, int gate) noexcept nogil
    cdef void _arrange(self) noexcept nogil
    cdef bint can_react(self) noexcept nogil

    cdef inline double total(self) noexcept nogil:
        """Sum of the weights: integers times powers of two, recomputed, so nothing drifts [1/s]."""
        return self.tail[1]

    cdef inline double propensity(self, int reaction) noexcept nogil:
        """Rate times the number of combinations of molecules that are there [1/s]."""
        cdef double product = self.rate[reaction]
        cdef int r
        for r in range(self.reactant_ptr[reaction], self.reactant_ptr[reaction + 1]):
            product *= combinations(self.amount[self.reactant_species[r]], self.reactant_order[r])
        return product

    cdef inline int candidate(self, double u, RandomStream random) noexcept nogil:
        """The reaction that `u` in [0, total) and two draws choose, or -1 if it is refused."""
        cdef int group = 1, reaction
        cdef double propensity
        while u >= self.weight[group]:
            u -= self.weight[group]
            group += 1
            if group == self.n_groups:  # rounding carried u past the end: the last group with members
                group -= 1
                while self.weight[group] == 0.0:
                    group -= 1
                break
        reaction = self.member[self.start[group]
                               + random.below(<uint32_t> (self.start[group + 1] - self.start[group]))]
        propensity = self.propensity(reaction)
        if random.uniform() * self.edge[group] < propensity:
            return reaction
        if self.bound[reaction] > 1.25 * propensity:  # the speed is flat around this factor
            self._lower_ceilings(reaction)
        return -1

    cdef inline void execute(self, int reaction) noexcept nogil:
        """Let a reaction happen."""
        cdef int k
        self.events[reaction] += 1
        for k in range(self.change_ptr[reaction], self.change_ptr[reaction + 1]):
            self.change(self.change_species[k], self.change_amount[k])

    cdef inline void change(self, int species, int64_t molecules) noexcept nogil:
        """Add molecules of a species, or take some away."""
        self.amount[species] += molecules
        if self.amount[species] > self.lowest[species]:
            self._raise_ceilings(species)

    cdef inline bint admits(self, int process, RandomStream random) noexcept nogil:
        """Whether a candidate of a lattice process, drawn at the ceilings, finds the molecules it asks for."""
        cdef int gate = self.gate_of_process[process]
        cdef double propensity
        if gate < 0:
            return True
        propensity = self.propensity(gate)
        if random.uniform() * self.bound[gate] < propensity:
            return True
        if self.bound[gate] > 3.0 * propensity:
            self._refuse(gate)
        return False

    cdef inline void exchange(self, int process) noexcept nogil:
        """Give and take the molecules of an event on the lattice."""
        cdef int k
        for k in range(self.exchange_ptr[process], self.exchange_ptr[process + 1]):
            self.change(self.exchange_species[k], self.exchange_amount[k])

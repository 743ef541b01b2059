# SPDX-License-Identifier: BSD-3-Clause
"""Well-mixed stochastic kinetics at a cost per event that does not grow with the number of reactions.

About the algorithm
-------------------
A reaction that counts on no more than c_s molecules of each reactant has the bound rate * prod C(c_s, order). Reactions
whose bounds share a binary exponent share a group; a candidate is drawn by group, in proportion to the number of its
members times the next power of two, then uniformly within it, and is accepted with the ratio of its propensity at the
molecules that are there to that power of two. A refused candidate advances the clock like any other, so this thinning
is exact whatever the bounds are, as long as they hold (composition-rejection: Slepoy, Thompson, Plimpton, J. Chem.
Phys. 128, 205101 (2008), doi:10.1063/1.2919546; bounds on counts: Thanh, Priami, Zunino, J. Chem. Phys. 141, 134116
(2014), doi:10.1063/1.4896985).

An event changes counts and nothing else. Only when a count passes the ceiling that some reactions count on are those
reactions rated anew; the other way, a refused candidate whose bound is more than a quarter too high has its ceilings
lowered to the counts. Every reaction has ceilings of its own: one that was never refused stays where it is, one that
wastes candidates (6e12 1/s with no molecule there) is lowered at its first refusal, and a count that flickers raises
those that were lowered since it was last so high, and no others. So there are no more moves than refusals, but for
those that lead to counts never met before.

Processes of a lattice that ask for molecules are gates: rated here at ceilings, which their rate constants on the
lattice are multiplied by, and thinned here. As moving a gate rates a part of the lattice anew, gates leave room for
twice the molecules, and come down only after as many refusals as that costs.
"""
import numpy as np

from kmc_core.networks import check_count, check_network, check_range
from kmc_core.rules import check_rates

cdef int64_t NO_CEILING = 1 << 62


cdef class Solution:
    """Molecules of a compartment and what can happen among them.

    Parameters
    ----------
    count : int64, shape (n_species,)
        Molecules of each species at the start.
    reactant_ptr : int32, shape (n_reactions + 1,)
        Reactants of each reaction in the next two arrays.
    reactant_species, reactant_order : int32, shape (n_reactants,)
        Species, each at most once in a reaction, and the number of its molecules that meet (1 to 3).
    change_ptr : int32, shape (n_reactions + 1,)
        Changes of each reaction in the next two arrays.
    change_species : int32, shape (n_changes,)
    change : int64, shape (n_changes,)
        Molecules that an event adds (or takes, if negative).
    rates : float64, shape (n_reactions,), [1/s]
        For one combination of molecules: the propensity is rate * prod C(count, order), with C(n, 2) = n (n - 1) / 2.

    Raises
    ------
    ValueError
        If an array has the wrong shape or holds an index out of range, or if a reaction takes more molecules than its
        propensity asks for, so that a count could become negative.
    """

    def __init__(self, count, reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change,
                 rates):
        check_network(count, reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change, rates)
        self.n_species, self.n_reactions, self.n_gates = len(count), len(rates), 0
        self.amount = np.array(count, dtype=np.int64)
        self.events = np.zeros(self.n_reactions, dtype=np.int64)
        self.rate = np.array(rates, dtype=np.float64)
        self.change_ptr = np.array(change_ptr, dtype=np.int32)
        self.change_species = np.array(change_species, dtype=np.int32)
        self.change_amount = np.array(change, dtype=np.int64)
        self.engine, self.has_exchange, self.gates_moved = None, False, False
        self.gate_of_process, self.exchange_ptr = np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int32)
        self.exchange_species, self.exchange_amount = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
        self.ceiling, self.choices = CEILINGS, CHOICES
        self._allocate(np.array(reactant_ptr, dtype=np.int32), np.array(reactant_species, dtype=np.int32),
                       np.array(reactant_order, dtype=np.int32))
        self._arrange()

    def _allocate(self, ptr, species, order):
        """Arrays for these reactants; `_arrange` fills them."""
        n, n_groups = len(species), N_EXPONENTS + 2
        self.reactant_ptr, self.reactant_species, self.reactant_order = ptr, species, order
        self.reactant_reaction = np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr))
        self.rung, self.bound = np.full(n, -1, dtype=np.int32), np.zeros(len(ptr) - 1)
        self.below, self.above = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
        self.head = np.zeros((N_RUNGS, self.n_species), dtype=np.int32)
        self.lowest = np.zeros(self.n_species, dtype=np.int64)
        self.group_of_exponent = np.zeros(N_EXPONENTS, dtype=np.int32)
        self.exponent, self.start = np.zeros(n_groups, dtype=np.int32), np.zeros(n_groups, dtype=np.int32)
        self.edge, self.weight, self.tail = np.zeros(n_groups), np.zeros(n_groups), np.zeros(n_groups)
        self.member = np.zeros(self.n_reactions, dtype=np.int32)
        self.place = np.zeros(self.n_reactions, dtype=np.int32)
        self.refusals = np.zeros(self.n_gates, dtype=np.int64)

    cdef void _arrange(self) noexcept nogil:
        """Bounds, ceilings and groups from the counts and rates alone: the same whatever happened before."""
        cdef int r, j
        self.n_groups = 1
        self.group_of_exponent[:] = -1
        self.exponent[0] = N_EXPONENTS  # beyond every other: the blocked stay in front
        self.edge[0], self.weight[0], self.tail[0], self.tail[1] = 0.0, 0.0, 0.0, 0.0
        self.start[0], self.start[1] = 0, self.n_reactions
        self.lowest[:] = NO_CEILING
        for r in range(self.rung.shape[0]):
            if self.rung[r] >= 0:
                self.head[self.rung[r], self.reactant_species[r]] = 0
        self.rung[:] = -1
        self.bound[:] = 0.0
        self.refusals[:] = 0
        for j in range(self.n_reactions):
            self.member[j], self.place[j] = j, j
        for r in range(self.reactant_species.shape[0]):
            j = 1 if self.reactant_reaction[r] < self.n_reactions else 2
            self._step_to(r, rung_of(j * self.amount[self.reactant_species[r]]))
        for j in range(self.n_reactions + self.n_gates):
            self._rate(j)
        self.gates_moved = self.n_gates > 0

    cdef void _raise_ceilings(self, int species) noexcept nogil:
        """A count has risen beyond what some reactions count on."""
        cdef int64_t n = self.amount[species]
        cdef int rung = rung_of(self.lowest[species]), top = rung_of(n), r, reaction
        while rung < top:
            r = self.head[rung, species] - 1
            if r < 0:
                rung += 1
                continue
            reaction = self.reactant_reaction[r]
            self._step_to(r, top if reaction < self.n_reactions else rung_of(2 * n))
            self._rate(reaction)
        self.lowest[species] = self.ceiling[top]

    cdef void _lower_ceilings(self, int reaction) noexcept nogil:
        """Let a reaction count on the molecules that are there."""
        cdef int r, rung, room = 1 if reaction < self.n_reactions else 2
        for r in range(self.reactant_ptr[reaction], self.reactant_ptr[reaction + 1]):
            rung = rung_of(room * self.amount[self.reactant_species[r]])
            if rung < self.rung[r]:
                self._step_to(r, rung)
        self._rate(reaction)

    cdef void _refuse(self, int gate) noexcept nogil:
        """Lower a gate once it has refused so many that moving it costs no more."""
        cdef int k = gate - self.n_reactions
        self.refusals[k] += 1
        if self.refusals[k] > self.patience:
            self.refusals[k] = 0
            self._lower_ceilings(gate)

    cdef void _step_to(self, int reactant, int rung) noexcept nogil:
        """Take a reactant off its rung, if it is on one, and put it first on another."""
        cdef int species = self.reactant_species[reactant]
        cdef int old = self.rung[reactant], previous = self.above[reactant], following = self.below[reactant]
        if old >= 0:
            if following >= 0:
                self.above[following] = previous
            if previous >= 0:
                self.below[previous] = following
            else:
                self.head[old, species] = following + 1
        following = self.head[rung, species] - 1
        if following >= 0:
            self.above[following] = reactant
        self.above[reactant], self.below[reactant] = -1, following
        self.head[rung, species], self.rung[reactant] = reactant + 1, rung
        if self.ceiling[rung] < self.lowest[species]:
            self.lowest[species] = self.ceiling[rung]

    cdef void _rate(self, int reaction) noexcept nogil:
        """Bound of a reaction at the rungs of its reactants, and the group where it belongs."""
        cdef double bound = self.rate[reaction], old = self.bound[reaction]
        cdef int r, source = 0, target = 0
        for r in range(self.reactant_ptr[reaction], self.reactant_ptr[reaction + 1]):
            bound *= self.choices[self.rung[r], self.reactant_order[r] - 1]
        self.bound[reaction] = bound
        if reaction >= self.n_reactions:
            if bound != old:
                self.gates_moved, self.refusals[reaction - self.n_reactions] = True, 0
            return
        if bound > 0.0:
            target = self._group_for(bound)
        if old > 0.0:
            source = self.group_of_exponent[kmc_exponent(old)]
        if source != target:
            self._move(reaction, source, target)

    cdef int _group_for(self, double bound) noexcept nogil:
        """The group of a bound; a new one shifts those with smaller bounds by one."""
        cdef int exponent = kmc_exponent(bound), group = self.group_of_exponent[exponent]
        if group >= 0:
            return group
        group = self.n_groups
        self.n_groups += 1
        self.start[group + 1], self.tail[group + 1] = self.n_reactions, 0.0
        while self.exponent[group - 1] < exponent:
            self.exponent[group], self.edge[group] = self.exponent[group - 1], self.edge[group - 1]
            self.weight[group], self.tail[group] = self.weight[group - 1], self.tail[group - 1]
            self.start[group] = self.start[group - 1]
            self.group_of_exponent[self.exponent[group]] = group
            group -= 1
        self.exponent[group], self.edge[group], self.weight[group] = exponent, kmc_power(exponent + 1), 0.0
        self.start[group], self.tail[group] = self.start[group + 1], self.tail[group + 1]
        self.group_of_exponent[exponent] = group
        return group

    cdef void _move(self, int reaction, int source, int target) noexcept nogil:
        """Carry a reaction to another group, across the border of each one between.

        What is fast is in front, next to the blocked, so that reactions that flicker cross few borders.
        """
        cdef int place = self.place[reaction], edge, other, group = source
        while group != target:
            if group < target:
                edge = self.start[group + 1] - 1
                self.start[group + 1] -= 1
                group += 1
            else:
                edge = self.start[group]
                self.start[group] += 1
                group -= 1
            other = self.member[edge]
            self.member[place], self.place[other] = other, place
            self.member[edge], place = reaction, edge
        self.place[reaction] = place
        self.weight[source] = self.edge[source] * (self.start[source + 1] - self.start[source])
        self.weight[target] = self.edge[target] * (self.start[target + 1] - self.start[target])
        for group in range(max(source, target), 0, -1):
            self.tail[group] = self.weight[group] + self.tail[group + 1]

    cdef bint can_react(self) noexcept nogil:
        """Whether any reaction finds the molecules it asks for."""
        cdef int k
        for k in range(self.start[1], self.n_reactions):
            if self.propensity(self.member[k]) > 0.0:
                return True
        return False

    def attach(self, engine, exchange_change, exchange_order):
        """Belong to an engine, whose lattice gives and takes molecules.

        Parameters
        ----------
        engine : kmc_core.Engine
        exchange_change, exchange_order : int64, shape (n_processes, n_species)
            As in `Engine`, checked there.

        Raises
        ------
        ValueError
            If it belongs to another engine.
        """
        if self.engine is not None:
            raise ValueError("solution: it belongs to another engine already; give each engine a Solution of its own")
        self.engine, self.patience = engine, 0
        asking, species = np.nonzero(exchange_order)
        gates, sizes = np.unique(asking, return_counts=True)
        gate_of_process = np.full(len(exchange_order), -1, dtype=np.int32)
        gate_of_process[gates] = self.n_reactions + np.arange(len(gates), dtype=np.int32)
        ptr, first, order = map(np.asarray, (self.reactant_ptr, self.reactant_species, self.reactant_order))
        ptr = np.append(ptr, len(first) + np.cumsum(sizes)).astype(np.int32)
        self.gate_of_process, self.n_gates = gate_of_process, len(gates)
        self.rate = np.append(self.rate, np.ones(self.n_gates))
        self._allocate(ptr, np.append(first, species).astype(np.int32),
                       np.append(order, exchange_order[asking, species]).astype(np.int32))
        giving, species = np.nonzero(exchange_change)
        counts = np.bincount(giving, minlength=len(exchange_change))
        self.exchange_ptr = np.append(0, np.cumsum(counts)).astype(np.int32)
        self.exchange_species = species.astype(np.int32)
        self.exchange_amount = exchange_change[giving, species].astype(np.int64)
        self.has_exchange = bool(len(gates) or len(giving))
        self._arrange()

    def set_rates(self, rates):
        """Replace the rates: potential or temperature have changed.

        Parameters
        ----------
        rates : float64, shape (n_reactions,), [1/s]

        Raises
        ------
        ValueError
            If the shape differs or a value is negative, not finite or too large.
        """
        from kmc_core.rerating import renew

        if np.shape(rates) != (self.n_reactions,):
            raise ValueError(f"rates must have shape ({self.n_reactions},), not {np.shape(rates)}")
        check_rates(rates)
        part = self.reactant_ptr[:self.n_reactions + 1]
        check_range(rates, part, self.reactant_order[:part[self.n_reactions]])
        renew(self.engine, self, None, rates)

    def reset(self, count):
        """Put other molecules in, as at the start of another run; the clock and the events counted go on.

        Parameters
        ----------
        count : int64, shape (n_species,)

        Raises
        ------
        ValueError
            If the shape differs or a count is negative or too large.
        """
        from kmc_core.rerating import renew

        if np.shape(count) != (self.n_species,):
            raise ValueError(f"count must have shape ({self.n_species},), not {np.shape(count)}")
        check_count(count)
        renew(self.engine, self, count, None)

    def _start_from(self, count, rates):
        """Body of `renew`: take what is given, and rate everything anew."""
        if count is not None:
            np.asarray(self.amount)[:] = count
        if rates is not None:
            np.asarray(self.rate)[:self.n_reactions] = rates
        self._arrange()

    @property
    def count(self):
        """int64 view, shape (n_species,): molecules of each species; live, read-only."""
        view = np.asarray(self.amount)
        view.flags.writeable = False
        return view

    @property
    def event_count(self):
        """int64, shape (n_reactions,): events of each reaction so far."""
        return np.array(self.events)

    @property
    def rates(self):
        """float64, shape (n_reactions,): rate of each reaction per combination of molecules [1/s]."""
        return np.array(self.rate[:self.n_reactions])

    @property
    def propensities(self):
        """float64, shape (n_reactions,): propensity of each reaction now [1/s]."""
        return np.array([self.propensity(j) for j in range(self.n_reactions)])

    @property
    def shares(self):
        """float64, shape (n_processes,): part of the rate constants on the lattice that the molecules there allow."""
        shares = np.ones(self.gate_of_process.shape[0])
        for process, gate in enumerate(self.gate_of_process):
            if gate >= 0:
                shares[process] = self.propensity(gate) / self.bound[gate] if self.bound[gate] > 0.0 else 0.0
        return shares

    @property
    def ceilings(self):
        """float64, shape (n_processes,): combinations of molecules that each lattice process is rated with."""
        return np.array([1.0 if gate < 0 else self.bound[gate] for gate in self.gate_of_process])

    def groups(self):
        """list of list of int: reactions of each group that has any, the blocked ones first, then by bound."""
        edges = list(self.start[:self.n_groups + 1])
        return [list(self.member[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True) if b > a]

    def verify(self):
        """Rebuild every redundant structure from counts and rates and compare.

        Raises
        ------
        AssertionError
            Naming the first structure that differs.
        """
        from kmc_core.verification import verify_solution
        verify_solution(self)


def _ladder():
    """Molecules at every rung, and their combinations by order."""
    rungs = np.arange(N_RUNGS, dtype=np.int64)
    doublings = np.maximum((rungs - 9) // 8, 0)
    ceilings = np.where(rungs <= 16, rungs, (rungs - 8 * doublings) << doublings)
    return ceilings, np.array([[combinations(n, order) for order in (1, 2, 3)] for n in ceilings.tolist()])


CEILINGS, CHOICES = _ladder()

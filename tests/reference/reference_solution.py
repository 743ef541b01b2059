# SPDX-License-Identifier: BSD-3-Clause
"""The solution in plain Python: a readable specification, slow, with the same draws in the same order.

Counts, a rung for every reactant, and a list of reactions for each power of two; bounds are worked out whenever they
are needed. There are no linked lists, no borders in one array and no remembered sums.
"""

import math
from bisect import bisect_left
from itertools import pairwise

LADDER = [*range(17), *((8 + step) << doubling for doubling in range(1, 59) for step in range(1, 9))]
"""list of int: molecules at each rung."""

BLOCKED = math.inf
"""float: stands for the exponent of a bound of zero, beyond all others."""


def combinations(n, order):
    """Ways to choose 1 to 3 out of n, rounded as the core rounds them."""
    x = float(n)
    return (x, x * (x - 1.0) * 0.5, x * (x - 1.0) * (x - 2.0) / 6.0)[order - 1]


def rows(pointers, *columns):
    """[[tuple of one entry of each column]] per row."""
    entries = list(zip(*([int(x) for x in column] for column in columns), strict=True))
    return [entries[a:b] for a, b in pairwise(pointers)]


class ReferenceSolution:
    """Same arguments, same trajectory as `kmc_core.Solution`."""

    def __init__(
        self, count, reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change, rates
    ):
        self.count = [int(n) for n in count]
        self.rates = [float(rate) for rate in rates]
        self.reactants = rows(reactant_ptr, reactant_species, reactant_order)
        self.changes = rows(change_ptr, change_species, change)
        self.n_reactions = len(self.rates)
        self.events = [0] * self.n_reactions
        self.gates, self.exchange, self.patience = {}, [], 0  # process -> reaction behind the others
        self.arrange()

    def attach(self, exchange_change, exchange_order):
        """Processes of a lattice that add molecules, and those that ask for some."""
        self.exchange = [[(s, int(n)) for s, n in enumerate(row) if n] for row in exchange_change]
        for process, row in enumerate(exchange_order):
            if any(row):
                self.gates[process] = len(self.rates)
                self.reactants.append([(s, int(n)) for s, n in enumerate(row) if n])
                self.rates.append(1.0)
        self.arrange()

    def arrange(self):
        """Everything from counts and rates."""
        self.on_rung = [{} for _ in self.count]  # per species, rung -> [(reaction, which of its reactants)]
        self.rung = [[None] * len(reactants) for reactants in self.reactants]
        self.groups = {BLOCKED: list(range(self.n_reactions))}
        self.refusals = dict.fromkeys(self.gates.values(), 0)
        for reaction, reactants in enumerate(self.reactants):
            for which, (species, _) in enumerate(reactants):
                self._step_to(reaction, which, self._rung_with_room(reaction, species))
        for reaction in range(self.n_reactions):
            self._move(reaction, BLOCKED)
        self.gates_moved = bool(self.gates)

    # Bounds

    def _rung_with_room(self, reaction, species):
        """Lowest rung with room for the molecules that are there, or for twice as many where it is a gate."""
        return bisect_left(LADDER, self.count[species] * (1 if reaction < self.n_reactions else 2))

    def _step_to(self, reaction, which, rung):
        species, old = self.reactants[reaction][which][0], self.rung[reaction][which]
        if old is not None:
            self.on_rung[species][old].remove((reaction, which))
        self.on_rung[species].setdefault(rung, []).insert(0, (reaction, which))
        self.rung[reaction][which] = rung

    def bound(self, reaction):
        """Propensity at the ceilings."""
        product = self.rates[reaction]
        for rung, (_, order) in zip(self.rung[reaction], self.reactants[reaction], strict=True):
            product *= combinations(LADDER[rung], order)
        return product

    def propensity(self, reaction):
        """Propensity at the molecules that are there."""
        product = self.rates[reaction]
        for species, order in self.reactants[reaction]:
            product *= combinations(self.count[species], order)
        return product

    # Groups

    @staticmethod
    def exponent(bound):
        """Of the power of two above a bound."""
        return math.frexp(bound)[1] if bound > 0 else BLOCKED

    def weight(self, exponent):
        """Number of members times the power of two above their bounds."""
        return 0.0 if exponent == BLOCKED else math.ldexp(1.0, exponent) * len(self.groups[exponent])

    def total(self):
        """Sum of the weights, the smallest powers of two first."""
        total = 0.0
        for exponent in sorted(self.groups):
            total = self.weight(exponent) + total
        return total

    def _move(self, reaction, source):
        """Carry a reaction from one group to the one of its bound, which rolls those between by one place."""
        if reaction >= self.n_reactions:
            return
        target = self.exponent(self.bound(reaction))
        self.groups.setdefault(target, [])
        if source == target:
            return
        members = self.groups[source]
        place = members.index(reaction)
        to_smaller = target < source
        last = -1 if to_smaller else 0
        members[place] = members[last]
        members.pop(last)
        for exponent in sorted(self.groups, reverse=to_smaller):
            if min(source, target) < exponent < max(source, target) and self.groups[exponent]:
                between = self.groups[exponent]
                if to_smaller:
                    between.insert(0, between.pop())
                else:
                    between.append(between.pop(0))
        if to_smaller:
            self.groups[target].insert(0, reaction)
        else:
            self.groups[target].append(reaction)

    def _rate_anew(self, reaction, before):
        if reaction >= self.n_reactions and self.bound(reaction) != before:
            self.gates_moved, self.refusals[reaction] = True, 0
        self._move(reaction, self.exponent(before))

    def _lower(self, reaction):
        before = self.bound(reaction)
        for which, (species, _) in enumerate(self.reactants[reaction]):
            rung = self._rung_with_room(reaction, species)
            if rung < self.rung[reaction][which]:
                self._step_to(reaction, which, rung)
        self._rate_anew(reaction, before)

    def change(self, species, molecules):
        """Add molecules; whatever counts on fewer is rated anew."""
        self.count[species] += molecules
        assert self.count[species] >= 0
        for rung in range(bisect_left(LADDER, self.count[species])):
            while self.on_rung[species].get(rung):
                reaction, which = self.on_rung[species][rung][0]
                before = self.bound(reaction)
                self._step_to(reaction, which, self._rung_with_room(reaction, species))
                self._rate_anew(reaction, before)

    # What happens

    def candidate(self, u, below, uniform):
        """A reaction, or None if the candidate is refused; `below` and `uniform` draw."""
        filled = [exponent for exponent in sorted(self.groups, reverse=True) if self.weight(exponent) > 0.0]
        for exponent in filled:
            if u < self.weight(exponent):
                break
            u -= self.weight(exponent)
        members = self.groups[exponent]
        reaction = members[below(len(members))]
        propensity = self.propensity(reaction)
        if uniform() * math.ldexp(1.0, exponent) < propensity:
            return reaction
        if self.bound(reaction) > 1.25 * propensity:
            self._lower(reaction)
        return None

    def execute(self, reaction):
        """Let a reaction happen."""
        self.events[reaction] += 1
        for species, molecules in self.changes[reaction]:
            self.change(species, molecules)

    def ceiling(self, process):
        """Combinations of molecules that a process of the lattice is rated with."""
        return self.bound(self.gates[process]) if process in self.gates else 1.0

    def admits(self, process, uniform):
        """Whether a candidate of the lattice finds the molecules that it asks for."""
        if process not in self.gates:
            return True
        gate = self.gates[process]
        propensity = self.propensity(gate)
        if uniform() * self.bound(gate) < propensity:
            return True
        if self.bound(gate) > 3.0 * propensity:
            self.refusals[gate] += 1
            if self.refusals[gate] > self.patience:
                self.refusals[gate] = 0
                self._lower(gate)
        return False

    def give_and_take(self, process):
        """Molecules of an event on the lattice."""
        for species, molecules in self.exchange[process]:
            self.change(species, molecules)

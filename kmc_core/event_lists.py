# SPDX-License-Identifier: BSD-3-Clause
"""What an event of every rule does to the energies around it, worked out once: flat lists that the core walks.

In a list the sites around an event are numbered by steps from its anchor. A site that shares a cluster with the event
is *near*: its rows and energies change. An anchor whose rules change a near site, or look at a changed one, is *told*:
its rates may have risen.
"""
from dataclasses import dataclass

import numpy as np

from kmc_core.interactions import kinds
from kmc_core.least_sums import least_sum

GENERAL, ONE_SITE, TWO_SITES, UNMOVED = 0, 1, 2, 3
"""int: kinds of rules by their energy change: any; of one site; of two; their rate does not depend on it."""

ORIGIN = (0, 0, 0)


@dataclass(frozen=True)
class EventLists:
    """Flat lists of all rules.

    Attributes
    ----------
    offsets : int32, shape (n_positions, 3)
        Steps from anchors, closed under inversion, without (0, 0, 0); position -1 stands for that one.
    near_ptr : int32, shape (n_rules + 1,)
    near : int32, shape (n_near + 1, 2)
        Position of every near site, and where its entries start; one row more for the end.
    entries : int32, shape (n_entries, 4)
        Block, -1, and what the event adds to its row; where several species may stand at a place before: block, number
        of a change, what a kind there adds to the row, and the same of the next change.
    told_ptr : int32, shape (n_rules + 1,)
    told : int32, shape (n_told,)
        Position of every anchor that is told, without those that the event changes.
    """

    offsets: np.ndarray
    near_ptr: np.ndarray
    near: np.ndarray
    entries: np.ndarray
    told_ptr: np.ndarray
    told: np.ndarray

    @property
    def most_told(self):
        """int: anchors that are told of the rule that has most."""
        return int(np.diff(self.told_ptr).max(initial=0))


class Steps:
    """Sites that every rule changes, by steps from its anchor.

    Attributes
    ----------
    changes : list of list of (step, tuple of species that may stand there before, species after)
    notices : bool, shape (n_rules,)
        Whether its rate depends on energies.
    kind : int64, shape (n_species + 1,)
        What a species counts as in the rows of blocks.
    """

    def __init__(self, interactions, rules):
        self.rules, self.offsets = rules, np.asarray(interactions.offsets)
        self.kind = kinds(interactions, rules.n_species)
        self.notices = np.diff(interactions.line_ptr)[np.asarray(rules.rule_process)] > 0
        self.looks_at = self._places = [ORIGIN, *map(tuple, np.asarray(rules.offsets).tolist())]
        anchors = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr)).tolist()
        self.changes = [self._changes_of(rule, anchor) for rule, anchor in enumerate(anchors)]
        self.places = [[place for place, _, _ in changes] for changes in self.changes]

    def _changes_of(self, rule, anchor):
        rules, before = self.rules, {ORIGIN: (anchor,)}
        for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
            allowed = np.flatnonzero(np.asarray(rules.condition_allowed)[k][:rules.n_species])
            before[self._places[rules.condition_position[k] + 1]] = tuple(allowed.tolist())
        part = range(rules.change_ptr[rule], rules.change_ptr[rule + 1])
        return [(place := self._places[rules.change_position[k] + 1], before[place], int(rules.change_species[k]))
                for k in part]

    def near(self, rule, members):
        """{step: entries} of the sites that see the places which an event of a rule changes."""
        found = {}
        for k, place in enumerate(self.places[rule]):
            for offset, blocks in zip(self.offsets.tolist(), members, strict=True):
                for block, stride in blocks:
                    here = found.setdefault(_difference(place, offset), {})
                    here.setdefault((block, k - k % 2), [0, 0])[k % 2] = stride
        return {where: self._entries(rule, found[where]) for where in sorted(found)}

    def _entries(self, rule, strides):
        """Entries of a site that sees changes of a rule: {(block, first change): strides of two changes}."""
        entries = [(*key, *pair) for key, pair in sorted(strides.items())]
        if any(len(before) > 1 for _, before, _ in self.changes[rule]):
            return entries
        difference = [int(self.kind[after] - self.kind[old]) for _, (old,), after in self.changes[rule]] + [0]
        steps = {}
        for block, k, first, second in entries:
            steps[block] = steps.get(block, 0) + first * difference[k] + second * difference[k + 1]
        return [(block, -1, step, 0) for block, step in steps.items() if step]

    def told(self, rule, near):
        """Steps to the anchors whose rates an event of a rule can change, without the sites that it changes itself."""
        changed = {place for places in self.places for place in places} | {ORIGIN}
        found = {_difference(where, step) for where in near for step in changed}
        found |= {_difference(place, step) for place in self.places[rule] for step in self._places}
        return sorted(found - set(self.places[rule]))


def event_lists(steps, members):
    """Lists of all rules.

    Parameters
    ----------
    steps : Steps
    members : list of list of (block, stride)
        For every position of the clusters: the blocks that hold it, and what a species there adds to their rows.

    Returns
    -------
    EventLists
    """
    nears = [steps.near(rule, members) for rule in range(len(steps.changes))]
    tolds = [steps.told(rule, near) for rule, near in enumerate(nears)]
    union = {where for each in (*nears, *tolds) for where in each}
    union |= {_difference(ORIGIN, where) for where in union}
    offsets = sorted(union - {ORIGIN}, key=lambda where: (sum(c * c for c in where), where))
    index = {where: j for j, where in enumerate(offsets)} | {ORIGIN: -1}
    entries, near = [], []
    for sites in nears:
        for where, blocks in sites.items():
            near.append((index[where], len(entries)))
            entries += blocks
    return EventLists(
        offsets=np.array(offsets, dtype=np.int32).reshape(-1, 3), near_ptr=_pointers(nears),
        near=np.array([*near, (0, len(entries))], dtype=np.int32),
        entries=np.array([*entries, (0, 0, 0, 0)], dtype=np.int32), told_ptr=_pointers(tolds),
        told=np.array([*(index[where] for each in tolds for where in each), 0], dtype=np.int32))


def _pointers(lists):
    return np.cumsum([0, *map(len, lists)]).astype(np.int32)


def _difference(place, step):
    return tuple(a - b for a, b in zip(place, step, strict=True))


class RuleTerms:
    """How the core works out the energy change of every rule.

    Parameters
    ----------
    steps : Steps
    energies : SiteEnergies

    Attributes
    ----------
    terms : int32, shape (n_rules, 9)
        Kind; position of the first change, column of what comes there and of what goes; the same of the second change;
        in `shared`, where what the first change adds to the energy of the second one begins, and the end.
        The column behind the last centre is zero.
    shared : int64, shape (n_shared + 1, 3)
        Block, and steps from its row to an energy that is added and to one that is taken off.
    lowest : int64, shape (n_rules,)
        The least that all of this can come to [quanta].
    parts : list of list of (tuple of int, int64 array)
        The same as functions of what stands at positions from the second site: positions in rising order, and the
        energy [quanta] over all kinds that can stand there, an axis each.
    """

    def __init__(self, steps, energies):
        self._steps, self._energies = steps, energies
        n_rules = len(steps.changes)
        self._shared, self.parts = [], [[] for _ in range(n_rules)]
        self.terms, self.lowest = np.zeros((n_rules, 9), dtype=np.int32), np.zeros(n_rules, dtype=np.int64)
        for rule in range(n_rules):
            self._compile(rule)
        self.shared = np.array([*self._shared, (0, 0, 0)], dtype=np.int64)

    def _compile(self, rule):
        steps, n_centres = self._steps, self._energies.tables.shape[1]
        changes, first = steps.changes[rule], steps.rules.change_ptr[rule]
        column = np.append(self._energies.columns, -1)
        column[column < 0] = n_centres
        self.terms[rule] = 0, -1, n_centres, n_centres, -1, n_centres, n_centres, *2 * [len(self._shared)]
        if not steps.notices[rule]:
            self.terms[rule, 0] = UNMOVED
        elif 1 <= len(changes) <= 2 and all(len(before) == 1 for _, before, _ in changes):
            self.terms[rule, 0] = len(changes)
            for k, (_, before, after) in enumerate(changes):
                here = steps.rules.change_position[first + k], column[after], column[before[0]]
                self.terms[rule, 1 + 3 * k:4 + 3 * k] = here
            if len(changes) == 2:
                self._share(rule, self._energies.pairs[first + 1, 0], *changes[0][1], changes[0][2])

    def _share(self, rule, position, old, new):
        """What a change of species at a position from the second site adds there."""
        difference = int(self._steps.kind[new] - self._steps.kind[old])
        if position < 0 or difference == 0:
            return
        n_centres = self._energies.tables.shape[1]
        parts = self.parts[rule]
        for centre, sign in ((self.terms[rule, 5], 1), (self.terms[rule, 6], -1)):
            for block, stride in self._energies.members[position] if centre < n_centres else ():
                self._shared.append((block, *(centre + stride * difference, centre)[::sign]))
                rows = self._energies.rows_showing(block, stride, self._steps.kind[old])
                energy = self._energies.tables[:, centre]
                added = sign * (energy[rows + stride // n_centres * difference] - energy[rows])
                others = tuple(place for place, blocks in enumerate(self._energies.members)
                               if place != position and block in dict(blocks))
                n_kinds = round(len(rows) ** (1.0 / len(others))) if others else 1  # positions rise with their strides
                parts.append((others, added.reshape((n_kinds,) * len(others)).transpose()))
        self.terms[rule, 8] = len(self._shared)
        self.lowest[rule] = least_sum(parts)

    def inner(self, step, width):
        """Where the four energies of each rule are that its sites have by themselves, where no boundary is near.

        Parameters
        ----------
        step : int32, shape (n_positions + 1,)
            Difference of site indexes to the site itself and to every neighbour.
        width : int
            Columns of the energies.

        Returns
        -------
        inner : int32, shape (n_rules, 4)
            What comes and goes with the first change and with the second one, counted from the energies of the anchor.

        Raises
        ------
        ValueError
            If neighbours are further apart in memory than 32 bits can say.
        """
        terms, step = self.terms.astype(np.int64), np.asarray(step).astype(np.int64)
        columns = (1, 2), (1, 3), (4, 5), (4, 6)
        found = np.stack([step[terms[:, place] + 1] * width + terms[:, what] for place, what in columns], axis=1)
        if found.size and np.abs(found).max() > np.iinfo(np.int32).max:
            raise ValueError("the layers of the box are too large for interactions")
        return found.astype(np.int32)

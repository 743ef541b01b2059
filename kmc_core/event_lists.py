# SPDX-License-Identifier: BSD-3-Clause
"""What an event of every rule does to the energies around it, worked out once: flat lists that the core walks.

In a list the sites around an event are numbered by steps from its anchor. A site that shares a cluster with the event
is *near*: its rows and energies change. An anchor whose rules change a near site, or look at a changed one, is *told*:
its rates may have risen.
"""
from dataclasses import dataclass

import numpy as np

from kmc_core.interactions import kinds

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
        Position of every anchor that is told.
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
        self._places = [ORIGIN, *map(tuple, np.asarray(rules.offsets).tolist())]
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
        """Steps to the anchors whose rates an event of a rule can change, the sites that it changes itself too."""
        changed = {place for places in self.places for place in places} | {ORIGIN}
        found = {_difference(where, step) for where in near for step in changed}
        found |= {_difference(place, step) for place in self.places[rule] for step in self._places}
        return sorted(found)


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

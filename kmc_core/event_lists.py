# SPDX-License-Identifier: BSD-3-Clause
"""What an event of every rule does to the energies around it, worked out once: flat lists that the core walks.

In a list the sites around an event are numbered by steps from its anchor. A site that shares a cluster with the event
is *near*: its rows and energies change. An anchor whose rules change a near site is *told*: its rates may have risen.
"""
from dataclasses import dataclass

import numpy as np

GENERAL, ONE_SITE, TWO_SITES, UNMOVED = 0, 1, 2, 3
"""int: kinds of rules by their energy change: any; of one site; of two; their rate does not depend on it."""


@dataclass(frozen=True)
class EventLists:
    """Flat lists of all rules.

    Attributes
    ----------
    offsets : int32, shape (n_positions, 3)
        Steps from anchors, closed under inversion, without (0, 0, 0); -1 stands for that one.
    near_ptr : int32, shape (n_rules + 1,)
    near : int32, shape (n_near, 2)
        Position of every near site, and where its entries start; one row more for the end.
    entries : int32, shape (n_entries, 4)
        Block, number of a change, and what a species there adds to the row of the block; the same of the next change.
    told_ptr : int32, shape (n_rules + 1,)
    told : int32, shape (n_told, 3 + n_partners)
        Position of every anchor, its row of `drift`, itself among the near sites of the rule, then all the sites that
        its rules may change; behind the last near site where one is not near.
    drift : int32, shape (n_rows, n_species + 1)
        The most that energy changes of rules there fall, energies of single sites apart, by species [quanta].
    """

    offsets: np.ndarray
    near_ptr: np.ndarray
    near: np.ndarray
    entries: np.ndarray
    told_ptr: np.ndarray
    told: np.ndarray
    drift: np.ndarray

    @property
    def most_near(self):
        """int: near sites of the rule that has most."""
        return int(np.diff(self.near_ptr).max(initial=0))

    @property
    def most_told(self):
        """int: anchors that are told of the rule that has most."""
        return int(np.diff(self.told_ptr).max(initial=0))


def event_lists(steps, members, drifts):
    """Lists of all rules.

    Parameters
    ----------
    steps : kmc_core.touched.Steps
    members : list of list of (block, stride)
        For every position of the clusters: the blocks that hold it, and what a species there adds to their rows.
    drifts : list of (list of step, int64 array (n_steps, n_species + 1))
        What `Steps.of_event` says of every rule [quanta].

    Returns
    -------
    EventLists
    """
    partners = sorted({place for changes in steps.changes for place, _, _ in changes} - {(0, 0, 0)})
    nears = [_near(places, np.asarray(steps.offsets).tolist(), members) for places in steps.places]
    tolds = [_told(near, partners, places, wheres)
             for near, places, (wheres, _) in zip(nears, steps.places, drifts, strict=True)]
    offsets = _offsets([*nears, *tolds])
    index = {where: j for j, where in enumerate(offsets)} | {(0, 0, 0): -1}
    entries, near, told, rows = [], [], [], [np.zeros((1, steps.rules.n_species + 1), dtype=np.int64)]
    for sites, anchors, (wheres, drift) in zip(nears, tolds, drifts, strict=True):
        for where, blocks in sites.items():
            near.append((index[where], len(entries)))
            entries += blocks
        own = {where: i for i, where in enumerate(sites)}
        first = sum(map(len, rows))
        row = {where: first + i for i, where in enumerate(wheres)}
        rows.append(drift)
        told += [(index[where], row.get(where, 0), own.get(where, len(own)),
                  *(own.get(_sum(where, step), len(own)) for step in partners)) for where in anchors]
    drift, which = np.unique(np.concatenate(rows), axis=0, return_inverse=True)
    told = np.array(told, dtype=np.int32).reshape(-1, 3 + len(partners))
    told[:, 1] = which.ravel()[told[:, 1]]
    return EventLists(
        offsets=np.array(offsets, dtype=np.int32).reshape(-1, 3), near_ptr=_pointers(nears),
        near=np.array([*near, (0, len(entries))], dtype=np.int32),
        entries=np.array(entries, dtype=np.int32).reshape(-1, 4), told_ptr=_pointers(tolds), told=told,
        drift=np.minimum(drift, np.iinfo(np.int32).max).astype(np.int32))


def _near(places, offsets, members):
    """{step: entries} of the sites that see the places which an event changes."""
    found = {}
    for k, place in enumerate(places):
        for offset, blocks in zip(offsets, members, strict=True):
            where = tuple(a - b for a, b in zip(place, offset, strict=True))
            for block, stride in blocks:
                found.setdefault(where, {}).setdefault((block, k - k % 2), [0, 0])[k % 2] = stride
    return {where: [(*key, *strides) for key, strides in sorted(found[where].items())] for where in sorted(found)}


def _told(near, partners, places, wheres):
    """Steps to the anchors that an event can make faster, without those that it changes."""
    found = {tuple(a - b for a, b in zip(where, step, strict=True)) for where in near for step in [(0, 0, 0), *partners]}
    return sorted((found | set(wheres)) - set(places))


def _offsets(lists):
    """All steps that occur, closed under inversion, nearest first."""
    union = {where for each in lists for where in each}
    union |= {tuple(-c for c in where) for where in union}
    return sorted(union - {(0, 0, 0)}, key=lambda where: (sum(c * c for c in where), where))


def _pointers(lists):
    return np.cumsum([0, *map(len, lists)]).astype(np.int32)


def _sum(place, step):
    return tuple(a + b for a, b in zip(place, step, strict=True))


def followed(steps, centre_of):
    """What rates follow of the energies of a site, by the species there.

    Parameters
    ----------
    steps : kmc_core.touched.Steps
    centre_of : int32, shape (n_species,)
        Column of every species in the energies; -1 = none.

    Returns
    -------
    goes : int64, shape (n_species + 1,)
        -1 where a rule makes this species go, 0 where none does.
    comes : int64, shape (n_species + 1, n_centres)
        -1 where a rule puts the species of this column in its place, 0 where none does.
    """
    goes = np.zeros(len(centre_of) + 1, dtype=np.int64)
    comes = np.zeros((len(centre_of) + 1, max(int(centre_of.max(initial=-1)) + 1, 1)), dtype=np.int64)
    for changes, notices in zip(steps.changes, steps.notices, strict=True):
        for _, before, after in changes if notices else ():
            for species in set(before) - {after}:
                goes[species] = -1
                if centre_of[after] >= 0:
                    comes[species, centre_of[after]] = -1
    return goes, comes


def rule_terms(steps, centre_of, pair_position, members, n_centres):
    """How the core works out the energy change of every rule.

    Returns
    -------
    terms : int32, shape (n_rules, 9)
        Kind; position of the first change, column of what comes there and of what goes; the same of the second change;
        first and last entry of what the first one adds to the row that the second one sees. The column behind the last
        centre is zero.
    shared : int32, shape (n_shared, 2)
        Block, and what the first change adds to its row.
    """
    rules, shared = steps.rules, []
    terms = np.zeros((len(steps.changes), 9), dtype=np.int32)
    column = np.where(np.asarray(centre_of) < 0, n_centres, centre_of)
    for rule, changes in enumerate(steps.changes):
        first = rules.change_ptr[rule]
        terms[rule, 7:] = len(shared)
        if not steps.notices[rule]:
            terms[rule, 0] = UNMOVED
        if terms[rule, 0] == UNMOVED or not 1 <= len(changes) <= 2 or any(len(before) > 1 for _, before, _ in changes):
            continue
        terms[rule, 0] = len(changes)
        terms[rule, 4:7] = -1, n_centres, n_centres
        for k, (_, before, after) in enumerate(changes):
            terms[rule, 1 + 3 * k:4 + 3 * k] = rules.change_position[first + k], column[after], column[before[0]]
        if len(changes) == 2 and pair_position[first + 1, 0] >= 0:
            (_, (old,), new), _ = changes
            difference = int(steps.kind[new] - steps.kind[old])
            shared += [(block, stride * difference) for block, stride in members[pair_position[first + 1, 0]]
                       if difference]
        terms[rule, 8] = len(shared)
    return terms, np.array([*shared, (0, 0)], dtype=np.int32)

# SPDX-License-Identifier: BSD-3-Clause
"""How far an event reaches through interactions: which sites' rates it can touch, and by how much at most.

The energy change of a rule is a sum of energies of the sites that it changes, each as it is now, and of what they share
among each other (several of them in one cluster). The core follows the former exactly. What an event elsewhere adds to
the latter is known for clusters of three, and lies between zero and the energy of the cluster for larger ones; from the
lowest sum follows the most that the rate can rise.
"""
import numpy as np

from kmc_core.interactions import QUANTUM, kinds

ROUNDING = (1e-6, 1e-8)
"""(float, float): what sums of energies in double precision may lose, relative and absolute [eV]."""

ENABLED = 2**31 - 1
"""int: a fall that no bound outlasts [quanta]."""


def drifts(steps):
    """How far an event of every rule can make energy changes elsewhere fall, energies of single sites apart.

    Parameters
    ----------
    steps : Steps

    Returns
    -------
    list of (list of step, int64 array (n_steps, n_species + 1))
        Steps from the anchor of an event to the anchors that it can make faster, without those that it changes, and the
        most that the energy change of any rule there can fall, by the species of its anchor [quanta]; `ENABLED` where
        a rule may become possible.
    """
    found = []
    for rule in range(len(steps.changes)):
        wheres, falls = steps.of_event(rule)
        falls += np.where(falls != 0.0, ROUNDING[0] * np.abs(falls) + ROUNDING[1], 0.0)
        found.append((wheres, np.minimum(np.ceil(falls / QUANTUM), ENABLED).astype(np.int64)))
    return found


class Steps:
    """What the coming and going of species does to the energy change of every rule around."""

    def __init__(self, interactions, rules):
        self.rules, self.offsets = rules, interactions.offsets
        self._places = [(0, 0, 0), *map(tuple, np.asarray(rules.offsets).tolist())]
        self.anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
        self._looks = [self._looks_of(rule) for rule in range(len(rules.rule_process))]
        self.changes = [self._changes_of(rule) for rule in range(len(rules.rule_process))]
        self.places = [[place for place, _, _ in changes] for changes in self.changes]
        self.kind = kinds(interactions, rules.n_species)
        self.notices = np.diff(interactions.line_ptr)[np.asarray(rules.rule_process)] > 0
        self._lowest = self._lowest_shares(_placements(interactions))

    def _looks_of(self, rule):
        """{place: species that a rule allows there}, its anchor included."""
        rules = self.rules
        found = {(0, 0, 0): (int(self.anchor[rule]),)}
        for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
            allowed = np.flatnonzero(np.asarray(rules.condition_allowed)[k][:rules.n_species])
            found[self._places[rules.condition_position[k] + 1]] = tuple(allowed.tolist())
        return found

    def _changes_of(self, rule):
        """[(place, species that may stand there before, species after), ...] of a rule."""
        rules, before = self.rules, self._looks[rule]
        part = range(rules.change_ptr[rule], rules.change_ptr[rule + 1])
        return [(place := self._places[rules.change_position[k] + 1], before[place], int(rules.change_species[k]))
                for k in part]

    def _lowest_shares(self, placements):
        """{(species, +1 comes or -1 goes): {step from an anchor: lowest addition to every rule's energy change}}.

        Only clusters count that hold a changed site, another one that its rule changes before it, and the step. Of
        those that hold one more site, only those for one species there can be complete.
        """
        lowest = {}
        for rule, changes in enumerate(self.changes):
            known, open_ends = {}, {}
            for k in range(len(changes)) if self.notices[rule] else ():
                self._collect(changes, k, placements, known, open_ends)
            for (member, way, where), ends in open_ends.items():
                low = sum(min(0.0, *each.values()) for each in ends.values())
                known[member, way, where] = known.get((member, way, where), 0.0) + low
            for (member, way, where), low in known.items():
                row = lowest.setdefault((member, way), {}).setdefault(where, np.zeros(len(self.changes)))
                row[rule] += low
        return lowest

    @staticmethod
    def _collect(changes, k, placements, known, open_ends):
        """Lowest shares of the k-th change of a rule.

        known : {(species, way, step): sum}; open_ends : {(species, way, step): {places: {species there: sum}}}
        """
        place, before, after = changes[k]
        earlier = {other: (kinds, new) for other, kinds, new in changes[:k]}
        for sign, centre in ((1, after), *((-1, each) for each in before)):
            for members, energy in placements.get(centre, ()):
                there = [(_sum(place, step), each) for step, each in members]
                shared = [(*earlier[where], each) for where, each in there if where in earlier]
                others = [member for member in there if member[0] not in earlier]
                gains = _gains(sign * energy, shared)
                # where several species may stand before, at most one of them goes
                is_sure = len(gains) == 1 and (sign > 0 or len(before) == 1)
                for where, member in others if any(gains) else ():
                    rest = tuple(sorted(each for each in others if each[0] != where))
                    for way in (1, -1):
                        low = min(way * gain for gain in gains)
                        if is_sure and not rest:
                            known[member, way, where] = known.get((member, way, where), 0.0) + low
                            continue
                        places = tuple(each for each, _ in rest) if is_sure else (sign, centre, *there)
                        ends = open_ends.setdefault((member, way, where), {}).setdefault(places, {})
                        kinds = tuple(each for _, each in rest)
                        ends[kinds] = ends.get(kinds, 0.0) + (low if is_sure else min(low, 0.0))

    def of_event(self, rule):
        """Positions around the anchor of an event that it touches, and the most that rates there rise."""
        size = len(self.changes)
        sites = {}
        for place, before, after in self.changes[rule]:
            here = {}
            for where, row in self._lowest.get((after, 1), {}).items():
                here[where] = here.get(where, 0.0) + row
            goes = [self._lowest.get((each, -1), {}) for each in before if each != after]
            for where in {where for rows in goes for where in rows}:
                rows = [each.get(where, np.zeros(size)) for each in goes]
                here[where] = here.get(where, 0.0) + np.min(rows, axis=0)
            if after in before:       # perhaps nothing changes here
                here = {where: np.minimum(row, 0.0) for where, row in here.items()}
            for where, row in here.items():
                anchor = tuple(a - b for a, b in zip(place, where, strict=True))
                sites[anchor] = sites.get(anchor, 0.0) + row
        enabled = self._enabled_by(rule)
        wheres = sorted({*sites, *enabled} - {place for place, _, _ in self.changes[rule]})
        rises = np.zeros((len(wheres), self.rules.n_species + 1))
        for i, where in enumerate(wheres):
            low = sites.get(where, np.zeros(size))
            rise = np.maximum(-low, 0.0)
            rise[list(enabled.get(where, ()))] = np.inf
            for species in range(self.rules.n_species):
                mine = rise[self.rules.rule_ptr[species]:self.rules.rule_ptr[species + 1]]
                rises[i, species] = mine.max() if len(mine) else 0.0
        return wheres, rises

    def _enabled_by(self, rule):
        """{anchor: rules there that the event of this one may make possible, or that change what it changes}."""
        found = {}
        for place, before, after in self.changes[rule]:
            for other, looks in enumerate(self._looks):
                changed = {mine for mine, _, _ in self.changes[other]}
                for mine, allowed in looks.items():
                    if after in allowed and (mine in changed or not set(before) <= set(allowed)):
                        found.setdefault(tuple(a - b for a, b in zip(place, mine, strict=True)), set()).add(other)
        return found


def _sum(place, step):
    return tuple(a + b for a, b in zip(place, step, strict=True))


def _gains(energy, shared):
    """Possible additions to an energy change because sites of a cluster were changed before its centre was.

    Parameters
    ----------
    energy : float
        Of the cluster, with the sign of its centre's coming or going.
    shared : list of (species that may stand there before, species after, species in the cluster)
    """
    after = all(new == each for _, new, each in shared)
    surely = all(kinds == (each,) for kinds, _, each in shared)
    perhaps = all(each in kinds for kinds, _, each in shared)
    if not shared or not perhaps:
        return [energy * after] if shared else [0.0]
    return [energy * (after - 1)] if surely else [energy * (after - 1), energy * after]


def _placements(interactions):
    """{centre species: [([(step, species), ...], energy [eV]), ...]}."""
    found = {}
    for k, centre in enumerate(np.asarray(interactions.centre).tolist()):
        part = range(interactions.other_ptr[k], interactions.other_ptr[k + 1])
        members = [(tuple(np.asarray(interactions.offsets)[interactions.other_position[i]].tolist()),
                    int(interactions.other_species[i])) for i in part]
        found.setdefault(centre, []).append((members, int(interactions.energy[k]) * QUANTUM))
    return found

# SPDX-License-Identifier: BSD-3-Clause
"""How far an event reaches through interactions: which sites' rates it can touch, and by how much at most.

The energy change of a rule is a sum of energies of the sites that it changes. What an event elsewhere adds to it is
known for pairs, and lies between zero and the energy of the cluster for anything larger. From the lowest sum follows
the most that the rate can rise; with it, most sites that an event touches need not be rated again.
"""
import numpy as np

ROUNDING = (1e-6, 1e-8)
"""(float, float): what single precision may lose, relative and per event [eV]."""


def touched_sites(interactions, rules):
    """Sites whose rates an event can touch through energies, and the most that they can rise.

    Parameters
    ----------
    interactions : kmc_core.Interactions
    rules : kmc_core.Rules

    Returns
    -------
    offsets : int32, shape (n_positions, 3)
        Positions around an anchor, closed under inversion.
    touched_ptr : int32, shape (n_rules + 1,)
    touched : int32, shape (n_touched,)
        Positions of the sites that an event of each rule can touch, without those that it changes; -1 = the anchor.
    drift : float32, shape (n_touched, n_species + 1)
        Upper bound of kB T ln(rate after / rate before) of any rule there, by the species of its anchor [eV]; infinite
        where a rule may become possible, zero where nothing is noticed.
    """
    steps = _Steps(interactions, rules)
    found = [steps.of_event(rule) for rule in range(len(rules.rule_process))]
    union = {where for wheres, _ in found for where in wheres}
    union |= {tuple(-c for c in where) for where in union}
    offsets = sorted(union - {(0, 0, 0)}, key=lambda where: (sum(c * c for c in where), where))
    index = {where: j for j, where in enumerate(offsets)} | {(0, 0, 0): -1}
    touched = np.array([index[where] for wheres, _ in found for where in wheres], dtype=np.int32)
    drift = np.concatenate([np.zeros((0, rules.n_species + 1)), *(rise for _, rise in found)])
    drift += np.where(drift != 0.0, ROUNDING[0] * np.abs(drift) + ROUNDING[1], 0.0)
    touched_ptr = np.cumsum([0] + [len(wheres) for wheres, _ in found]).astype(np.int32)
    return np.array(offsets, dtype=np.int32).reshape(-1, 3), touched_ptr, touched, drift.astype(np.float32)


class _Steps:
    """What the coming and going of species does to the energy change of every rule around."""

    def __init__(self, interactions, rules):
        self.rules = rules
        self._places = [(0, 0, 0), *map(tuple, np.asarray(rules.offsets).tolist())]
        self._anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
        self._looks = [self._looks_of(rule) for rule in range(len(rules.rule_process))]
        self._changes = [self._changes_of(rule) for rule in range(len(rules.rule_process))]
        self._flatter, self._steeper = _slopes(interactions, rules)
        self._lowest = self._lowest_shares(_shares(interactions))

    def _looks_of(self, rule):
        """{place: species that a rule allows there}, its anchor included."""
        rules = self.rules
        found = {(0, 0, 0): (int(self._anchor[rule]),)}
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

    def _lowest_shares(self, shares):
        """{(species, +1 comes or -1 goes): {step from an anchor: lowest addition to every rule's energy change}}."""
        lowest = {}
        for rule, changes in enumerate(self._changes):
            if not self._steeper[rule]:
                continue
            for place, before, after in changes:
                for sign, centre in ((1, after), *((-1, each) for each in before)):
                    for (member, step), (pair, low, high) in shares.get(centre, {}).items():
                        where = tuple(a + b for a, b in zip(place, step, strict=True))
                        for way in (1, -1):
                            exact, many = sign * way * pair, (low if sign * way > 0 else -high)
                            # where several species may stand before, at most one of them does
                            share = exact + many if sign > 0 or len(before) == 1 else min(exact + many, 0.0)
                            row = lowest.setdefault((member, way), {}).setdefault(where, np.zeros(len(self._changes)))
                            row[rule] += share
        return lowest

    def of_event(self, rule):
        """Positions around the anchor of an event that it touches, and the most that rates there rise."""
        size = len(self._changes)
        sites = {}
        for place, before, after in self._changes[rule]:
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
        wheres = sorted({*sites, *enabled} - {place for place, _, _ in self._changes[rule]})
        rises = np.zeros((len(wheres), self.rules.n_species + 1))
        for i, where in enumerate(wheres):
            low = sites.get(where, np.zeros(size))
            rise = np.where(low < 0.0, -low * self._steeper, -low * self._flatter)
            rise[list(enabled.get(where, ()))] = np.inf
            for species in range(self.rules.n_species):
                mine = rise[self.rules.rule_ptr[species]:self.rules.rule_ptr[species + 1]]
                rises[i, species] = mine.max() if len(mine) else 0.0
        return wheres, rises

    def _enabled_by(self, rule):
        """{anchor: rules there that the event of this one may make possible, or that change what it changes}."""
        found = {}
        for place, before, after in self._changes[rule]:
            for other, looks in enumerate(self._looks):
                changed = {mine for mine, _, _ in self._changes[other]}
                for mine, allowed in looks.items():
                    if after in allowed and (mine in changed or not set(before) <= set(allowed)):
                        found.setdefault(tuple(a - b for a, b in zip(place, mine, strict=True)), set()).add(other)
        return found


def _slopes(interactions, rules):
    """float64, shape (n_rules,) twice: smallest and largest slope among the lines of each rule's process."""
    flatter, steeper = np.zeros(len(rules.rule_process)), np.zeros(len(rules.rule_process))
    for rule, process in enumerate(np.asarray(rules.rule_process).tolist()):
        slopes = np.asarray(interactions.line_slope)[interactions.line_ptr[process]:interactions.line_ptr[process + 1]]
        if len(slopes):
            flatter[rule], steeper[rule] = slopes.min(), slopes.max()
    return flatter, steeper


def _shares(interactions):
    """{centre species: {(member species, step): (pair energy, lowest and highest sum of larger clusters)}} [eV]."""
    shares = {}
    for k, centre in enumerate(np.asarray(interactions.centre).tolist()):
        part = range(interactions.other_ptr[k], interactions.other_ptr[k + 1])
        energy = int(interactions.energy[k]) * 1e-9
        for i in part:
            step = tuple(np.asarray(interactions.offsets)[interactions.other_position[i]].tolist())
            of_centre = shares.setdefault(centre, {})
            pair, low, high = of_centre.get((int(interactions.other_species[i]), step), (0.0, 0.0, 0.0))
            if len(part) == 1:
                pair += energy
            else:
                low, high = low + min(energy, 0.0), high + max(energy, 0.0)
            of_centre[int(interactions.other_species[i]), step] = (pair, low, high)
    return shares

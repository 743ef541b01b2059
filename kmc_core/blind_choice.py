# SPDX-License-Identifier: BSD-3-Clause
"""The set of blind rules (`keys`) that saves most, by what null events, notices and looks cost.

Rules that share anchor species and process are a family, and blind together. Families are added to the set in the order
of the null events that they would cost; of the sets met the best one is taken, without the families that it does as
well without, if it is clearly better than the one in force.
"""
import numpy as np

NULL_EVENT, NOTICE, LOUD_EVENT, LOOK = 40.0, 13.0, 20.0, 12.0
"""float: what a null event costs, a neighbour that has to be told, an event beside which anybody could have to be told
or after which the changed sites look around (it is loud), and the look around of a blind rule that is loud [ns]. With
the first three `hop3d` goes from 88 to 54 ns an event in the cache."""

CLEARLY = 2.0
"""float: by how much another set must be better [ns per event]; to classify all sites anew costs something, too."""


def best_choice(rules, family, is_blind, may_be, sample):
    """Which rules should be blind.

    Parameters
    ----------
    rules : kmc_core.Rules
    family : int32, shape (n_rules,)
    is_blind, may_be : bool, shape (n_rules,)
        Which ones are, and which ones are not barred from it.
    sample : tuple
        Of what happens: from `blind_review.sample`.

    Returns
    -------
    bool, shape (n_rules,)
    """
    costs = Costs(rules, family, *sample)
    may = costs.may_be_blind(may_be)
    chosen = np.zeros(costs.n, dtype=bool)
    best, least = chosen.copy(), costs.of(chosen)
    for each in np.argsort(costs.waste, kind="stable"):
        if may[each]:
            chosen[each] = True
            if costs.of(chosen) < least:
                best, least = chosen.copy(), costs.of(chosen)
    for each in np.flatnonzero(best):
        best[each] = False
        best[each] = costs.of(best) > least
    now = np.zeros(costs.n, dtype=bool)
    now[family[is_blind]] = True
    return best[family] if costs.of(best) < costs.of(now) - CLEARLY * costs.total else np.array(is_blind, dtype=bool)


class Costs:
    """What events cost besides themselves, for any set of blind families.

    Parameters
    ----------
    rules : kmc_core.Rules
    family : int32, shape (n_rules,)
    possible, actual : float64, shape (n_rules,), [1/s]
    told : int64, shape (n_told, 4)
    rate : float64, shape (n_told,), [1/s]
        As from `blind_review.sample`.

    Attributes
    ----------
    n : int
        Families.
    total : float
        Rate of all events [1/s].
    waste : float64, shape (n,)
        Rate of null events of each family if it is blind [1/s].
    """

    def __init__(self, rules, family, possible, actual, told, rate):
        self.rules, self.family, self.actual, self.told, self.rate = rules, family, actual, told, rate
        self.n, self.total = int(family.max(initial=-1)) + 1, float(actual.sum())
        self.waste = np.bincount(family, weights=possible - actual, minlength=self.n)
        self.seen = np.bincount(family, weights=possible, minlength=self.n)
        structure = structure_of(rules, family)
        self._disturbs, self._cares = structure.disturbs, structure.cares(told)

    def may_be_blind(self, may_be):
        """bool, shape (n,): families with conditions whose rules may all be blind, and whose species there is."""
        allowed = may_be & (np.diff(self.rules.condition_ptr) > 0)
        return (np.bincount(self.family, weights=~allowed, minlength=self.n) == 0) & (self.seen > 0.0)

    def of(self, blind):
        """What null events, notices, loud events and looks cost [ns per s]; `blind`: bool, shape (n,)."""
        seeing = np.append(~blind, True)  # who only counts neighbours is never blind
        is_loud = self._disturbs[seeing].any(axis=0)
        looks = is_loud & blind[self.family]
        return (NULL_EVENT * self.waste[blind].sum() + NOTICE * self.rate[self._cares[seeing].any(axis=0)].sum()
                + LOUD_EVENT * self.actual[is_loud].sum() + LOOK * self.actual[looks].sum())


def structure_of(rules, family):
    """`Structure` of rules; worked out the first time, since all parts of a lattice share it."""
    if "_structure" not in rules.__dict__:
        rules.__dict__["_structure"] = Structure(rules, family)
    return rules.__dict__["_structure"]


class Structure:
    """Who looks where for what, by family; depends on nothing that happens.

    Attributes
    ----------
    disturbs : bool, shape (n_families + 1, n_rules)
        Which families make events of which rules loud; the last row is that of who only counts neighbours.
    """

    def __init__(self, rules, family):
        self.n, n = int(family.max(initial=-1)) + 1, rules.n_species
        self._anchor = np.repeat(np.arange(n), np.diff(rules.rule_ptr))
        self._looks = {}
        for key, values in self._find(rules, family):
            self._looks.setdefault(key, {})[values.tobytes()] = values
        apart = np.zeros((self.n + 1, n + 1, n + 1), dtype=bool)
        looks = np.zeros((self.n + 1, n), dtype=bool)
        for (anchor, _, row), found in self._looks.items():
            looks[row, anchor] = True
            for values in found.values():
                apart[row] |= values[:, None] != values[None, :]
        self.disturbs = np.zeros((self.n + 1, len(family)), dtype=bool)
        for rule, changes in enumerate(self._changes(rules)):
            for olds, new in changes:
                self.disturbs[:, rule] |= looks[:, new] | apart[:, olds, new].any(axis=1)

    def cares(self, told):
        """bool, shape (n_families + 1, n_told): which families tell the old species from the new one, there."""
        found = np.zeros((self.n + 1, len(told)), dtype=bool)
        places = {}
        for k, (species, position) in enumerate(told[:, :2].tolist()):
            places.setdefault((species, position), []).append(k)
        for (anchor, position, row), looks in self._looks.items():
            here = places.get((anchor, position))
            if here is not None:
                old, new = told[here, 2], told[here, 3]
                for values in looks.values():
                    found[row, here] |= values[old] != values[new]
        return found

    def _find(self, rules, family):
        """What rules look at: (species of the anchor, position, row of the family), value of each species."""
        for name, values in (("condition", rules.condition_allowed), ("term", rules.term_weight)):
            pointers, positions = getattr(rules, f"{name}_ptr"), getattr(rules, f"{name}_position")
            for k, rule in enumerate(np.repeat(np.arange(len(self._anchor)), np.diff(pointers)).tolist()):
                row = int(family[rule]) if name == "condition" else self.n
                yield (int(self._anchor[rule]), int(positions[k]), row), np.array(values[k])

    def _changes(self, rules):
        """For every rule a list of (species that may be there before, species after)."""
        for rule, anchor in enumerate(self._anchor.tolist()):
            looks = range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1])
            before = {int(rules.condition_position[k]): np.flatnonzero(rules.condition_allowed[k][:rules.n_species])
                      for k in looks}
            before[-1] = np.array([anchor])
            yield [(before[int(rules.change_position[k])], int(rules.change_species[k]))
                   for k in range(rules.change_ptr[rule], rules.change_ptr[rule + 1])]

# SPDX-License-Identifier: BSD-3-Clause
"""How often what happens on one side of an edge can go on to the other, by the rates of the rules.

A window of a lattice in parts has to be shorter than what carries something over an edge again and again. Not every
fast process does: one that consumes what it starts from happens once, and a neighbour sees it late by less than a
window, like the slow step before it.

What moves something into another column counts with its own rate or with that of the slowest step on the fastest way
back to where it can start again, whichever is less. What stays in its column, like the growth of a surface, is noticed
next door if a process looks there; it counts with its own rate or with that of what makes it possible, whichever is
less, and so on back through the processes. What nothing makes possible, like adsorption on sites that are there from
the beginning, counts with its own rate.
"""
from functools import lru_cache

import numpy as np


def reaching_rates(rules, rates):
    """Largest rate at which each rule can carry something to another column, again and again.

    Parameters
    ----------
    rules : kmc_core.Rules
    rates : float64, shape (n_rates,), [1/s]
        In the order of `Rules.rates`.

    Returns
    -------
    float64, shape (n_rules,), [1/s]
        Zero for rules that nothing in another column notices.
    """
    return _reach(_Structure(rules)).rates(rates)


class _Structure:
    """Rules but for their rates; the same if they share their arrays, as `dataclasses.replace` leaves them."""

    def __init__(self, rules):
        self.rules = rules

    def __hash__(self):
        return id(self.rules.change_species)

    def __eq__(self, other):
        return self.rules.change_species is other.rules.change_species


@lru_cache(maxsize=2)
def _reach(structure):
    return Reach(structure.rules)


class Reach:
    """What rules can do to other columns; depends on what they are, not on how fast.

    Parameters
    ----------
    rules : kmc_core.Rules
    """

    def __init__(self, rules):
        self.rules, self._process = rules, np.asarray(rules.rule_process)
        self._anchors = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
        self._lateral = np.append(np.any(np.asarray(rules.offsets).reshape(-1, 3)[:, 1:] != 0, axis=1), False)
        self._changes = [_changes(rules, rule, anchor) for rule, anchor in enumerate(self._anchors)]
        self._moves = np.zeros(rules.n_processes, dtype=bool)
        for rule, changes in enumerate(self._changes):
            self._moves[self._process[rule]] |= any(self._lateral[position] for position, _, _ in changes)
        self._is_seen, self._feeds = self._influences()

    def _influences(self):
        """Which processes are noticed in other columns, and which make which others possible: bool arrays."""
        n = self.rules.n_processes
        gains, needs = [set() for _ in range(n)], [{} for _ in range(n)]
        for rule, changes in enumerate(self._changes):
            gains[self._process[rule]] |= {(old, new) for _, olds, new in changes for old in olds if old != new}
            for allowed in self._looks(rule, everywhere=True):
                needs[self._process[rule]][allowed.tobytes()] = allowed
        looks = {allowed.tobytes(): allowed for rule in range(len(self._process))
                 for allowed in self._looks(rule, everywhere=False)}.values()
        is_seen = [any(allowed[old] != allowed[new] for old, new in pairs for allowed in looks) for pairs in gains]
        feeds = [[any(allowed[new] and not allowed[old] for old, new in pairs for allowed in need.values())
                  for need in needs] for pairs in gains]
        return np.array(is_seen, dtype=bool), np.array(feeds, dtype=bool).reshape(n, n)

    def _looks(self, rule, everywhere):
        """Species between which a rule makes a difference, each bool, shape (n_species + 1,).

        Those that it allows, at its anchor too, or with `everywhere` False what it asks of other columns: there,
        also the neighbours that change its rate.
        """
        rules = self.rules
        for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
            if everywhere or self._lateral[rules.condition_position[k]]:
                yield np.asarray(rules.condition_allowed)[k].astype(bool)
        if everywhere:
            yield np.arange(rules.n_species + 1) == self._anchors[rule]
            return
        for k in range(rules.term_ptr[rule], rules.term_ptr[rule + 1]):
            if self._lateral[rules.term_position[k]]:
                weight = np.asarray(rules.term_weight)[k]
                yield from (weight == value for value in np.unique(weight))

    def rates(self, rates):
        """What `reaching_rates` gives."""
        fastest = np.array([_fastest(self.rules, rates, rule) for rule in range(len(self._process))])
        return np.maximum(self._moving(fastest), self._noticed(fastest))

    def _moving(self, fastest):
        """Rate of what changes other columns, float64, shape (n_rules,), [1/s]."""
        n_species = self.rules.n_species
        way = np.zeros((n_species, n_species))
        for rule, changes in enumerate(self._changes):
            for _, olds, new in changes:
                for old in {self._anchors[rule], *olds}:
                    way[old, new] = max(way[old, new], fastest[rule])
        np.fill_diagonal(way, np.inf)
        for middle in range(n_species):  # widest ways, after Floyd and Warshall
            way = np.maximum(way, np.minimum(way[:, middle, None], way[None, middle, :]))
        back = [max((way[new, anchor] for position, _, new in changes if self._lateral[position]), default=0.0)
                for anchor, changes in zip(self._anchors, self._changes, strict=True)]
        return np.minimum(fastest, back)

    def _noticed(self, fastest):
        """Rate of what stays in its column and is noticed in others, float64, shape (n_rules,), [1/s].

        A process that moves something along columns as well as between them is measured by the latter alone: the two
        are as fast, and what moves up and down is noticed only by what could have moved there.
        """
        speed = np.zeros(self.rules.n_processes)
        np.maximum.at(speed, self._process, fastest)
        feeds = self._feeds & (speed > 0.0)[:, None]
        again, before = speed, None
        while before is None or (again != before).any():
            fed = np.where(feeds.any(axis=0), np.where(feeds, again[:, None], 0.0).max(axis=0, initial=0.0), np.inf)
            again, before = np.minimum(again, fed), again
        counts = self._is_seen & ~self._moves
        return np.where(counts[self._process], np.minimum(fastest, again[self._process]), 0.0)


def _changes(rules, rule, anchor):
    """Position, species that may have been there, and species that is there afterwards, of each change of a rule."""
    part = slice(rules.change_ptr[rule], rules.change_ptr[rule + 1])
    return [(position, [int(anchor)] if position < 0 else _allowed(rules, rule, position), new)
            for position, new in zip(np.asarray(rules.change_position)[part].tolist(),
                                     np.asarray(rules.change_species)[part].tolist(), strict=True)]


def _allowed(rules, rule, position):
    """Species that a rule allows at a position."""
    for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
        if rules.condition_position[k] == position:
            return np.flatnonzero(np.asarray(rules.condition_allowed)[k, :rules.n_species]).tolist()
    return []


def _fastest(rules, rates, rule):
    """Largest rate constant in the table of a rule [1/s]."""
    weight = np.asarray(rules.term_weight)[rules.term_ptr[rule]:rules.term_ptr[rule + 1]]
    step = int(rules.rule_layer[rule]) * (rules.n_layers - 1)
    low = int(rules.rule_rate[rule]) + (int(weight.min(axis=1).sum()) if len(weight) else 0) + min(step, 0)
    high = int(rules.rule_rate[rule]) + (int(weight.max(axis=1).sum()) if len(weight) else 0) + max(step, 0)
    return float(np.max(rates[low:high + 1]))

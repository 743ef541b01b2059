# SPDX-License-Identifier: BSD-3-Clause
"""What an event of each rule does, worked out in advance: the loop reads one record a rule and one a changed site."""
import numpy as np

CHANGE = np.dtype([("key", np.int64), ("position", np.int32), ("partner", np.int32), ("species", np.int32)], align=True)
"""dtype: a change_plan. `key`: what the site's own key starts from, the partner's part included; `position`: where the
site is, seen from the anchor, n_positions being the anchor itself; `partner`: where the other site of a pair is, seen from
this one, n_positions if there is none; `species`: the new one."""

RULE = np.dtype([("first", np.int32), ("n", np.int32), ("process", np.int32)], align=True)
"""dtype: a rule_plan. Its first change, how many there are, and the process."""


def plans_of(rules, opposite):
    """Plans of all rules and of their changes.

    Where a rule changes two sites, one of them the anchor, each is the partner of the other: neither must be told of the
    other's change, and where it lies cannot be foreseen, so that asking for each neighbour whether it is the partner would
    be guessed wrong twice a hop. It is hidden instead, and what it adds to the other's key is known in advance.

    Parameters
    ----------
    rules : kmc_core.Rules
    opposite : int32, shape (n_positions,)
        Position with the negative offset.

    Returns
    -------
    rules, changes : structured arrays, shapes (n_rules,) and (n_changes,)
        Of types RULE and CHANGE.
    """
    n_positions = len(opposite)
    positions, species = np.asarray(rules.change_position), np.asarray(rules.change_species)
    changes = np.zeros(len(positions), dtype=CHANGE)
    changes["key"], changes["species"] = np.asarray(rules.base)[species], species
    changes["position"] = np.where(positions < 0, n_positions, positions)
    changes["partner"] = n_positions
    starts = np.asarray(rules.change_ptr)
    plans = np.zeros(len(starts) - 1, dtype=RULE)
    plans["first"], plans["n"], plans["process"] = starts[:-1], np.diff(starts), rules.rule_process
    for first in starts[:-1][plans["n"] == 2].tolist():
        for own, other in ((first, first + 1), (first + 1, first)):
            if positions[own] < 0 or positions[other] < 0:
                partner = positions[other] if positions[own] < 0 else opposite[positions[own]]
                changes["partner"][own] = partner
                changes["key"][own] += _hidden(rules, species[own], partner, species[other])
    return plans, changes


def _hidden(rules, species, position, other):
    """Key that a neighbour adds for a species, less what the outside adds in its place."""
    weights = np.asarray(rules.weights)[species, position]
    return weights[other] - weights[rules.n_species]

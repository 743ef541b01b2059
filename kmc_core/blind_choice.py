# SPDX-License-Identifier: BSD-3-Clause
"""The set of blind rules (`keys`) that saves most, by what null events and notices cost.

Rules that share anchor species and process are a family, and blind together. The more null events a family would cost,
the later its turn: the best of the sets that hold the first of them is taken, if it is clearly better than the one in
force.
"""
import numpy as np

NULL_EVENT, NOTICE, LOUD_EVENT = 40.0, 13.0, 20.0
"""float: what a null event costs, a neighbour that has to be told, and an event beside which anybody could have to be
told or after which the changed sites look around [ns]; so `hop3d` goes from 88 to 54 ns an event in the cache."""

CLEARLY = 2.0
"""float: by how much another choice must be better [ns per event]; to classify all sites anew costs something, too."""


def best_choice(rules, family, is_blind, may_be, possible, actual, told, rate):
    """Which rules should be blind.

    Parameters
    ----------
    rules : kmc_core.Rules
    family : int32, shape (n_rules,)
    is_blind, may_be : bool, shape (n_rules,)
        Which ones are, and which ones are not barred from it.
    possible, actual : float64, shape (n_rules,), [1/s]
    told : int64, shape (n_told, 4)
    rate : float64, shape (n_told,), [1/s]
        As from `blind_rules.sample`.

    Returns
    -------
    bool, shape (n_rules,)
    """
    total, n_families = actual.sum(), int(family.max(initial=-1)) + 1
    if total <= 0.0:
        return is_blind
    waste, seen = (np.bincount(family, weights=each, minlength=n_families) for each in (possible - actual, possible))
    may = np.ones(n_families, dtype=bool)
    np.logical_and.at(may, family, may_be & (np.diff(rules.condition_ptr) > 0))
    may &= seen > 0.0
    order = np.argsort(np.where(may, waste, np.inf), kind="stable")[:int(may.sum())]
    turn = np.full(n_families, n_families, dtype=np.int64)
    turn[order] = np.arange(len(order))
    saved = _saved(rules, family, turn, actual, told, rate)[:len(order) + 1]
    saved -= NULL_EVENT * np.concatenate([[0.0], np.cumsum(waste[order])])
    best = int(np.argmax(saved))
    chosen = np.isin(family, order[:best])
    if saved[best] - _saved_now(rules, family, is_blind, waste, actual, told, rate) < CLEARLY * total:
        return is_blind
    return chosen


def _saved(rules, family, turn, actual, told, rate):
    """What notices and loud events cost less if the families of the first turns are blind, none of them to all [ns per s]."""
    n = len(turn)
    last, silent = _last_to_care(rules, family, turn, told), _last_to_be_loud(rules, family, turn)
    freed = NOTICE * np.bincount(last + 1, weights=rate, minlength=n + 2)
    freed += LOUD_EVENT * np.bincount(silent + 1, weights=actual, minlength=n + 2)
    freed[0] = 0.0                    # what nobody cares for costs nothing in any case
    return np.cumsum(freed)[:n + 1]


def _saved_now(rules, family, is_blind, waste, actual, told, rate):
    """What the choice in force saves [ns per s], as estimated for others."""
    turn = np.full(len(waste), len(waste), dtype=np.int64)
    turn[family[is_blind]] = 0
    return _saved(rules, family, turn, actual, told, rate)[1] - NULL_EVENT * waste[turn == 0].sum()


def _last_to_care(rules, family, turn, told):
    """int64, shape (n_told,): the last turn of a family that tells old and new apart; -1 if none does.

    Who only counts neighbours notices in any case: there is no turn for that, but one behind all.
    """
    last = np.full(len(told), -1, dtype=np.int64)
    for anchor, position, values, when in _looks(rules, family, turn):
        cares = (told[:, 0] == anchor) & (told[:, 1] == position) & (values[told[:, 2]] != values[told[:, 3]])
        last[cares] = np.maximum(last[cares], when)
    return last


def _last_to_be_loud(rules, family, turn):
    """int64, shape (n_rules,): the last turn of a family that can make an event of a rule loud; -1 if none does."""
    n = rules.n_species
    pair, own = np.full((n + 1, n + 1), -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for anchor, _, values, when in _looks(rules, family, turn):
        apart = values[:, None] != values[None, :]
        pair[apart] = np.maximum(pair[apart], when)
        own[anchor] = max(own[anchor], when)
    anchors = np.repeat(np.arange(n), np.diff(rules.rule_ptr))
    last = np.full(len(anchors), -1, dtype=np.int64)
    for rule, anchor in enumerate(anchors.tolist()):
        looks = range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1])
        before = {int(rules.condition_position[k]): rules.condition_allowed[k][:n] != 0 for k in looks}
        before[-1] = np.arange(n) == anchor
        for k in range(rules.change_ptr[rule], rules.change_ptr[rule + 1]):
            new, olds = int(rules.change_species[k]), np.flatnonzero(before[int(rules.change_position[k])])
            last[rule] = max(last[rule], own[new], pair[olds, new].max(initial=-1))
    return last


def _looks(rules, family, turn):
    """Everything that a rule looks at: species of its anchor, position, what it makes of each species, turn."""
    anchor = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
    for name, values in (("condition", rules.condition_allowed), ("term", rules.term_weight)):
        pointers, positions = getattr(rules, f"{name}_ptr"), getattr(rules, f"{name}_position")
        for k, rule in enumerate(np.repeat(np.arange(len(anchor)), np.diff(pointers)).tolist()):
            yield anchor[rule], positions[k], np.asarray(values[k]), (turn[family[rule]] if name == "condition"
                                                                    else len(turn))

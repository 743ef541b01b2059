# SPDX-License-Identifier: BSD-3-Clause
"""How often what happens on one side of an edge can go on to the other, by the rates of the rules.

A window of a lattice in parts has to be shorter than what carries something over an edge again and again. Not every
fast process does: one that consumes what it starts from happens once, and a neighbour sees it late by less than a
window, like the slow step before it. So a rule counts with its own rate or with that of the slowest step on the fastest
way back to where it can start again, whichever is less; and only if it changes a site of another column.
"""
import numpy as np


def reaching_rates(rules, rates):
    """Largest rate at which each rule can carry something to another column and start again.

    Parameters
    ----------
    rules : kmc_core.Rules
    rates : float64, shape (n_rates,), [1/s]
        In the order of `Rules.rates`.

    Returns
    -------
    float64, shape (n_rules,), [1/s]
        Zero for rules that stay in their column.
    """
    n_rules = len(rules.rule_process)
    anchors = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
    fastest = np.array([_fastest(rules, rates, rule) for rule in range(n_rules)])
    way = np.zeros((rules.n_species, rules.n_species))
    lateral = [[] for _ in range(n_rules)]
    for rule in range(n_rules):
        for position, new in _changes(rules, rule):
            is_lateral = position >= 0 and np.any(np.asarray(rules.offsets)[position, 1:])
            if is_lateral:
                lateral[rule].append(new)
            for old in [anchors[rule]] if position < 0 else [anchors[rule], *_allowed(rules, rule, position)]:
                way[old, new] = max(way[old, new], fastest[rule])
    np.fill_diagonal(way, np.inf)
    for middle in range(rules.n_species):  # widest ways, after Floyd and Warshall
        way = np.maximum(way, np.minimum(way[:, middle, None], way[None, middle, :]))
    back = [max((way[new, anchors[rule]] for new in lateral[rule]), default=0.0) for rule in range(n_rules)]
    return np.minimum(fastest, back)


def _changes(rules, rule):
    part = slice(rules.change_ptr[rule], rules.change_ptr[rule + 1])
    return zip(np.asarray(rules.change_position)[part].tolist(), np.asarray(rules.change_species)[part].tolist(),
               strict=True)


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

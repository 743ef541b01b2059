# SPDX-License-Identifier: BSD-3-Clause
"""Keys of environments: what a site can tell apart, as additive numbers; and rules that look around only when drawn.

A rule is *blind* if its site is listed with it whatever is around: what it asks of its neighbours is looked at when it
has been drawn, and if they are not as it wants, nothing happens (a null event). That is the same process, by thinning:
each rule still starts with its rate constant where its conditions hold, and never elsewhere. Neighbours that only blind
rules look at add nothing to a key, so that nobody has to be told when they change.
"""
from dataclasses import replace

import numpy as np

MAX_KEY = 2**62
"""int: mixed-radix keys stay below it; above, keys are hashed."""

N_LEVELS = 65536
"""int: electron levels that the core can tell apart."""

MOST_KEPT = 16
"""int: sets of blind rules whose keys and tables are kept for whoever chooses them next."""


def with_keys(rules):
    """Rules with the keys that follow from all that those look at which are not blind.

    Mixed radix over what each species can tell apart, so that no two environments share a key.

    Parameters
    ----------
    rules : kmc_core.Rules
        Their `weights`, `base` and strides are not looked at.

    Returns
    -------
    kmc_core.Rules
    """
    n_species, n_positions, n_any = np.shape(rules.weights)
    tunnels, layered = _by_species(rules, rules.rule_tunnels), _by_species(rules, rules.rule_layer)
    weights = np.zeros((n_species, n_positions, n_any), dtype=np.int64)
    base, stride, layer_stride = (np.zeros(n_species, dtype=np.int64) for _ in range(3))
    kinds, used = _kinds_of(rules), 1
    for species in range(n_species):
        size = 1
        for position in range(n_positions):
            weights[species, position] = kinds[species, position] * size
            size *= int(kinds[species, position].max()) + 1
            if size >= MAX_KEY:
                return with_hashed_keys(rules)
        base[species] = used
        if tunnels[species]:
            stride[species] = size
            size *= N_LEVELS
        if layered[species] and size < MAX_KEY:
            layer_stride[species] = size
            size *= rules.n_layers
        used += size
        if used >= MAX_KEY:
            return with_hashed_keys(rules)
    return replace(rules, weights=weights, base=base, level_stride=stride, layer_stride=layer_stride)


def with_blind(rules, is_blind):
    """The same rules, of which others are blind; kept with them, so that all parts of a lattice share it.

    Parameters
    ----------
    rules : kmc_core.Rules
    is_blind : bool, shape (n_rules,)

    Returns
    -------
    kmc_core.Rules
    """
    is_blind = np.asarray(is_blind, dtype=np.uint8)
    kept = rules.__dict__.setdefault("_with_blind", {rules.rule_is_blind.tobytes(): rules})
    found = kept.get(is_blind.tobytes())
    if found is None:
        if len(kept) >= MOST_KEPT:    # but for those that were given: their keys may be others, as hashes are
            for flags in list(kept)[1:]:
                del kept[flags]
        found = kept[is_blind.tobytes()] = with_keys(replace(rules, rule_is_blind=is_blind))
        found.__dict__["_with_blind"] = kept
    return found


def _by_species(rules, flags):
    """bool, shape (n_species,): whether any rule of a species has a flag."""
    has = np.asarray(flags) != 0
    return np.array([has[rules.rule_ptr[s]:rules.rule_ptr[s + 1]].any() for s in range(rules.n_species)], dtype=bool)


def _kinds_of(rules):
    """int64, shape of the weights: species that no rule tells apart at a position get the same number."""
    n_species, n_positions, n_any = np.shape(rules.weights)
    found = np.zeros((n_species, n_positions, n_any), dtype=np.int64)
    for species in range(n_species):
        columns = [[] for _ in range(n_positions)]
        for rule in range(rules.rule_ptr[species], rules.rule_ptr[species + 1]):
            if not rules.rule_is_blind[rule]:
                for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
                    columns[rules.condition_position[k]].append(rules.condition_allowed[k])
            for k in range(rules.term_ptr[rule], rules.term_ptr[rule + 1]):
                columns[rules.term_position[k]].append(rules.term_weight[k])
        for position, looks in enumerate(columns):
            if looks:
                table = np.array(looks, dtype=np.int64).T
                found[species, position] = np.unique(table, axis=0, return_inverse=True)[1].ravel()
    return found


def with_hashed_keys(rules):
    """`with_keys` where mixed radix overflows: random 62-bit parts.

    n environments collide with probability below n**2 / 2**63: 1e-7 for a million.
    """
    kinds = _kinds_of(rules)
    tunnels, layered = _by_species(rules, rules.rule_tunnels), _by_species(rules, rules.rule_layer)
    generator = np.random.Generator(np.random.PCG64(20221102))
    n_species, n_positions, _ = kinds.shape
    weights = np.zeros_like(kinds)
    for species in range(n_species):
        for position in range(n_positions):
            parts = generator.integers(1, MAX_KEY, size=int(kinds[species, position].max()) + 1)
            parts[0] = 0              # a position that is never looked at adds nothing
            weights[species, position] = parts[kinds[species, position]]
    base = generator.integers(1, MAX_KEY, size=n_species)
    strides = [np.where(each, generator.integers(1, MAX_KEY, size=n_species) | 1, 0) for each in (tunnels, layered)]
    return replace(rules, weights=weights, base=base, level_stride=strides[0], layer_stride=strides[1])

# SPDX-License-Identifier: BSD-3-Clause
"""Rules for a part of a lattice: it knows the sites around it, but these start nothing there.

A site of another part that shows species s has species n + s here, where n is the number of species. It looks like s to
every rule and starts none, so the engine treats both kinds of sites alike.
"""
from dataclasses import replace

import numpy as np

MAX_SPECIES = 127
"""int: most species of a lattice that is cut into parts; each of them takes two of the 254 that an engine knows."""


def with_ghosts(rules):
    """The same rules for twice as many species; the upper half are those of sites that belong to other parts.

    Parameters
    ----------
    rules : kmc_core.Rules

    Returns
    -------
    kmc_core.Rules

    Raises
    ------
    ValueError
        If there are more than MAX_SPECIES species.
    """
    n = rules.n_species
    if n > MAX_SPECIES:
        raise ValueError(f"a lattice of {n} species cannot be cut into parts; {MAX_SPECIES} are possible")
    seen = np.concatenate([np.arange(n), np.arange(n), [n]])  # what a species looks like, and the outside
    weights = np.zeros((2 * n, len(rules.offsets), 2 * n + 1), dtype=np.int64)
    weights[:n] = np.asarray(rules.weights)[:, :, seen]
    starts = np.concatenate([rules.rule_ptr, np.full(n, rules.rule_ptr[-1])])
    strides = {name: np.concatenate([np.asarray(getattr(rules, name)), np.zeros(n, dtype=np.int64)])
               for name in ("base", "level_stride", "layer_stride")}
    return replace(rules, n_species=2 * n, weights=weights, rule_ptr=starts.astype(np.int32),
                   condition_allowed=np.asarray(rules.condition_allowed)[:, seen],
                   term_weight=np.asarray(rules.term_weight)[:, seen], **strides)


def decay_with_ghosts(decay):
    """Decay quanta of the species of `with_ghosts`.

    Parameters
    ----------
    decay : int64, shape (n_species + 1,)

    Returns
    -------
    int64, shape (2 n_species + 1,)
    """
    decay = np.asarray(decay)
    return np.concatenate([decay[:-1], decay])

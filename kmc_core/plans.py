# SPDX-License-Identifier: BSD-3-Clause
"""What an event of each rule does, worked out in advance: the loop reads one record a rule and one a changed site.

All of it follows from the rules alone, whatever their rates, and is kept with them: the sectors of a lattice in tiles
share it.
"""
import numpy as np

CHANGE = np.dtype([("key", np.int64), ("base", np.int64), ("row", np.int64), ("position", np.int32),
                   ("partner", np.int32), ("others", np.uint32), ("dx", np.int8), ("dy", np.int8), ("dz", np.int8),
                   ("species", np.uint8), ("look", np.int32)], align=True)
"""dtype: a change_plan. `base`: what the site's own key starts from, `key`: the same with the partner's part included;
`row`: where the keys of the new species start, see `rows_of`; `position`: where the site is, seen from the anchor,
n_positions being the anchor itself; `partner`: where the other site of a pair is, seen from this one, n_positions if
there is none; `others`: bits of all positions but that; `dx`, `dy`, `dz`: steps from the anchor; `species`: the new
one; `look`: which of the looks of its rule finds the site, counted from 1, 0 for the anchor."""

RULE = np.dtype([("first", np.int32), ("process", np.int32), ("first_look", np.int32), ("n_looks", np.int16),
                 ("n", np.int8), ("manner", np.int8), ("x", np.int32), ("y", np.int32), ("z", np.int32),
                 ("species", np.uint8)], align=True)
"""dtype: a rule_plan. Its first change, the process, its first look around; how many looks and changes there are; its
manner; where the tables of coordinates start for what it looks at first, as in LOOK; of a swap, the species there."""

LISTED, BLIND, QUIET, SWAP = 0, 1, 2, 3
"""int: manners of rules. A listed one is listed only where it is possible. A blind one (`keys`) looks around when it
has been drawn. So does a quiet one, blind or not, and nobody has to be told of its event: no neighbour of the changed
sites notices, nor does anything around count for their own keys. A swap is quiet, and its anchor exchanges species with
the only site that it looks at, of which one species is enough to know the class: the hop of a walker."""

LOOK = np.dtype([("x", np.int32), ("y", np.int32), ("z", np.int32), ("allowed", np.int32)], align=True)
"""dtype: a look_plan, one for each condition. Where the tables of coordinates start for the position that it looks at,
as `LatticeState.shift`; where what is allowed there starts in `condition_allowed`."""

MOST_TOLD = 1 << 25
"""int: largest table of what changes of species tell neighbours [bytes]."""

FEW_POSITIONS = 8
"""int: positions around a site that one number has a bit for, above a key."""

NOTICES = 56
"""int: the first of these bits, as in events.pxd."""


def plans_of(rules, opposite, shift, has_swaps=True):
    """Plans of all rules, of their changes, and of their looks around.

    Where a rule changes two sites, one of them the anchor, each is the partner of the other: neither must be told of
    the other's change, and where it lies cannot be foreseen, so that asking each neighbour whether it is the partner
    would be guessed wrong twice a hop. Its bit is taken out of those of the neighbours that notice; where there are no
    such bits it is hidden, and what it adds to the other's key is known in advance.

    Parameters
    ----------
    rules : kmc_core.Rules
    opposite : int32, shape (n_positions,)
        Position with the negative offset.
    shift : int32, shape (n_positions, 3)
        Start of every position in the tables of x, y, z, which is the same for all boxes.
    has_swaps : bool
        Whether the species tell all that an exchange of two sites brings about: not where electrons tunnel.

    Returns
    -------
    rules, changes, looks : structured arrays, shapes (n_rules,), (n_changes,) and (n_conditions + 1,)
        Of types RULE, CHANGE and LOOK; not to be changed.
    """
    return _kept(rules, "_plans" if has_swaps else "_plans_without_swaps",
                 lambda: _plans(rules, opposite, shift, has_swaps))


def _kept(rules, name, work_out):
    """What is kept with the rules under a name; worked out the first time."""
    if name not in rules.__dict__:
        rules.__dict__[name] = work_out()
    return rules.__dict__[name]


def _plans(rules, opposite, shift, has_swaps):
    n_positions = len(opposite)
    positions, species = np.asarray(rules.change_position), np.asarray(rules.change_species)
    changes = np.zeros(len(positions), dtype=CHANGE)
    changes["key"], changes["species"] = np.asarray(rules.base)[species], species
    changes["base"], changes["others"] = changes["key"], 2**32 - 1
    changes["position"] = np.where(positions < 0, n_positions, positions)
    changes["row"] = species.astype(np.int64) * (rules.n_species + 1) * _width(n_positions)
    steps = np.append(np.asarray(rules.offsets).reshape(-1, 3), [[0, 0, 0]], axis=0)[changes["position"]]
    changes["dz"], changes["dy"], changes["dx"] = steps.T
    changes["partner"] = n_positions
    starts = np.asarray(rules.change_ptr)
    plans = np.zeros(len(starts) - 1, dtype=RULE)
    plans["first"], plans["n"], plans["process"] = starts[:-1], np.diff(starts), rules.rule_process
    plans["first_look"], plans["n_looks"] = rules.condition_ptr[:-1], np.diff(rules.condition_ptr)
    plans["manner"] = np.where(_quiet(rules, opposite), QUIET, np.where(rules.rule_is_blind, BLIND, LISTED))
    changes["look"] = _looks(rules)
    looks = _looks_around(rules, shift)
    for name in ("x", "y", "z"):
        plans[name] = looks[name][plans["first_look"]]
    if has_swaps:
        _find_swaps(rules, plans, changes)
    for first in starts[:-1][plans["n"] == 2].tolist():
        for own, other in ((first, first + 1), (first + 1, first)):
            if positions[own] < 0 or positions[other] < 0:
                partner = positions[other] if positions[own] < 0 else opposite[positions[own]]
                changes["partner"][own] = partner
                changes["others"][own] &= 2**32 - 1 - (1 << int(partner) % 32)
                changes["key"][own] += _hidden(rules, species[own], partner, species[other])
    return plans, changes, looks


def _find_swaps(rules, plans, changes):
    """Set the manner of swaps, and the species that the other site has before."""
    is_plain = (np.asarray(rules.level_stride) == 0) & (np.asarray(rules.layer_stride) == 0)
    anchors = np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr))
    for rule in np.flatnonzero((plans["manner"] == QUIET) & (plans["n"] == 2) & (plans["n_looks"] == 1)):
        pair = changes[plans["first"][rule]:plans["first"][rule] + 2]
        own, other = pair[np.argsort(pair["look"])]
        species, allowed = own["species"], rules.condition_allowed[plans["first_look"][rule]]
        if (own["look"], other["look"]) == (0, 1) and other["species"] == anchors[rule] != species and (
                allowed[species] and is_plain[[species, anchors[rule]]].all()):
            plans["manner"][rule], plans["species"][rule] = SWAP, species


def _looks_around(rules, shift):
    """Looks around of all rules, of type LOOK; the last one belongs to none."""
    found = np.zeros(len(rules.condition_position) + 1, dtype=LOOK)
    found["x"][:-1], found["y"][:-1], found["z"][:-1] = np.asarray(shift)[rules.condition_position].reshape(-1, 3).T
    found["allowed"][:-1] = np.arange(len(rules.condition_position)) * (rules.n_species + 1)
    return found


def _looks(rules):
    """int32, shape (n_changes,): which look of its rule finds the site that is changed; it always looks there first."""
    found = np.zeros(len(rules.change_position), dtype=np.int32)
    for rule in range(len(rules.rule_process)):
        conditions = rules.condition_position[rules.condition_ptr[rule]:rules.condition_ptr[rule + 1]].tolist()
        for k in range(rules.change_ptr[rule], rules.change_ptr[rule + 1]):
            if rules.change_position[k] >= 0:
                found[k] = conditions.index(rules.change_position[k]) + 1
    return found


def _quiet(rules, opposite):
    """bool, shape (n_rules,): whether an event of each rule is noticed nowhere, as RULE has it."""
    noticed = _noticed(rules, opposite)
    looks = np.asarray(rules.weights).any(axis=(1, 2))
    found = np.ones(len(rules.rule_process), dtype=bool)
    for rule, anchor in enumerate(np.repeat(np.arange(rules.n_species), np.diff(rules.rule_ptr)).tolist()):
        before = {-1: np.arange(rules.n_species) == anchor}
        for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
            before[int(rules.condition_position[k])] = np.asarray(rules.condition_allowed[k][:rules.n_species]) != 0
        for k in range(rules.change_ptr[rule], rules.change_ptr[rule + 1]):
            new, old = rules.change_species[k], before[int(rules.change_position[k])]
            found[rule] &= not looks[new] and bool((noticed[old] == noticed[new]).all())
    return found


def unheard_of(rules, opposite):
    """Changes of species by which only the class of the site itself follows.

    Parameters
    ----------
    rules : kmc_core.Rules
    opposite : int32, shape (n_positions,)
        Position with the negative offset.

    Returns
    -------
    uint8, shape (n_species, n_species)
        Whether no neighbour notices that a site changes from the first species to the second, and nothing around counts
        for the key of the second.
    """
    return _kept(rules, "_unheard", lambda: _unheard(rules, opposite))


def _unheard(rules, opposite):
    rows = _noticed(rules, opposite).reshape(rules.n_species, -1)
    _, kind = np.unique(rows, axis=0, return_inverse=True)
    looks = np.asarray(rules.weights).any(axis=(1, 2))
    return ((kind.reshape(-1, 1) == kind.reshape(1, -1)) & ~looks).astype(np.uint8)


def _hidden(rules, species, position, other):
    """Key that a neighbour adds for a species, less what the outside adds in its place."""
    weights = np.asarray(rules.weights)[species, position]
    return weights[other] - weights[rules.n_species]


def rows_of(rules, opposite):
    """Keys that neighbours add and notice, by the species of the neighbour and then by its position.

    The positions are filled up to a power of two: of where the loop looks for a neighbour, only the species is not
    known to the compiler then.

    Parameters
    ----------
    rules : kmc_core.Rules
    opposite : int32, shape (n_positions,)
        Position with the negative offset.

    Returns
    -------
    own : int64, shape (n_species, n_species + 1, width)
        Key that a site of the first species adds for a neighbour of the second at each position.
    noticed : int64, the same shape
        Key that the neighbour adds for the site, which it sees at the opposite position; 0 if it notices nothing.
    told : int64, shape (n_species, n_species, n_species + 1, width)
        What is added to the key of the neighbour when a site changes from the first species to the second; without
        elements if that took more than MOST_TOLD bytes.
    seen : uint64, the same shape
        What the neighbour adds to the site's own key after that change, and bit NOTICES + position if `told` is not
        zero: the sum over all neighbours holds the key, and which of them notice. Without elements if there are more
        than FEW_POSITIONS or keys reach these bits.
    """
    return _kept(rules, "_rows", lambda: _rows(rules, opposite))


def _rows(rules, opposite):
    own, noticed = _own(rules), _noticed(rules, opposite)
    n_bytes, none = noticed.nbytes * rules.n_species, np.zeros((0, 0, 0, 1), dtype=np.int64)
    told = noticed[None, :] - noticed[:, None] if n_bytes <= MOST_TOLD else none
    largest = own.max(axis=1, initial=0).sum(axis=1).max(initial=0)
    is_small = own.shape[2] <= FEW_POSITIONS and own.min(initial=0) >= 0 and largest < 1 << NOTICES
    seen = _seen(own, told) if is_small and len(told) > 0 else none
    return own, noticed, np.ascontiguousarray(told), seen.astype(np.uint64)


def _seen(own, told):
    """What one look at a neighbour says, as `rows_of` has it."""
    bits = np.left_shift(np.uint64(1), np.arange(NOTICES, NOTICES + own.shape[2], dtype=np.uint64))
    return own.astype(np.uint64)[None] + np.where(told != 0, bits, np.uint64(0))


def _width(n_positions):
    """Positions, filled up to a power of two."""
    return 1 << max(n_positions - 1, 0).bit_length()


def _own(rules):
    n_species, n_positions, n_any = np.shape(rules.weights)
    found = np.zeros((n_species, n_any, _width(n_positions)), dtype=np.int64)
    found[:, :, :n_positions] = np.asarray(rules.weights).transpose(0, 2, 1)
    return found


def _noticed(rules, opposite):
    """What neighbours that are active and look around add for a species, as `rows_of` has it."""
    weights = np.asarray(rules.weights)
    n_species, n_positions, n_any = weights.shape
    found = np.zeros((n_species, n_any, _width(n_positions)), dtype=np.int64)
    found[:, :n_species, :n_positions] = weights[:, opposite, :n_species].transpose(2, 0, 1)
    notices = (np.diff(rules.rule_ptr) > 0) & np.ptp(weights, axis=2).any(axis=1)
    found[:, np.append(~notices, True)] = 0
    return found

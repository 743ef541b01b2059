# SPDX-License-Identifier: BSD-3-Clause
"""What processes change, and the combinations of them that change nothing, in whole numbers. Floor 3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmc.process import Process

Change = dict[tuple[str, int], int]
"""Sites gained by lattice species, molecules by species of the solution, electrons taken."""


def change_of(process: Process) -> Change:
    """What an event of a process changes; species that stay the same are left out."""
    change: Change = {}
    for before, after in zip(process.reactants, process.products, strict=True):
        if after is not None:
            for key, gain in ((("site", next(iter(before))), -1), (("site", after), 1)):
                change[key] = change.get(key, 0) + gain
    change |= {("solution", index): gain for index, gain in process.solution_change.items()}
    change["electron", 0] = process.electrons
    return {key: value for key, value in change.items() if value}


def null_space(changes: Mapping[int, Change]) -> list[dict[int, int]]:
    """Combinations of processes that change nothing.

    Parameters
    ----------
    changes : mapping of int to dict
        What each process changes.

    Returns
    -------
    list of dict of int to int
        How often each process runs, without common factor; one combination for each process that those before it make
        superfluous. Every other combination is a sum of these.

    Notes
    -----
    Gaussian elimination without fractions: exact, because Python's integers do not overflow.
    """
    basis: dict[tuple[str, int], tuple[Change, dict[int, int]]] = {}
    found = []
    for index, given in changes.items():
        change, combination = given, {index: 1}
        while change:
            pivot = min(change)
            if pivot not in basis:
                basis[pivot] = (change, combination)
                break
            known, parts = basis[pivot]
            common = math.gcd(change[pivot], known[pivot])
            mine, theirs = known[pivot] // common, change[pivot] // common
            change = _combined(change, mine, known, theirs)
            combination = _combined(combination, mine, parts, theirs)
            factor = math.gcd(*change.values(), *combination.values())
            if factor > 1:
                change = {key: value // factor for key, value in change.items()}
                combination = {key: value // factor for key, value in combination.items()}
        else:
            found.append(combination)
    return found


def _combined(left: dict, times: int, right: dict, less: int) -> dict:
    """Sum of `times` left and minus `less` right, without zeros."""
    result = {key: times * value for key, value in left.items()} if times != 1 else dict(left)
    for key, value in right.items():
        rest = result.get(key, 0) - less * value
        if rest:
            result[key] = rest
        else:
            del result[key]
    return result

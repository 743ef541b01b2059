# SPDX-License-Identifier: BSD-3-Clause
"""Which free energies of a mechanism cannot all be right, shown by the shortest cycle there is. Floor 4.

`FreeEnergies.cycles` finds all that is wrong, but in long sums: an error in one of a thousand reactions shows in a
combination of twenty. Here the sums are made short, and the processes that may be to blame are told.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kmc.stoichiometry import Change, change_of
from kmc.thermodynamics import CLOSED, Cycle, FreeEnergies

MOST = 50
"""int: contradictions that are told apart; more of them are told as open cycles, if at all."""

_DENOMINATOR = 60  # of the weights in a cycle


@dataclass(frozen=True)
class Contradiction:
    """Free energies that cannot all be right.

    Parameters
    ----------
    cycle : Cycle
        That shows it.
    suspects : tuple of int
        Processes of which any one, put right, would end it and contradict nothing else; empty if that takes more than
        one.
    """

    cycle: Cycle
    suspects: tuple[int, ...] = ()


def contradictions(energies: FreeEnergies, temperature: float) -> list[Contradiction]:
    """What is behind cycles that do not close.

    Parameters
    ----------
    energies : FreeEnergies
    temperature : float, [K]

    Returns
    -------
    list of Contradiction
        At most `MOST`. One open cycle after the other is ended by a process that closes more cycles than it opens, if
        there is one.
    """
    found = energies.cycles(temperature)
    sums = [cycle.misclosure for cycle in found]
    rows: dict[int, list[tuple[int, int]]] = {}
    for row, cycle in enumerate(found):
        for index, times in cycle.steps:
            rows.setdefault(index, []).append((row, times))
    still = {row for row, total in enumerate(sums) if abs(total) > CLOSED}
    result: list[Contradiction] = []
    while still and len(result) < MOST:
        row = min(still, key=lambda each: (len(found[each].steps), each))
        suspects, excess = _suspects(found[row], rows, sums, still)
        through = suspects[0] if suspects else found[row].steps[-1][0]
        result.append(Contradiction(_shortest(energies, found[row], through, temperature), suspects))
        still.discard(row)
        for each, times in rows[through] if suspects else ():
            sums[each] -= times * excess
            (still.add if abs(sums[each]) > CLOSED else still.discard)(each)
    return result


def _suspects(cycle: Cycle, rows: dict, sums: list[float], still: set[int]) -> tuple[tuple[int, ...], float]:
    """Processes of an open cycle that explain the most, and the excess of the first one [eV]."""
    scores: dict[int, tuple[int, float]] = {}
    for index, _ in cycle.steps:
        shares = Counter(round(sums[row] / times / CLOSED) for row, times in rows[index] if row in still)
        share, count = shares.most_common(1)[0]
        exact = [sums[row] / times for row, times in rows[index] if row in still]
        excess = min(exact, key=lambda each: abs(each - share * CLOSED))
        scores[index] = (count - sum(row not in still for row, _ in rows[index]), excess)
    best = max(score for score, _ in scores.values())
    if best < 1:
        return (), 0.0
    suspects = tuple(index for index, (score, _) in scores.items() if score == best)
    return suspects, scores[suspects[0]][1]


def _shortest(energies: FreeEnergies, cycle: Cycle, through: int, temperature: float) -> Cycle:
    """The open cycle through a process that takes the fewest steps; the given one where no shorter one is found.

    Notes
    -----
    Least sum of |x| with S x = 0, x = 1 for that process: a linear program, whose vertices are minimal cycles.
    """
    if len(cycle.steps) <= 2:
        return cycle
    indexes = [process.index for process in energies.known]
    weights = _least_weights([change_of(process) for process in energies.known], indexes.index(through))
    if weights is None:
        return cycle
    found = energies.cycle({indexes[i]: weight for i, weight in weights.items()}, temperature)
    return found if abs(found.misclosure) > CLOSED and len(found.steps) < len(cycle.steps) else cycle


def _least_weights(changes: list[Change], through: int) -> dict[int, int] | None:
    """Whole weights of the least sum with which changes cancel, exact; None if they are no simple fractions."""
    from scipy.optimize import linprog

    keys = {key: row for row, key in enumerate(dict.fromkeys(key for change in changes for key in change))}
    matrix = np.zeros((len(keys), len(changes)))
    for column, change in enumerate(changes):
        for key, value in change.items():
            matrix[keys[key], column] = float(value)
    bounds = [(0.0, None)] * (2 * len(changes))
    bounds[through], bounds[through + len(changes)] = (1.0, 1.0), (0.0, 0.0)
    answer = linprog(
        np.ones(2 * len(changes)), A_eq=np.hstack([matrix, -matrix]), b_eq=np.zeros(len(keys)), bounds=bounds
    )
    if answer.x is None:
        return None
    net = answer.x[: len(changes)] - answer.x[len(changes) :]
    weights = {i: Fraction(float(x)).limit_denominator(_DENOMINATOR) for i, x in enumerate(net) if abs(x) > 1e-7}
    scale = math.lcm(*(weight.denominator for weight in weights.values()))
    whole = {i: int(weight * scale) for i, weight in weights.items()}
    total: Counter = Counter()
    for i, weight in whole.items():
        for key, value in changes[i].items():
            total[key] += weight * value
    return None if any(total.values()) else whole

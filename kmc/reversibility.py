# SPDX-License-Identifier: BSD-3-Clause
"""Detailed balance of processes that a deck writes in both directions. Floor 3.

The reverse of a reversible process balances by construction. Two processes written by hand, each the reverse
of the other, must have rate constants in the ratio exp(-dG/kT), or the film gains free energy out of nothing.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import BOLTZMANN_EV
from kmc.errors import Problem
from kmc.kinetics import Kinetics, free_energy
from kmc.process import Process, Step

if TYPE_CHECKING:
    from kmc.deck import Deck

TOLERANCE = 1e-3
"""Largest error of the ratio of two rate constants, relative; 0.03 meV at room temperature."""

# K and V; two of them, because a ratio may be right at one by chance.
_CONDITIONS = ((298.15, 0.0), (333.15, 0.5))


def pair_problems(deck: Deck, processes: list[Process], steps: list[tuple[Step, int]]) -> list[Problem]:
    """Hand-written pairs that break detailed balance.

    Parameters
    ----------
    deck : Deck
    processes : list of Process
    steps : list of (Step, int)
        For each process its step and the index of its entry in the deck.

    Returns
    -------
    list of Problem
        Only pairs whose free energies are known for both directions are judged.
    """
    n_solution = 1 + max((index for process in processes for index in process.activity_orders), default=-1)
    kinetics = Kinetics(processes, np.ones(n_solution))
    balanced = {process.reverse_of for process in processes} - {None}
    waiting: dict[tuple, list[int]] = {}  # processes without a partner, by what they do
    problems = []
    for process, (step, entry) in zip(processes, steps, strict=True):
        if process.reverse_of is not None or process.index in balanced:
            continue
        partners = waiting.get(step.reverse().key(process.geometry))
        if not partners:
            waiting.setdefault(step.key(process.geometry), []).append(process.index)
            continue
        forward = processes[partners.pop(0)]
        message = _fault(kinetics, forward, process, deck.lattice.spacing.value)
        if message:
            message = f"process '{process.name}' is the reverse of '{forward.name}', but {message}"
            problems.append(
                deck.problem(message, ("processes", entry, "equation"), "write one of them with <=>")
            )
    return problems


def _fault(kinetics: Kinetics, forward: Process, backward: Process, spacing: float) -> str | None:
    """How a pair breaks detailed balance, or None."""
    if forward.tunnelling != backward.tunnelling:
        return "only one of them has tunnelling"
    # What is written per set of sites happens once per placement, so that like reactants count.
    weight = np.log(like_placements(backward) / like_placements(forward))
    worst, message = TOLERANCE, None
    for temperature, potential in _CONDITIONS:
        energies = free_energy(forward, potential), free_energy(backward, potential)
        if None in energies:
            return None
        constants = kinetics.rate_constants(temperature, potential, spacing)[[forward.index, backward.index]]
        if not constants.all():
            continue
        found = float(np.log(constants[0]) - np.log(constants[1]) + weight)
        for energy in (energies[0], -energies[1]):
            expected = -energy / (BOLTZMANN_EV * temperature)
            if abs(found - expected) > worst:
                worst = abs(found - expected)
                message = (
                    f"at {temperature:g} K and {potential:g} V their rate constants are {constants[0]:.4g} "
                    f"and {constants[1]:.4g} 1/s; with dG = {energy:.4g} eV of '{forward.name}' their ratio "
                    f"must be {np.exp(expected - weight):.4g}, not {np.exp(found - weight):.4g}"
                )
    return message


def like_placements(process: Process) -> int:
    """Ways in which the reactants of a process map onto themselves: 2 for A + A, 1 for A + B.

    Parameters
    ----------
    process : Process

    Returns
    -------
    int
        Permutations of the terms by an operation of the cubic point group that keep species and conditions.
    """
    labels = [
        (before, after is None) for before, after in zip(process.reactants, process.products, strict=True)
    ]
    if process.geometry is None:
        return 2 if len(labels) == 2 and labels[0] == labels[1] else 1
    place = process.geometry - process.geometry[0]
    count = 0
    for order in permutations(range(len(labels))):
        if all(labels[i] == labels[j] for i, j in enumerate(order)):
            moved = place[list(order)] - place[order[0]]
            count += any(np.array_equal(place @ operation, moved) for operation in _POINT_GROUP)
    return count


def _signed_permutations() -> list[np.ndarray]:
    operations = []
    for axes in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            operation = np.zeros((3, 3), dtype=np.int64)
            operation[range(3), axes] = signs
            operations.append(operation)
    return operations


_POINT_GROUP = _signed_permutations()

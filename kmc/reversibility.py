# SPDX-License-Identifier: BSD-3-Clause
"""Detailed balance of processes that a deck writes in both directions. Floor 3.

The reverse of a reversible process balances by construction. Two processes written by hand, each the reverse
of the other, must have rate constants in the ratio exp(-dG/kT), or the film gains free energy out of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kmc.compartment import Compartment
from kmc.constants import BOLTZMANN_EV
from kmc.errors import Problem
from kmc.kinetics import Kinetics, free_energy
from kmc.lattice import Lattice, lattice_of
from kmc.mass_action import MassAction
from kmc.patterns import Pattern, geometries, orientations, symmetry_number
from kmc.process import Process, Step
from kmc.rates import RATE_LAWS
from kmc.varying import OutOfRangeError

if TYPE_CHECKING:
    from kmc.deck import Deck

TOLERANCE = 1e-3
"""Largest error of the ratio of two rate constants, relative; 0.03 meV at room temperature."""

# K and V; two of them, because a ratio may be right at one by chance.
_CONDITIONS = ((298.15, 0.0), (333.15, 0.5))


def pair_problems(
    deck: Deck, processes: list[Process], steps: list[tuple[Step, int]], compartment: Compartment
) -> list[Problem]:
    """Hand-written pairs that break detailed balance.

    Parameters
    ----------
    deck : Deck
    processes : list of Process
    steps : list of (Step, int)
        For each process its step and the index of its entry in the deck.
    compartment : Compartment

    Returns
    -------
    list of Problem
        Only pairs whose free energies are known for both directions are judged.
    """
    n_solution = 1 + max((index for process in processes for index in process.activity_orders), default=-1)
    kinetics = Kinetics(processes, np.ones(n_solution))
    action = MassAction(processes, compartment)
    lattice = lattice_of(deck)
    problems = []
    entries = {process.index: entry for process, (_, entry) in zip(processes, steps, strict=True)}
    for forward, process in written_pairs(processes, [step for step, _ in steps], lattice):
        message = _fault(kinetics, action, forward, process, lattice)
        if message:
            message = f"process '{process.name}' is the reverse of '{forward.name}', but {message}"
            problems.append(
                deck.problem(message, ("processes", entries[process.index], "equation"), "write one of them with <=>")
            )
    return problems


def written_pairs(
    processes: Sequence[Process], steps: Sequence[Step], lattice: Lattice
) -> list[tuple[Process, Process]]:
    """Processes that are written in both directions, each by hand.

    Parameters
    ----------
    processes : sequence of Process
    steps : sequence of Step
        Of each process.
    lattice : Lattice

    Returns
    -------
    list of (Process, Process)
        The first of each pair is the one that stands first in the deck.
    """
    balanced = {process.reverse_of for process in processes} - {None}
    waiting: dict[tuple, list[Process]] = {}  # processes without a partner, by what they do
    pairs = []
    for process, step in zip(processes, steps, strict=True):
        if process.reverse_of is not None or process.index in balanced:
            continue
        places = _places(process, lattice)
        partners = waiting.get(step.reverse().key(places))
        if partners:
            pairs.append((partners.pop(0), process))
        else:
            waiting.setdefault(step.key(places), []).append(process)
    return pairs


def _fault(
    kinetics: Kinetics, action: MassAction, forward: Process, backward: Process, lattice: Lattice
) -> str | None:
    """How a pair breaks detailed balance, or None."""
    if forward.tunnelling != backward.tunnelling:
        return "only one of them has tunnelling"
    if forward.transfer is not None and abs(forward.transfer.value + backward.transfer.value - 1.0) > TOLERANCE:
        total = forward.transfer.value + backward.transfer.value
        return f"their transfer coefficients add up to {total:g}, not 1"
    if forward.transfer is not None and RATE_LAWS[forward.law].has_barrier != RATE_LAWS[backward.law].has_barrier:
        return "only one of them has a barrier for the interactions to move"
    # What is written per set of sites happens once per placement, so that like reactants count.
    weight = np.log(like_placements(backward, lattice) / like_placements(forward, lattice))
    # Free energies are for activities 1, whatever the rate constants of the solution are for.
    weight += np.log(action.standard(backward) / action.standard(forward))
    worst, message = TOLERANCE, None
    for temperature, potential in _CONDITIONS:
        try:
            energies = [free_energy(each, potential, temperature) for each in (forward, backward)]
            constants = kinetics.rate_constants(temperature, potential, lattice.spacing) * action.constant
        except OutOfRangeError:
            continue
        if None in energies:
            return None
        constants = constants[[forward.index, backward.index]]
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


def like_placements(process: Process, lattice: Lattice) -> int:
    """Ways in which the reactants of a process map onto themselves: 2 for A + A, 1 for A + B.

    Parameters
    ----------
    process : Process
    lattice : Lattice

    Returns
    -------
    int
        Permutations of the terms by an operation of the point group that keep species and conditions; 1 for a
        process of the solution.
    """
    if process.is_solution:
        return 1
    geometry, *_ = geometries(process.geometry, len(process.reactants), lattice)
    pattern = Pattern(process.reactants, process.products, geometry, oriented=process.oriented)
    return symmetry_number(pattern, lattice)


def _places(process: Process, lattice: Lattice) -> np.ndarray | None:
    """Geometry of a process in the one of its orientations that stands for all of them."""
    if process.geometry is None:
        return None
    (geometry,) = geometries(process.geometry, len(process.reactants), lattice)
    return np.array(geometry if process.oriented else orientations(geometry, lattice)[0])

# SPDX-License-Identifier: BSD-3-Clause
"""What the free energies of a mechanism say about each other: barriers as crossed, cycles that do not close. Floor 4.

A cycle is a combination of processes after which nothing has changed: no site, no molecule, no electron. Its free
energies sum to zero, whatever the species are; where they do not, the cycle is an engine that runs on nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmc.kinetics import free_energy
from kmc.rates import RATE_LAWS, effective_barrier
from kmc.stoichiometry import change_of, null_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmc.mechanism import Mechanism
    from kmc.process import Process

_REORGANIZATION = ("inner-reorganization-energy", "outer-reorganization-energy")


CLOSED = 1e-3
"""float, [eV]: largest sum of the free energies of a cycle that counts as zero; tables are rounded to 1e-4 eV."""


@dataclass(frozen=True)
class Cycle:
    """A combination of processes that changes nothing.

    Parameters
    ----------
    steps : tuple of (int, int)
        Index of a process and how often it runs, negative: backwards. Without common factor.
    misclosure : float, [eV]
        Sum of the free energies; 0 if they are consistent.
    uncertainty : float, [eV]
        Of the misclosure, from those of the free energies as if they were independent; 0 where none is given.
    is_reversible : bool
        Whether every one of the processes can run both ways, so that the cycle can turn.
    """

    steps: tuple[tuple[int, int], ...]
    misclosure: float
    uncertainty: float
    is_reversible: bool

    def text(self, mechanism: Mechanism) -> str:
        """The processes of the cycle, in a line."""
        parts = []
        for number, (index, times) in enumerate(self.steps):
            sign = "- " if times < 0 else "+ " if number else ""
            factor = f"{abs(times)} x " if abs(times) != 1 else ""
            parts.append(f"{sign}{factor}'{mechanism.processes[index].name}'")
        return " ".join(parts)


def crossed_barrier(process: Process, temperature: float, potential: float, height: float = 0.0) -> float | None:
    """Barrier of a process in its own direction [eV].

    Parameters
    ----------
    process : Process
    temperature : float, [K]
    potential : float, [V vs Li/Li+]
    height : float, [m]
        Above the surface of the electrode.

    Returns
    -------
    float or None
        Not below zero and not below the free energy of reaction. Of electron transfer after Marcus, the one for
        electrons at the Fermi level, (lambda + dG)^2/(4 lambda). None where the law has no barrier.
    """
    energy = free_energy(process, potential, temperature)
    barrier = given_barrier(process, temperature)
    if barrier is not None:
        if process.reverse_of is None:
            return float(effective_barrier(barrier, -math.inf if energy is None else energy))
        return float(effective_barrier(barrier, -energy)) + energy
    reorganization = reorganization_energy(process, temperature, height)
    return None if reorganization is None else (reorganization + energy) ** 2 / (4.0 * reorganization)


def given_barrier(process: Process, temperature: float) -> float | None:
    """Barrier of the forward process as the deck gives it [eV]; None where the law has none."""
    if not RATE_LAWS[process.law].has_barrier or "barrier" not in process.parameters:
        return None
    return process.parameters["barrier"].at(temperature)


def reorganization_energy(process: Process, temperature: float, height: float) -> float | None:
    """Reorganization energy of electron transfer, inner and outer together [eV]; None of other laws."""
    if any(name not in process.parameters for name in _REORGANIZATION):
        return None
    return sum(float(process.parameters[name].at(temperature, height)) for name in _REORGANIZATION)


class FreeEnergies:
    """The free energies of the processes of a mechanism, and the cycles that they form.

    Parameters
    ----------
    mechanism : Mechanism

    Attributes
    ----------
    known : tuple of Process
        Those with a free energy, generated reverses left out.
    """

    def __init__(self, mechanism: Mechanism):
        forward = [process for process in mechanism.processes if process.reverse_of is None]
        self.known = tuple(process for process in forward if _is_known(process))
        self._process = {process.index: process for process in self.known}
        self._reversible = {process.reverse_of for process in mechanism.processes}
        self._combinations: list[dict[int, int]] | None = None

    def cycles(self, temperature: float) -> list[Cycle]:
        """Independent cycles of the processes whose free energies are known.

        Parameters
        ----------
        temperature : float, [K]

        Returns
        -------
        list of Cycle
            One for each process that those before it make superfluous, so that all other cycles are combinations of
            these.

        Notes
        -----
        At 0 V: a cycle takes no electrons on balance, so that the potential drops out, as do the activities.
        """
        if self._combinations is None:
            self._combinations = null_space({process.index: change_of(process) for process in self.known})
        energies = self.at(temperature)
        return [self._cycle(each, energies) for each in self._combinations]

    def cycle(self, combination: Mapping[int, int], temperature: float) -> Cycle:
        """The cycle that a combination of processes is.

        Parameters
        ----------
        combination : mapping of int to int
            How often each process runs; together they change nothing.
        temperature : float, [K]
        """
        return self._cycle(combination, self.at(temperature))

    def at(self, temperature: float) -> dict[int, float]:
        """Free energy of each process at a temperature and 0 V [eV], by its index."""
        return {index: free_energy(process, 0.0, temperature) for index, process in self._process.items()}

    def _cycle(self, combination: Mapping[int, int], energies: Mapping[int, float]) -> Cycle:
        steps = tuple(sorted(combination.items()))
        if steps[0][1] < 0:
            steps = tuple((index, -times) for index, times in steps)
        return Cycle(
            steps,
            math.fsum(times * energies[index] for index, times in steps),
            math.hypot(*(times * _uncertainty(self._process[index]) for index, times in steps)),
            all(index in self._reversible for index, _ in steps),
        )


def _is_known(process: Process) -> bool:
    return RATE_LAWS[process.law].uses_potential or "reaction-free-energy" in process.parameters


def _uncertainty(process: Process) -> float:
    name = "standard-potential" if RATE_LAWS[process.law].uses_potential else "reaction-free-energy"
    return process.parameters[name].uncertainty or 0.0

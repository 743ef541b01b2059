# SPDX-License-Identifier: BSD-3-Clause
"""Rate constants of many processes at once, prepared so that a change of conditions costs little. Floor 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kmc.constants import BOLTZMANN_EV
from kmc.process import Process
from kmc.rates import RATE_LAWS, effective_barrier


class Kinetics:
    """The rate constants of processes as functions of temperature, potential and spacing.

    Processes of one rate law are computed together. A reverse process has the rate constant of its forward
    process times exp(dG/kT); in electron transfer this is the law for the other direction, else dG is the
    parameter `reaction-free-energy`.

    Parameters
    ----------
    processes : sequence of Process
    activities : array_like, shape (n_solution,)
        Of the solution species [1]; NaN where there is none.
    """

    def __init__(self, processes: Sequence[Process], activities: Sequence[float] = ()):
        self._n_processes = len(processes)
        self._activity = np.array([_activity(process, activities) for process in processes], dtype=np.float64)
        members: dict[str, list[Process]] = {}
        for process in processes:
            members.setdefault(process.law, []).append(process)
        self._blocks = [_Block(law, group) for law, group in members.items()]
        self._single = {process.index: _Block(process.law, [process]) for process in processes}

    def rate_constants(self, temperature: float, potential: float, spacing: float) -> np.ndarray:
        """Rate constants of all processes.

        Parameters
        ----------
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]

        Returns
        -------
        float64, shape (n_processes,), [1/s]
            With activities, without tunnelling and neighbours.
        """
        result = np.zeros(self._n_processes)
        for block in self._blocks:
            result[block.indexes] = block.rate_constants(temperature, potential, spacing)
        return result * self._activity

    def shifted(
        self, process: int, shift: np.ndarray, temperature: float, potential: float, spacing: float
    ) -> np.ndarray:
        """Rate constants of one process at shifted barriers.

        Parameters
        ----------
        process : int
        shift : array_like, [eV]
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]

        Returns
        -------
        float64, shape of shift, [1/s]
            Laws without a barrier are multiplied by exp(-shift/kT).
        """
        shift = np.asarray(shift, dtype=np.float64)
        rate = self._single[process].rate_constants(temperature, potential, spacing, shift.ravel())
        return np.broadcast_to(rate, shift.size).reshape(shift.shape) * self._activity[process]


class _Block:
    """Processes of one rate law."""

    def __init__(self, law: str, processes: Sequence[Process]):
        self._law = RATE_LAWS[law]
        self.indexes = np.array([process.index for process in processes])
        self._values = {
            name: np.array([_value(process, name, parameter.default) for process in processes])
            for name, parameter in self._law.parameters.items()
        }
        self._electrons = np.array([process.electrons for process in processes])
        # Free energy gained on the way back: 0 for forward processes.
        free_energy = self._values.get("reaction-free-energy", np.zeros(len(processes)))
        reverse = np.array([process.reverse_of is not None for process in processes])
        self._gain = np.where(reverse, free_energy, 0.0)

    def rate_constants(self, temperature, potential, spacing, shift=0.0):
        """Rate constants without activities [1/s]."""
        thermal = BOLTZMANN_EV * temperature
        conditions = {"temperature": temperature, "potential": potential, "spacing": spacing}
        with np.errstate(over="ignore"):
            if self._law.uses_potential:
                rate = self._law.rate_constant(self._values, **conditions, electrons=self._electrons)
                return rate * np.exp(-np.asarray(shift) / thermal)
            if not self._law.has_barrier:
                rate = self._law.rate_constant(self._values, **conditions)
                return rate * np.exp((self._gain - shift) / thermal)
            # Both directions cross the same top, so the floors are applied before the way back is subtracted.
            crossed = effective_barrier(self._values["barrier"] + shift, self._values["reaction-free-energy"])
            values = self._values | {"barrier": crossed - self._gain, "reaction-free-energy": -np.inf}
            return self._law.rate_constant(values, **conditions)


def free_energy(process: Process, potential: float) -> float | None:
    """Free energy of a process [eV] at a potential [V vs Li/Li+]; None where it is unknown."""
    if RATE_LAWS[process.law].uses_potential:
        return process.electrons * (potential - process.parameters["standard-potential"].value)
    given = process.parameters.get("reaction-free-energy")
    if given is None:
        return None
    return given.value if process.reverse_of is None else -given.value


def _value(process: Process, name: str, default: float | None) -> float:
    """A parameter, its default, or minus infinity for a free energy that is unknown."""
    given = process.parameters.get(name)
    if given is not None:
        return float(given.value)
    return -np.inf if default is None else default


def _activity(process: Process, activities: Sequence[float]) -> float:
    """Product of the activities of the solution species that the process consumes."""
    return float(np.prod([activities[index] ** order for index, order in process.activity_orders.items()]))

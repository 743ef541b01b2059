# SPDX-License-Identifier: BSD-3-Clause
"""Rate constants of many processes at once, prepared so that a change of conditions costs little. Floor 3.

Parameters that depend on temperature or height are evaluated anew at every change; all others once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kmc.constants import BOLTZMANN_EV, NOMINAL_TEMPERATURE
from kmc.process import Process
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS, effective_barrier
from kmc.varying import VaryingQuantity


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

    Attributes
    ----------
    notices_height : bool, shape (n_processes,)
        Whether the rate constant depends on the height of the site.
    """

    def __init__(self, processes: Sequence[Process], activities: Sequence[float] = ()):
        self._n_processes = len(processes)
        self._activity = np.array([_activity(process, activities) for process in processes], dtype=np.float64)
        self.notices_height = np.array([_notices_height(process) for process in processes], dtype=bool)
        members: dict[str, list[Process]] = {}
        for process in processes:
            members.setdefault(process.law, []).append(process)
        self._blocks = [_Block(law, group) for law, group in members.items()]
        self._single = {process.index: _Block(process.law, [process]) for process in processes}

    def rate_constants(
        self, temperature: float, potential: float, spacing: float, height: float | np.ndarray = 0.0
    ) -> np.ndarray:
        """Rate constants of all processes.

        Parameters
        ----------
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]
        height : float, or float64, shape (n_processes,), [m]
            Of the site above the surface of the electrode.

        Returns
        -------
        float64, shape (n_processes,), [1/s]
            With activities, without tunnelling and neighbours; [m^3/s] of volumetric laws.

        Raises
        ------
        OutOfRangeError  if a parameter is not given at this temperature.
        """
        result = np.zeros(self._n_processes)
        height = np.broadcast_to(np.asarray(height, dtype=np.float64), (self._n_processes,))
        for block in self._blocks:
            conditions = temperature, potential, spacing, height[block.indexes]
            result[block.indexes] = block.rate_constants(*conditions)
        return result * self._activity

    def shifted(
        self,
        process: int,
        shift: np.ndarray,
        temperature: float,
        potential: float,
        spacing: float,
        height: float | np.ndarray = 0.0,
    ) -> np.ndarray:
        """Rate constants of one process at shifted barriers.

        Parameters
        ----------
        process : int
        shift : array_like, [eV]
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]
        height : float, or array_like of the shape of shift, [m]
            Of the site above the surface of the electrode.

        Returns
        -------
        float64, shape of shift, [1/s]
            Laws without a barrier are multiplied by exp(-shift/kT).

        Raises
        ------
        OutOfRangeError  if a parameter is not given at this temperature.
        """
        shift = np.asarray(shift, dtype=np.float64)
        height = np.broadcast_to(np.asarray(height, dtype=np.float64), shift.shape)
        conditions = temperature, potential, spacing, height.ravel(), shift.ravel()
        rate = self._single[process].rate_constants(*conditions)
        return np.broadcast_to(rate, shift.size).reshape(shift.shape) * self._activity[process]


    def barriers(self, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Barriers and reaction free energies of all processes, each in its own direction, without floors.

        Parameters
        ----------
        temperature : float, [K]

        Returns
        -------
        barrier : float64, shape (n_processes,), [eV]
            NaN where the rate law has none.
        free_energy : float64, shape (n_processes,), [eV]
            Of the rate laws with a barrier; minus infinity where it is unknown.

        Raises
        ------
        OutOfRangeError  if a parameter is not given at this temperature.
        """
        barrier, energy = np.full(self._n_processes, np.nan), np.full(self._n_processes, -np.inf)
        for block in self._blocks:
            if block.has_barrier:
                barrier[block.indexes], energy[block.indexes] = block.barriers(temperature)
        return barrier, energy


class _Block:
    """Processes of one rate law."""

    def __init__(self, law: str, processes: Sequence[Process]):
        self._law = RATE_LAWS[law]
        self.indexes = np.array([process.index for process in processes])
        self._values, self._varying = {}, []
        for name, parameter in self._law.parameters.items():
            given = [process.parameters.get(name) for process in processes]
            self._values[name] = _column([_value(each, parameter.default) for each in given])
            self._varying += [(name, row, each) for row, each in enumerate(given) if _varies(each)]
        self._electrons = np.array([process.electrons for process in processes])
        self._hop = np.array([process.hop for process in processes])
        self._reverse = np.array([process.reverse_of is not None for process in processes])

    @property
    def has_barrier(self):
        """Whether the rate law has a barrier."""
        return self._law.has_barrier

    def barriers(self, temperature):
        """Barriers and free energies, each in its own direction [eV]."""
        values = self._values_at(temperature, np.zeros(len(self.indexes)))
        energy = values["reaction-free-energy"]
        ahead = np.where(self._reverse, -energy, energy)
        return np.where(self._reverse, values["barrier"] - energy, values["barrier"]), ahead

    def rate_constants(self, temperature, potential, spacing, height, shift=0.0):
        """Rate constants without activities [1/s]."""
        thermal = BOLTZMANN_EV * temperature
        conditions = {"temperature": temperature, "potential": potential, "spacing": spacing * self._hop}
        values = self._values_at(temperature, height)
        # Free energy gained on the way back: 0 for forward processes.
        free_energy = values.get("reaction-free-energy", 0.0)
        gain = np.where(self._reverse, free_energy, 0.0)
        with np.errstate(over="ignore"):
            if self._law.uses_potential:
                rate = self._law.rate_constant(values, **conditions, electrons=self._electrons)
                return rate * np.exp(-np.asarray(shift) / thermal)
            if not self._law.has_barrier:
                rate = self._law.rate_constant(values, **conditions)
                return rate * np.exp((gain - shift) / thermal)
            # Both directions cross the same top, so the floors are applied before the way back is subtracted.
            crossed = effective_barrier(values["barrier"] + shift, free_energy)
            values = values | {"barrier": crossed - gain, "reaction-free-energy": -np.inf}
            return self._law.rate_constant(values, **conditions)

    def _values_at(self, temperature, height):
        """Parameters at a temperature, and each at its own height; of a single process at any number of heights."""
        if not self._varying:
            return self._values
        values = {**self._values, **{name: self._values[name].copy() for name, _, _ in self._varying}}
        for name, row, quantity in self._varying:
            if len(self.indexes) == 1:
                values[name] = np.atleast_1d(quantity.at(temperature, height))
            else:
                values[name][row] = quantity.at(temperature, height[row])
        return values


def free_energy(process: Process, potential: float, temperature: float = NOMINAL_TEMPERATURE) -> float | None:
    """Free energy of a process [eV]; None where it is unknown.

    Parameters
    ----------
    process : Process
    potential : float, [V vs Li/Li+]
    temperature : float, [K]

    Returns
    -------
    float or None
        At activities 1.

    Raises
    ------
    OutOfRangeError  if it is not given at this temperature.
    """
    if RATE_LAWS[process.law].uses_potential:
        return process.electrons * (potential - process.parameters["standard-potential"].at(temperature))
    given = process.parameters.get("reaction-free-energy")
    if given is None:
        return None
    return given.at(temperature) if process.reverse_of is None else -given.at(temperature)


def _value(given: Quantity | None, default: float | None) -> float | tuple[float, ...]:
    """A parameter, its default, or minus infinity for a free energy that is unknown."""
    if given is not None:
        return given.value
    return -np.inf if default is None else default


def _column(values: Sequence[float | tuple[float, ...]]) -> np.ndarray:
    """Values of one parameter, shape (n_processes,); lists in rows, filled up with ones, as `rate_laws` expects."""
    if not any(isinstance(each, tuple) for each in values):
        return np.array(values, dtype=np.float64)
    result = np.ones((len(values), max(len(each) for each in values)))
    for row, each in zip(result, values, strict=True):
        row[: len(each)] = each
    return result


def _varies(given: Quantity | None) -> bool:
    return isinstance(given, VaryingQuantity)


def _notices_height(process: Process) -> bool:
    return any(each.notices_height for each in process.parameters.values())


def _activity(process: Process, activities: Sequence[float]) -> float:
    """Product of the activities of the solution species that the process consumes."""
    return float(np.prod([activities[index] ** order for index, order in process.activity_orders.items()]))

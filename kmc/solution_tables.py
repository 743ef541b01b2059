# SPDX-License-Identifier: BSD-3-Clause
"""Mechanism -> the flat integer arrays of the well-mixed solution of the core.

Floor 4. The core counts the molecules of every solution species that is not held at an activity. What is held is in
the rate constants; what the lattice takes from the solution or gives to it is an exchange.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kmc.mechanism import Mechanism


@dataclass(frozen=True)
class SolutionTables:
    """Everything that `kmc_core.Solution` needs, and what the lattice exchanges with it.

    Attributes
    ----------
    species : int64, shape (n_counted,)
        Index in the mechanism's solution of every species of the core.
    count : int64, shape (n_counted,)
        Molecules at the start.
    reactant_ptr : int64, shape (n_reactions + 1,)
    reactant_species, reactant_order : int64, shape (n_reactants,)
        Finite species that react in each solution process, and how many molecules of them.
    change_ptr : int64, shape (n_reactions + 1,)
    change_species, change : int64, shape (n_changes,)
        Molecules gained at an event.
    exchange_change, exchange_order : int64, shape (n_lattice_processes, n_counted)
        The same for processes of the lattice.
    """

    species: np.ndarray
    count: np.ndarray
    reactant_ptr: np.ndarray
    reactant_species: np.ndarray
    reactant_order: np.ndarray
    change_ptr: np.ndarray
    change_species: np.ndarray
    change: np.ndarray
    exchange_change: np.ndarray
    exchange_order: np.ndarray

    @property
    def has_exchange(self) -> bool:
        """Whether a process of the lattice takes molecules from the compartment or adds to it."""
        return bool(self.exchange_change.any() or self.exchange_order.any())

    def arrays(self) -> dict[str, np.ndarray]:
        """Arguments of `kmc_core.Solution`, but for the rates."""
        reactants = ("reactant_ptr", "reactant_species", "reactant_order")
        return {name: getattr(self, name) for name in ("count", *reactants, "change_ptr", "change_species", "change")}

    def rates(self, mechanism: Mechanism, temperature: float, potential: float, spacing: float) -> np.ndarray:
        """Rates of the solution processes at given conditions.

        Parameters
        ----------
        mechanism : Mechanism
        temperature : float, [K]
        potential : float, [V]
        spacing : float, [m]

        Returns
        -------
        rates : float64, shape (n_reactions,), [1/s]
            For every distinct combination of the molecules that react.
        """
        constants = mechanism.rate_constants(temperature, potential, spacing) * mechanism.molecular
        return constants[mechanism.n_lattice:]


def compile_solution_tables(mechanism: Mechanism) -> SolutionTables | None:
    """Compile the solution of a mechanism.

    Parameters
    ----------
    mechanism : Mechanism

    Returns
    -------
    SolutionTables or None
        None where nothing happens in the solution and nothing in it runs out: what is produced is then counted from
        events alone.
    """
    has_finite = any(species.is_finite for species in mechanism.solution)
    if not has_finite and mechanism.n_lattice == len(mechanism.processes):
        return None
    counted = [species for species in mechanism.solution if species.activity is None]
    place = {species.index: number for number, species in enumerate(counted)}
    reactions = mechanism.processes[mechanism.n_lattice:]
    orders = [_numbers(process.molecule_orders, place) for process in reactions]
    changes = [_numbers(process.solution_change, place) for process in reactions]
    lattice = mechanism.processes[:mechanism.n_lattice]
    exchange_change, exchange_order = np.zeros((2, len(lattice), len(counted)), dtype=np.int64)
    for process in lattice:
        for species, number in _numbers(process.solution_change, place):
            exchange_change[process.index, species] = number
        for species, number in _numbers(process.molecule_orders, place):
            exchange_order[process.index, species] = number
    reactant_ptr, reactant_species, reactant_order = _flat(orders)
    change_ptr, change_species, change = _flat(changes)
    return SolutionTables(
        np.array([species.index for species in counted], dtype=np.int64),
        np.array([species.count or 0 for species in counted], dtype=np.int64),
        reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change,
        exchange_change, exchange_order,
    )


def _numbers(of_species: dict[int, int], place: dict[int, int]) -> list[tuple[int, int]]:
    """Pairs of a species of the core and a number, for those species that the core counts."""
    return [(place[index], number) for index, number in sorted(of_species.items()) if index in place]


def _flat(rows: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pointers, species and numbers of rows of pairs, int64."""
    pairs = np.array([pair for row in rows for pair in row], dtype=np.int64).reshape(-1, 2)
    pointers = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    return pointers, pairs[:, 0].copy(), pairs[:, 1].copy()

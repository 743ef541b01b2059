# SPDX-License-Identifier: BSD-3-Clause
"""The chemistry of a deck: species and processes, balanced, with their rate constants and sources. Floor 3.

`compile_mechanism` refuses what does not conserve elements, charge and sites, and reports everything at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kmc.compiler import Compiler
from kmc.errors import DeckError
from kmc.kinetics import Kinetics
from kmc.process import Process
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS
from kmc.reversibility import pair_problems
from kmc.species import SolutionSpecies, Species, compile_solution, compile_species
from kmc.units import DIMENSIONS

if TYPE_CHECKING:
    from kmc.deck import Deck


class Citation(NamedTuple):
    """One value and where it comes from."""

    owner: str  # process or species
    parameter: str  # name as in the deck
    value: float  # internal unit
    uncertainty: float | None  # same unit
    unit: str
    method: str | None
    source: str | None


class Mechanism:
    """Species, processes and their rate constants; depends on no conditions.

    Parameters
    ----------
    species : sequence of Species
        Of the lattice, by index.
    solution : sequence of SolutionSpecies
        By index.
    processes : sequence of Process
        By index.
    notes : sequence of str
        What a user should know, though it is no error.

    Attributes
    ----------
    count_change : int64, shape (n_processes, n_species)
        Sites gained by each lattice species at an event.
    solution_change : int64, shape (n_processes, n_solution)
        Molecules gained by each solution species at an event.
    electrons : int64, shape (n_processes,)
        Taken from the electrode at an event.
    """

    def __init__(self, species, solution, processes, notes=()):
        self.species: tuple[Species, ...] = tuple(species)
        self.solution: tuple[SolutionSpecies, ...] = tuple(solution)
        self.processes: tuple[Process, ...] = tuple(processes)
        self.notes: tuple[str, ...] = tuple(notes)
        activities = [np.nan if each.activity is None else each.activity.value for each in self.solution]
        self._kinetics = Kinetics(self.processes, activities)
        self.count_change = np.zeros((len(self.processes), len(self.species)), dtype=np.int64)
        self.solution_change = np.zeros((len(self.processes), len(self.solution)), dtype=np.int64)
        self.electrons = np.array([process.electrons for process in self.processes], dtype=np.int64)
        for process in self.processes:
            for before, after in zip(process.reactants, process.products, strict=True):
                if after is not None:
                    self.count_change[process.index, next(iter(before))] -= 1
                    self.count_change[process.index, after] += 1
            for index, change in process.solution_change.items():
                self.solution_change[process.index, index] = change

    def rate_constants(self, temperature: float, potential: float, spacing: float) -> np.ndarray:
        """Rate constants of all processes, float64, shape (n_processes,), [1/s].

        Parameters
        ----------
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]

        Returns
        -------
        ndarray
            With activities, without tunnelling and neighbours.
        """
        return self._kinetics.rate_constants(temperature, potential, spacing)

    def rate_with_barrier_shift(
        self, process: int, shift: np.ndarray, temperature: float, potential: float, spacing: float
    ) -> np.ndarray:
        """Rate constants of one process at shifted barriers, float64, shape of `shift`, [1/s].

        Parameters
        ----------
        process : int
            Index.
        shift : array_like, [eV]
            Added to the barrier; laws without a barrier are multiplied by exp(-shift/kT).
        temperature : float, [K]
        potential : float, [V vs Li/Li+]
        spacing : float, [m]

        Returns
        -------
        ndarray
            With activities.
        """
        return self._kinetics.shifted(process, shift, temperature, potential, spacing)

    def citations(self) -> list[Citation]:
        """Every value with its uncertainty, method and source; reverse processes add none."""
        rows = []
        for process in self.processes:
            if process.reverse_of is None:
                parameters = RATE_LAWS[process.law].parameters
                for name, quantity in process.parameters.items():
                    rows.append(_citation(process.name, name, quantity, parameters[name].dimension))
                for number, term in enumerate(process.neighbours, start=1):
                    rows.append(_citation(process.name, f"neighbours {number}", term.energy, "energy"))
        for species in self.species:
            if species.volume is not None:
                rows.append(_citation(species.name, "molar-volume", species.volume, "molar volume"))
        for species in self.solution:
            if species.activity is not None:
                rows.append(_citation(species.name, "activity", species.activity, "dimensionless"))
        return rows


def _citation(owner: str, name: str, quantity: Quantity, dimension: str) -> Citation:
    unit = DIMENSIONS[dimension].unit
    return Citation(owner, name, quantity.value, quantity.uncertainty, unit, quantity.method, quantity.source)


def compile_mechanism(deck: Deck) -> Mechanism:
    """Chemistry of a deck.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    Mechanism

    Raises
    ------
    DeckError  with everything that is wrong: formulas, names, balances, tables, reverse processes.
    """
    species, problems = compile_species(deck)
    solution, more = compile_solution(deck)
    compiler = Compiler(deck, species, solution)
    for index in range(len(deck.processes)):
        compiler.add(index)
    problems = [*problems, *more, *compiler.tables.problems, *compiler.problems]
    if not problems:
        problems = pair_problems(deck, compiler.processes, compiler.steps)
    if problems:
        raise DeckError(problems)
    notes = [*compiler.notes, *_unsourced(species, solution)]
    return Mechanism(species, solution, compiler.processes, notes)


def _unsourced(species: tuple[Species, ...], solution: tuple[SolutionSpecies, ...]) -> list[str]:
    """Notes on molar volumes and activities without a source."""
    values = [(each.name, "molar volume", each.volume) for each in species]
    values += [(each.name, "activity", each.activity) for each in solution]
    return [
        f"'{name}': no source for its {what}"
        for name, what, value in values
        if value is not None and not value.source
    ]

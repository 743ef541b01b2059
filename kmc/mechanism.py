# SPDX-License-Identifier: BSD-3-Clause
"""The chemistry of a deck: species and processes, balanced, with their rate constants and sources. Floor 3.

`compile_mechanism` refuses what does not conserve elements, charge and sites, and reports everything at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kmc.clusters import Cluster, compile_clusters
from kmc.compartment import Compartment, compartment_of
from kmc.compiler import Compiler
from kmc.constants import AVOGADRO
from kmc.deck_cell import cell_notes
from kmc.errors import DeckError
from kmc.kinetics import Kinetics
from kmc.lattice import lattice_of
from kmc.mass_action import MassAction
from kmc.process import Process
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS
from kmc.reversibility import pair_problems, written_pairs
from kmc.species import SolutionSpecies, Species, compile_solution, compile_species
from kmc.units import DIMENSIONS

if TYPE_CHECKING:
    from kmc.deck import Deck


ROUNDING = 0.01
"""float: share of a number of molecules by which it may be rounded without a note."""


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
    compartment : Compartment, optional
        The volume of the solution; by default one without a size.
    clusters : sequence of Cluster
        Energies between species on the lattice.
    pairs : sequence of (str, str)
        Names of processes that are each other's reverse, both written by hand.

    Attributes
    ----------
    n_lattice : int
        Processes with a site of the lattice; they come first, those of the solution alone after them.
    molecular : float64, shape (n_processes,)
        Rate of one combination of molecules per rate constant (`mass_action`).
    count_change : int64, shape (n_processes, n_species)
        Sites gained by each lattice species at an event.
    solution_change : int64, shape (n_processes, n_solution)
        Molecules gained by each solution species at an event.
    electrons : int64, shape (n_processes,)
        Taken from the electrode at an event.
    """

    def __init__(self, species, solution, processes, notes=(), compartment=None, clusters=(), pairs=()):
        self.species: tuple[Species, ...] = tuple(species)
        self.solution: tuple[SolutionSpecies, ...] = tuple(solution)
        self.processes: tuple[Process, ...] = tuple(processes)
        self.notes: tuple[str, ...] = tuple(notes)
        activities = [np.nan if each.activity is None else each.activity.value for each in self.solution]
        self.compartment: Compartment = compartment or Compartment()
        self.clusters: tuple[Cluster, ...] = tuple(clusters)
        self.pairs: tuple[tuple[str, str], ...] = tuple(pairs)
        self.n_lattice = sum(not process.is_solution for process in self.processes)
        self._kinetics = Kinetics(self.processes, activities)
        action = MassAction(self.processes, self.compartment)
        self._constant, self.molecular = action.constant, action.molecular
        is_solution = np.array([process.is_solution for process in self.processes], dtype=bool)
        self._height = np.where(is_solution, self.compartment.distance.value, 0.0)
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
            With activities that are held, without tunnelling and neighbours, on the surface of the electrode; of a
            solution process at its distance, in the convention of the deck, and per pair where the rate law gives a
            volume per time.
        """
        return self._kinetics.rate_constants(temperature, potential, spacing, self._height) * self._constant

    def rate_with_barrier_shift(
        self,
        process: int,
        shift: np.ndarray,
        temperature: float,
        potential: float,
        spacing: float,
        height: float | np.ndarray = 0.0,
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
        height : float or array_like, shape of `shift`, [m]
            Of the anchor above the surface of the electrode, for the processes that notice it.

        Returns
        -------
        ndarray
            With activities.
        """
        return self._kinetics.shifted(process, shift, temperature, potential, spacing, height)

    @property
    def notices_height(self) -> np.ndarray:
        """Whether the rate constant of each process depends on its height, bool, shape (n_processes,)."""
        return self._kinetics.notices_height

    def barriers(self, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Barriers and reaction free energies of all processes, see `Kinetics.barriers`."""
        return self._kinetics.barriers(temperature)

    def citations(self) -> list[Citation]:
        """Every value with its uncertainty, method and source; reverse processes add none."""
        rows = []
        for process in self.processes:
            if process.reverse_of is None:
                parameters = RATE_LAWS[process.law].parameters
                for name, quantity in process.parameters.items():
                    for part, value in quantity.parts(name):
                        dimension = value.dimension or parameters[name].dimension
                        rows.append(_citation(process.name, part, value, dimension))
                if process.transfer is not None:
                    rows.append(_citation(process.name, "transfer", process.transfer, "dimensionless"))
                for number, term in enumerate(process.neighbours, start=1):
                    rows.append(_citation(process.name, f"neighbours {number}", term.energy, "energy"))
        rows += [_citation(f"cluster {each.name}", "energy", each.energy, "energy") for each in self.clusters]
        return rows + self._amount_citations()

    def _amount_citations(self) -> list[Citation]:
        """Volumes of species and of the compartment, and how much there is in the solution."""
        given = [(each.name, "molar-volume", each.volume, "molar volume") for each in self.species]
        for each in self.solution:
            given.append((each.name, "activity", each.activity, "dimensionless"))
            given.append((each.name, "concentration", each.concentration, "concentration"))
        given.append(("compartment", "volume", self.compartment.volume, "volume"))
        if self.compartment.distance.value:
            given.append(("compartment", "distance", self.compartment.distance, "length"))
        return [_citation(*row) for row in given if row[2] is not None]


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
    compartment = compartment_of(deck)
    species, problems = compile_species(deck)
    solution, more = compile_solution(deck, compartment.size)
    compiler = Compiler(deck, species, solution, compartment)
    for index in range(len(deck.processes)):
        compiler.add(index)
    clusters, wrong, odd = compile_clusters(deck, species, compiler.tables)
    problems = [*problems, *more, *compiler.tables.problems, *compiler.problems, *wrong]
    if not problems:
        problems = pair_problems(deck, compiler.processes, compiler.steps, compartment)
    if problems:
        raise DeckError(problems)
    notes = [*compiler.notes, *_rounded(solution, compartment), *_unsourced(species, solution), *odd]
    notes += cell_notes(deck.lattice)
    notes += _unbalanced(solution, compiler.processes)
    written = written_pairs(compiler.processes, [step for step, _ in compiler.steps], lattice_of(deck))
    pairs = [(forward.name, backward.name) for forward, backward in written]
    return Mechanism(species, solution, _lattice_first(compiler.processes), notes, compartment, clusters, pairs)


def _lattice_first(processes: list[Process]) -> list[Process]:
    """Processes with those of the solution alone behind the others, numbered anew; else in the order of the deck."""
    ordered = sorted(processes, key=lambda process: process.is_solution)
    place = {process.index: index for index, process in enumerate(ordered)}
    return [
        replace(process, index=place[process.index], reverse_of=place.get(process.reverse_of)) for process in ordered
    ]


def _rounded(solution: tuple[SolutionSpecies, ...], compartment: Compartment) -> list[str]:
    """Notes on concentrations that whole molecules meet poorly."""
    notes = []
    for species in solution:
        if species.concentration is not None:
            wanted = AVOGADRO * compartment.size * species.concentration.value
            if abs(species.count - wanted) > ROUNDING * wanted:
                notes.append(f"'{species.name}': {wanted:.4g} molecules are rounded to {species.count}")
    return notes


def _unbalanced(solution: tuple[SolutionSpecies, ...], processes: list[Process]) -> list[str]:
    """A note on the species without a formula, and on the processes whose balance nobody can check."""
    names = [each.name for each in solution if not each.formula]
    if not names:
        return []
    unknown = {each.index for each in solution if not each.formula}
    several = [
        each
        for each in processes
        if each.reverse_of is None and unknown & {*each.solution_change, *each.activity_orders, *each.molecule_orders}
    ]
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return [
        f"{len(names)} species of the solution without formula ({shown}): "
        f"elements and charge of {len(several)} processes are not checked"
    ]


def _unsourced(species: tuple[Species, ...], solution: tuple[SolutionSpecies, ...]) -> list[str]:
    """Notes on molar volumes and activities without a source."""
    values = [(each.name, "molar volume", each.volume) for each in species]
    values += [(each.name, "activity", each.activity) for each in solution]
    values += [(each.name, "concentration", each.concentration) for each in solution]
    return [
        f"'{name}': no source for its {what}"
        for name, what, value in values
        if value is not None and not value.source
    ]

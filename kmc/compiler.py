# SPDX-License-Identifier: BSD-3-Clause
"""From the processes of a deck to checked processes; collects everything that is wrong with them. Floor 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kmc.barriers import Tables
from kmc.compartment import Compartment
from kmc.equation import Equation, EquationError, parse_equation
from kmc.errors import DeckError, Problem
from kmc.lattice import lattice_of
from kmc.parameters import ParameterChecks
from kmc.process import Neighbours, Process, Step, Vocabulary, imbalance, resolve
from kmc.quantity import Location, Quantity, TableReference
from kmc.rates import RATE_LAWS
from kmc.solution_checks import solution_faults
from kmc.species import SolutionSpecies, Species
from kmc.stencils import Stencils
from kmc.transfer import Transfers

if TYPE_CHECKING:
    from kmc.deck import Deck, NeighbourTerm


class Compiler:
    """Compiles processes one after the other.

    Parameters
    ----------
    deck : Deck
    species : tuple of Species
    solution : tuple of SolutionSpecies
    compartment : Compartment

    Attributes
    ----------
    tables : Tables
    processes : list of Process
        Those without problems, reverse processes after their forward ones.
    steps : list of (Step, int)
        For each of them the step and the index of its entry in the deck.
    problems : list of Problem
    notes : list of str
        What is no error but should be known.
    """

    def __init__(
        self,
        deck: Deck,
        species: tuple[Species, ...],
        solution: tuple[SolutionSpecies, ...],
        compartment: Compartment,
    ):
        index = {each.name: each.index for each in species}
        groups = {
            name: frozenset(index[member] for member in members) for name, members in deck.groups.items()
        }
        self.tables = Tables(deck.tables)
        self.processes: list[Process] = []
        self.steps: list[tuple[Step, int]] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._deck = deck
        self._compartment = compartment
        self._vocabulary = Vocabulary(species, solution, groups)
        self._transfers = Transfers(deck, index)
        self._checks = ParameterChecks(deck)
        self._stencils = Stencils(lattice_of(deck))
        # The balance of a species whose formula is wrong would be wrong as well.
        broken = [
            each.name
            for each in species
            if each.formula_unit and not each.formula and each.phase != "electrode"
        ]
        self._broken = {*broken, *(each.name for each in solution if not each.formula)}

    def add(self, index: int) -> None:
        """Compile one process of the deck and, if it is reversible, its reverse.

        Parameters
        ----------
        index : int
            Position among the processes of the deck.
        """
        entry = self._deck.processes[index]
        before = len(self.problems)
        parameters = self._parameters(index)
        neighbours = tuple(self._neighbours(index, number) for number in range(len(entry.neighbours)))
        step, reversible = self._step(index)
        if step is None:
            return
        geometry = self._geometry(index, len(step.reactants))
        self._check_sites(index, len(step.reactants))
        self._check_electrons(index, step)
        self._check_solution(index, step, reversible)
        self._check_transfer(index, step, parameters)
        self._check_stencil(index, step, geometry)
        if reversible:
            self._check_reverse(index, step, geometry)
        if len(self.problems) > before:
            return
        self._note(index, step, parameters, neighbours)
        rest = (bool(entry.tunnelling), neighbours, geometry, entry.source)
        forward = len(self.processes)
        self._append(index, entry.name, step, parameters, None, rest)
        if reversible:
            self._append(index, f"{entry.name} (reverse)", step.reverse(), parameters, forward, rest)

    def _append(self, index, name, step, parameters, reverse_of, rest) -> None:
        law = self._deck.processes[index].law
        change = step.solution_change
        finite = {number for number in step.consumed if self._vocabulary.solution[number].is_finite}
        held = {number: order for number, order in step.consumed.items() if number not in finite}
        process = Process(
            name,
            len(self.processes),
            step.reactants,
            step.products,
            change,
            step.electrons,
            law,
            parameters,
            reverse_of,
            held,
            *rest,
            molecule_orders={number: step.consumed[number] for number in sorted(finite)},
            transfer=self._transfers.coefficient(self._deck.processes[index], step),
            layers=self._layers(index),
            hop=self._stencils.hop(self._deck.processes[index], step, rest[2]),
            oriented=self._deck.processes[index].orientations == "given",
        )
        self.processes.append(process)
        self.steps.append((step, index))

    def _report(self, index: int, message: str, where: Location, hint: str | None = None) -> None:
        name = self._deck.processes[index].name
        self.problems.append(self._deck.problem(f"process '{name}': {message}", where, hint))

    def _place(self, index: int, *path) -> Location:
        return self._deck.locate(("processes", index, *path))

    def _in_equation(self, index: int, offset: int = 0) -> Location:
        """Place of a character of an equation, if the equation stands in one line."""
        place = self._place(index, "equation")
        lines = self._deck.document.sources.get(place.file or "", [])
        if place.line is None or place.line > len(lines):
            return place
        start = lines[place.line - 1].find(self._deck.processes[index].equation, (place.column or 1) - 1)
        return place if start < 0 else Location(place.file, place.line, start + offset + 1)

    # --- the equation ---

    def _step(self, index: int) -> tuple[Step | None, bool]:
        """Step of an equation, None if it is at fault, and whether it is reversible."""
        try:
            equation = parse_equation(self._deck.processes[index].equation)
        except EquationError as error:
            self._report(index, str(error), self._in_equation(index, error.offset))
            return None, False
        step, faults = resolve(equation, self._vocabulary)
        for message, offset in faults:
            self._report(index, message, self._in_equation(index, offset))
        if not faults or step is not None:
            self._check_balance(index, equation)
        return step, equation.reversible

    def _check_balance(self, index: int, equation: Equation) -> None:
        if self._broken & {term.name for term in (*equation.left, *equation.right) if not term.is_group}:
            return
        wrong = imbalance(equation, self._vocabulary)
        if wrong:
            self._report(index, f"not balanced: {', '.join(wrong)}", self._in_equation(index))

    def _geometry(self, index: int, n_terms: int) -> np.ndarray | None:
        """Positions (x, y, z) of the lattice terms."""
        given = self._deck.processes[index].geometry
        if n_terms == 0:
            return None
        if given is None:
            if n_terms > 2:
                message = f"{n_terms} lattice terms need 'geometry', the position of each"
                self._report(index, message, self._in_equation(index))
            return None
        if len(given) != n_terms:
            message = f"'geometry' has {len(given)} positions for {n_terms} lattice terms"
            self._report(index, message, self._place(index, "geometry"))
            return None
        if n_terms == 1:
            return None
        positions = [(*each[:1], 0, *each[1:]) if len(each) == 2 else tuple(each) for each in given]
        return np.array(positions, dtype=np.int64)

    def _check_sites(self, index: int, n_terms: int) -> None:
        """Neighbours are counted around a lattice term that exists."""
        for number, term in enumerate(self._deck.processes[index].neighbours):
            if term.site > n_terms > 0:
                message = f"neighbours of lattice term {term.site}, but the equation has {n_terms}"
                where = self._place(index, "neighbours", number, "site")
                self._report(index, message, where)

    def _check_electrons(self, index: int, step: Step) -> None:
        """Elementary steps transfer one electron, and what transfers none has no law for it."""
        entry = self._deck.processes[index]
        law = RATE_LAWS[entry.law]
        if abs(step.electrons) > 1:
            message = f"transfers {abs(step.electrons)} electrons; an elementary step transfers one"
            self._report(index, message, self._in_equation(index), "write one process for each electron")
        if step.electrons:
            return
        if law.uses_potential:
            message = f"rate law '{law.name}' transfers an electron, but the equation has no e-"
            self._report(index, message, self._place(index, "rate"))
        if entry.tunnelling:
            message = "'tunnelling' is for electrons, but the equation has no e-"
            self._report(index, message, self._place(index, "tunnelling"))

    def _check_solution(self, index: int, step: Step, reversible: bool) -> None:
        """The solution has what the process asks of it."""
        entry = self._deck.processes[index]
        faults = solution_faults(entry, step, reversible, self._vocabulary.solution, self._compartment)
        for fault in faults:
            where = self._in_equation(index) if fault.key == "equation" else self._place(index, fault.key)
            self._report(index, fault.message, where, fault.hint)
        if entry.tunnelling and step.is_solution and "default" not in self._deck.tunnelling.decay:
            message = "tunnels through the solution, which takes the decay 'default', and there is none"
            self._report(index, message, self._place(index, "tunnelling"))

    def _check_transfer(self, index: int, step: Step, parameters: dict[str, Quantity]) -> None:
        """The process goes together with the interactions of the lattice."""
        for fault in self._transfers.faults(self._deck.processes[index], step, parameters):
            self._report(index, fault.message, self._place(index, fault.key), fault.hint)

    def _check_stencil(self, index: int, step: Step, geometry: np.ndarray | None) -> None:
        """The sites of the process fit the lattice."""
        needed = len(step.reactants) > 2 or self._deck.processes[index].geometry is not None
        if geometry is None and needed and len(step.reactants) > 1:
            return  # reported already
        for fault in self._stencils.faults(self._deck.processes[index], step, geometry):
            self._report(index, fault.message, self._place(index, *fault.path), fault.hint)

    def _layers(self, index: int) -> tuple[int, int | None] | None:
        """First and last layer in which the process can start."""
        layer = self._deck.processes[index].layer
        return None if layer is None else (layer.first, layer.last)

    def _check_reverse(self, index: int, step: Step, geometry: np.ndarray | None) -> None:
        entry = self._deck.processes[index]
        # In one orientation only, the way back is another process, even if it does the same.
        swapped = entry.orientations == "all" and step.reverse().key() == step.key()
        if swapped or step.reverse().key(geometry) == step.key(geometry):
            self._report(index, "is its own reverse; write =>", self._in_equation(index))
        elif not RATE_LAWS[entry.law].uses_potential and step.electrons:
            message = f"rate law '{entry.law}' knows no potential, so <=> has no free energy for the reverse"
            self._report(index, message, self._place(index, "rate"), "use a law of electron transfer, or =>")
        elif not RATE_LAWS[entry.law].uses_potential and "reaction-free-energy" not in entry.parameters:
            message = "<=> needs 'reaction-free-energy' in 'rate'"
            self._report(index, message, self._place(index, "rate"))

    # --- values ---

    def _value(self, index: int, given: Quantity | TableReference) -> Quantity | None:
        """A value of the deck, or of a table; None with a problem."""
        if not isinstance(given, TableReference):
            return given
        try:
            return self.tables.value(given)
        except DeckError as error:
            for problem in error.problems:
                here = given.where is not None and (problem.file, problem.line) == (
                    given.where.file,
                    given.where.line,
                )
                if here:
                    self._report(index, problem.message, given.where)
                else:
                    self.problems.append(problem)
            return None

    def _parameters(self, index: int) -> dict[str, Quantity]:
        """Parameters of the rate law, those of tables within the same bounds as those of decks."""
        entry = self._deck.processes[index]
        values = {name: self._value(index, given) for name, given in entry.parameters.items()}
        found = {name: value for name, value in values.items() if value is not None}
        for fault in self._checks.faults(entry, found):
            self._report(index, fault.message, self._place(index, *fault.path), fault.hint)
        return found

    def _neighbours(self, index: int, number: int) -> Neighbours | None:
        """A neighbour term, with groups as their members."""
        term: NeighbourTerm = self._deck.processes[index].neighbours[number]
        members: set[int] = set()
        for name in term.species:
            group = self._vocabulary.groups.get(name[1:-1]) if name[:1] == "{" else None
            # A deck without lattice has no species to name here, which is refused elsewhere.
            known = [self._vocabulary.lattice[name].index] if name in self._vocabulary.lattice else []
            members |= group if group is not None else set(known)
        energy = self._value(index, term.energy)
        return None if energy is None else Neighbours(frozenset(members), energy, term.site, term.shell)

    # --- notes ---

    def _note(self, index: int, step: Step, parameters: dict[str, Quantity], neighbours: tuple) -> None:
        """What is odd about a process, though allowed."""
        entry = self._deck.processes[index]
        said = []
        barrier, energy = (parameters.get(name) for name in ("barrier", "reaction-free-energy"))
        if barrier is not None:
            used = max(barrier.value, energy.value if energy else 0.0, 0.0)
            if used > barrier.value:
                why = "negative" if used == 0.0 else "below its reaction free energy"
                said.append(f"its barrier, {barrier.value:g} eV, is {why}; {used:g} eV is used")
        if step.electrons and not RATE_LAWS[entry.law].uses_potential:
            said.append(f"transfers an electron at a rate that knows no potential ({entry.law})")
        values = [*parameters.items(), *(("neighbour energy", term.energy) for term in neighbours)]
        unsourced = [name for name, value in values if not value.source]
        if unsourced and not entry.source:
            said.append(f"no source for {', '.join(unsourced)}")
        said += self._transfers.notes(entry, step)
        self.notes += [f"process '{entry.name}': {each}" for each in said]

# SPDX-License-Identifier: BSD-3-Clause
"""Exact ledgers of a run: species, electrons, elements, lithium and gas, each computed in two ways (floor 5).

In: the mechanism, the number of events of every process, the number of sites of every species and of molecules in
the compartment. Out: the same integers twice, once from the events and their stoichiometry and once from what is
there, a refusal if any pair differs, and the numbers that go into the results file.

What an event does is read here from the processes themselves, not from the tables that the core runs on, so
that an error in those tables shows as a ledger that does not close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE
from kmc.errors import InternalError

if TYPE_CHECKING:
    from kmc.mechanism import Mechanism
    from kmc.species import SolutionSpecies


@dataclass(frozen=True)
class Entry:
    """One quantity counted twice.

    Attributes
    ----------
    name : str
        What is counted, such as ``species LEDC`` or ``element Li``.
    from_events : int
        Change since the start, from the numbers of events.
    from_counts : int
        Change since the start, from the sites of the lattice and the molecules in the compartment.
    """

    name: str
    from_events: int
    from_counts: int

    @property
    def is_closed(self) -> bool:
        """Whether both ways give the same number."""
        return self.from_events == self.from_counts


class Ledger:
    """The books of one run.

    Parameters
    ----------
    mechanism : Mechanism
    initial_count : int64, shape (n_species,)
        Sites of every lattice species at the start.
    area : float, [m^2]
        Area of the electrode in the box; 0 without a lattice.
    previous : (float, int), optional
        Time [s] and electrons of the last output, for a run that is taken up again.
    molecules : int64, shape (n_solution,), optional
        Molecules of every solution species at the start; those of species that are held at an activity do not count.
        None where the solution is known from events alone.
    """

    def __init__(
        self,
        mechanism: Mechanism,
        initial_count: np.ndarray,
        area: float,
        previous: tuple[float, int] | None = None,
        molecules: np.ndarray | None = None,
    ):
        self.mechanism = mechanism
        self.area = area
        self._initial_count = np.array(initial_count, dtype=np.int64)
        self._previous = previous
        is_held = [molecules is None or s.activity is not None for s in mechanism.solution]
        self._is_counted = ~np.array(is_held, dtype=bool)
        self._initial_molecules = np.zeros(len(is_held), dtype=np.int64) if molecules is None else molecules.copy()
        self._site_change, self._solution_change, self._electrons = stoichiometry(mechanism)
        self._is_gas = np.array([s.phase == "gas" for s in mechanism.solution], dtype=bool)
        self._site_charge = np.array([s.charge for s in mechanism.species], dtype=np.int64)
        self._solution_charge = np.array([s.charge for s in mechanism.solution], dtype=np.int64)
        # What has no formula has no atoms that could be counted, and no charge that is known.
        self._is_balanced = all(s.formula for s in mechanism.solution)
        self._elements = sorted({e for s in (*mechanism.species, *mechanism.solution) for e in s.formula})
        self._site_atoms = _atoms(mechanism.species, self._elements)
        self._solution_atoms = _atoms(mechanism.solution, self._elements)

    def entries(
        self, event_count: np.ndarray, count: np.ndarray, molecules: np.ndarray | None = None
    ) -> list[Entry]:
        """Everything that is counted twice, in changes since the start.

        Parameters
        ----------
        event_count : int64, shape (n_processes,)
            Events of every process since the start.
        count : int64, shape (n_species,)
            Sites of every lattice species now.
        molecules : int64, shape (n_solution,), optional
            Molecules of every solution species now, in a run that counts them.

        Returns
        -------
        entries : list of Entry
            Numbers of species only, if a solution species has no formula.

        Notes
        -----
        With n_p events of process p, dN_s sites of lattice species s gained, dM_j molecules of solution species j
        gained, charge numbers q and atoms a per site or molecule. The dM_j of species in the compartment come from
        their numbers, those of species without one, which are held at an activity, from the events:

        - species s of the lattice: sum_p n_p nu_ps = dN_s; species j in the compartment: sum_p n_p nu_pj = dM_j;
        - electrons taken from the electrode: sum_p n_p e_p = -(sum_s q_s dN_s + sum_j q_j dM_j);
        - element X, lithium among them, leaving what is held: -sum over held j of a_jX dM_j = sum_s a_sX dN_s + sum
          over j in the compartment of a_jX dM_j;
        - element X in gases, from events: sum over gases a_jX dM_j = -(sum_s a_sX dN_s + sum over dissolved j of a_jX
          dM_j).
        """
        site_gain = np.asarray(count, dtype=np.int64) - self._initial_count
        solution_expected = event_count @ self._solution_change
        solution_gain = self._solution_gain(solution_expected, molecules)
        counted = self._is_counted
        entries = [
            *self._species_entries(self.mechanism.species, event_count @ self._site_change, site_gain),
            *self._species_entries(self._counted(), solution_expected[counted], solution_gain[counted]),
        ]
        if not self._is_balanced:
            return entries
        charge_gain = site_gain @ self._site_charge + solution_gain @ self._solution_charge
        entries.append(Entry("electrons", int(event_count @ self._electrons), -int(charge_gain)))
        atoms = solution_gain[:, None] * self._solution_atoms
        on_lattice, in_solution = site_gain @ self._site_atoms, atoms.sum(axis=0)
        supplied = -atoms[~counted].sum(axis=0)
        for k, element in enumerate(self._elements):
            name = "lithium" if element == "Li" else f"element {element}"
            entries.append(Entry(name, int(supplied[k]), int(on_lattice[k] + in_solution[k] + supplied[k])))
        in_gas = solution_expected[self._is_gas] @ self._solution_atoms[self._is_gas]
        dissolved = atoms[~self._is_gas].sum(axis=0)
        for k in np.flatnonzero(self._solution_atoms[self._is_gas].any(axis=0)):
            elsewhere = on_lattice[k] + dissolved[k]
            entries.append(Entry(f"gas, element {self._elements[k]}", int(in_gas[k]), -int(elsewhere)))
        return entries

    def _solution_gain(self, expected: np.ndarray, molecules: np.ndarray | None) -> np.ndarray:
        """Molecules gained by every solution species: as counted where they are, else as expected from events."""
        if molecules is None:
            return expected
        return np.where(self._is_counted, molecules - self._initial_molecules, expected)

    def _counted(self) -> list[SolutionSpecies]:
        return [s for s, counted in zip(self.mechanism.solution, self._is_counted, strict=True) if counted]

    @staticmethod
    def _species_entries(species, expected: np.ndarray, gain: np.ndarray) -> list[Entry]:
        return [
            Entry(f"species {s.name}", int(from_events), int(counted))
            for s, from_events, counted in zip(species, expected, gain, strict=True)
        ]

    def check(self, event_count: np.ndarray, count: np.ndarray, molecules: np.ndarray | None = None) -> None:
        """Refuse to go on unless every entry closes exactly.

        Parameters
        ----------
        event_count : int64, shape (n_processes,)
        count : int64, shape (n_species,)
        molecules : int64, shape (n_solution,), optional

        Raises
        ------
        InternalError
            If a number from the events differs from the one that is there; names every such entry.
        """
        open_entries = [e for e in self.entries(event_count, count, molecules) if not e.is_closed]
        if open_entries:
            lines = [
                f"{e.name}: {e.from_events} from events, {e.from_counts} from the counts"
                for e in open_entries
            ]
            raise InternalError("the ledger does not close:\n  " + "\n  ".join(lines))

    def record(
        self, time: float, event_count: np.ndarray, count: np.ndarray, molecules: np.ndarray | None = None
    ) -> dict[str, float | np.ndarray]:
        """Check the books and give the numbers of one output, by the names of the results file.

        Parameters
        ----------
        time : float, [s]
        event_count : int64, shape (n_processes,)
        count : int64, shape (n_species,)
        molecules : int64, shape (n_solution,), optional

        Returns
        -------
        values : dict
            `event_count`, `n_events`, `electrons` and `solution_count`, by solution species: molecules in the
            compartment if the species is finite, else molecules gained since the start. Where there is an electrode
            area also `charge` and `film_charge` [C/m^2], `current_density` [A/m^2], and `gas` [mol/m^2] by gas species.

        Raises
        ------
        InternalError
            If the ledger does not close.

        Notes
        -----
        Q = e N_e / A, positive for reduction, and j = (Q - Q_previous) / (t - t_previous), the mean over the
        interval that ends at this output; NaN at the first output and after an interval of no duration. Charge on the
        lattice, Q_l = e sum_s q_s N_s / A, is balanced by ions of the well-mixed solution.
        """
        event_count = np.array(event_count, dtype=np.int64)
        self.check(event_count, count, molecules)
        electrons = int(event_count @ self._electrons)
        solution_gain = event_count @ self._solution_change
        values = {
            "event_count": event_count,
            "n_events": int(event_count.sum()),
            "electrons": electrons,
            "solution_count": self._initial_molecules + solution_gain,
        }
        if self.area:
            values |= self._per_area(time, electrons, count, solution_gain)
        self._previous = (time, electrons)
        return values

    @property
    def state(self) -> tuple[np.ndarray, np.ndarray, tuple[float, int] | None]:
        """Arguments `initial_count`, `molecules` and `previous` of a ledger that goes on from here."""
        return self._initial_count, self._initial_molecules, self._previous

    def _per_area(self, time: float, electrons: int, count: np.ndarray, solution_gain: np.ndarray) -> dict:
        """What refers to the area of the electrode."""
        current_density = float("nan")
        if self._previous is not None and time > self._previous[0]:
            gained = electrons - self._previous[1]
            current_density = gained * ELEMENTARY_CHARGE / (self.area * (time - self._previous[0]))
        return {
            "charge": electrons * ELEMENTARY_CHARGE / self.area,
            "film_charge": int(np.asarray(count) @ self._site_charge) * ELEMENTARY_CHARGE / self.area,
            "current_density": current_density,
            "gas": solution_gain[self._is_gas] / (AVOGADRO * self.area),
        }


def stoichiometry(mechanism: Mechanism) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What one event of every process changes.

    Parameters
    ----------
    mechanism : Mechanism

    Returns
    -------
    site_change : int64, shape (n_processes, n_species)
        Sites gained by each lattice species.
    solution_change : int64, shape (n_processes, n_solution)
        Molecules gained by each solution species.
    electrons : int64, shape (n_processes,)
        Electrons taken from the electrode.

    Raises
    ------
    InternalError
        If a process changes a site whose species it leaves open, so that the change cannot be booked.
    """
    n_processes = len(mechanism.processes)
    site_change = np.zeros((n_processes, len(mechanism.species)), dtype=np.int64)
    solution_change = np.zeros((n_processes, len(mechanism.solution)), dtype=np.int64)
    electrons = np.array([p.electrons for p in mechanism.processes], dtype=np.int64).reshape(n_processes)
    for p, process in enumerate(mechanism.processes):
        for allowed, product in zip(process.reactants, process.products, strict=True):
            if product is None:
                continue
            if len(allowed) != 1:
                raise InternalError(
                    f"process '{process.name}' changes a site that may hold one of several species"
                )
            site_change[p, next(iter(allowed))] -= 1
            site_change[p, product] += 1
        for index, change in process.solution_change.items():
            solution_change[p, index] += change
    return site_change, solution_change, electrons


def _atoms(species, elements: list[str]) -> np.ndarray:
    """Atoms of every element in one site or molecule of every species, int64 (n, n_elements)."""
    rows = [[s.formula.get(element, 0) for element in elements] for s in species]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(elements))

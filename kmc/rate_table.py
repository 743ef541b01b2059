# SPDX-License-Identifier: BSD-3-Clause
"""Rate constants, barriers and free energies of every process at given conditions: `kmc rates`. Floor 4.

`rate_constants` is the function behind the command; `rate_rows` is what it and `kmc check` share.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from kmc.deck import Deck, load_deck
from kmc.deck_protocol import CONDITIONS
from kmc.errors import KmcError
from kmc.kinetics import Kinetics, free_energy
from kmc.lattice import lattice_of
from kmc.mass_action import MassAction
from kmc.mechanism import Mechanism, compile_mechanism
from kmc.rates import RATE_LAWS
from kmc.thermodynamics import crossed_barrier
from kmc.units import DIMENSIONS, UnitError, parse_quantity

if TYPE_CHECKING:
    from kmc.process import Process

COLUMNS = (
    "process",
    "direction",
    "rate constant [1/s]",
    "law",
    "barrier [eV]",
    "reaction free energy [eV]",
    "source",
    "activity factor",
    "modifiers",
    "convention",
)
"""Columns of `kmc rates`, and keys of the rows of `rate_constants`."""


@dataclass(frozen=True)
class RateRow:
    """One direction of one process at given conditions.

    Parameters
    ----------
    index : int
        Of the process in the mechanism.
    process : str
        Name as in the deck, for both directions.
    is_reverse : bool
    rate_constant : float, [1/s]
        At activities 1, without modifiers.
    activity : float
        Product of the activities of what is consumed and held, which multiplies the rate constant in a run.
    law : str
    barrier : float, optional, [eV]
        As crossed in this direction; None where the law has none.
    free_energy : float, optional, [eV]
        Of reaction in this direction, at activities 1; None where it is unknown.
    sources : tuple of str
        Of the parameters and of the step, each once.
    modifiers : tuple of str
        What else acts on the rate: tunnelling, neighbours, layer, distance, interactions.
    convention : str
        What the rate constant is of: one site, one pair of molecules, activities; see `convention_of`.
    """

    index: int
    process: str
    is_reverse: bool
    rate_constant: float
    activity: float
    law: str
    barrier: float | None
    free_energy: float | None
    sources: tuple[str, ...]
    modifiers: tuple[str, ...]
    convention: str

    def record(self) -> dict[str, Any]:
        """The row by `COLUMNS`."""
        values = (
            self.process,
            "reverse" if self.is_reverse else "forward",
            self.rate_constant,
            self.law,
            self.barrier,
            self.free_energy,
            "; ".join(self.sources),
            self.activity,
            ", ".join(self.modifiers),
            self.convention,
        )
        return dict(zip(COLUMNS, values, strict=True))


def rate_rows(mechanism: Mechanism, temperature: float, potential: float, spacing: float) -> list[RateRow]:
    """Every process at given conditions, a generated reverse among them.

    Parameters
    ----------
    mechanism : Mechanism
    temperature : float, [K]
    potential : float, [V vs Li/Li+]
    spacing : float, [m]
        NaN where there is no lattice.

    Returns
    -------
    list of RateRow
        In the order of the mechanism.
    """
    constants = bare_constants(mechanism, temperature, potential, spacing)
    heights = heights_of(mechanism)
    rows = []
    for process, constant in zip(mechanism.processes, constants, strict=True):
        forward = process if process.reverse_of is None else mechanism.processes[process.reverse_of]
        sources = [each.source for each in (*process.parameters.values(), process) if each.source]
        rows.append(
            RateRow(
                process.index,
                forward.name,
                process.reverse_of is not None,
                float(constant),
                activity_factor(process, mechanism),
                process.law,
                crossed_barrier(process, temperature, potential, heights[process.index]),
                free_energy(process, potential, temperature),
                tuple(dict.fromkeys(sources)),
                modifiers(process, mechanism),
                convention_of(process, mechanism),
            )
        )
    return rows


def bare_constants(mechanism: Mechanism, temperature: float, potential: float, spacing: float) -> np.ndarray:
    """Rate constants at activities 1 and without modifiers, float64, shape (n_processes,), [1/s].

    Those that depend on the distance from the electrode are meant on its surface, of solution processes at the distance
    of the compartment.
    """
    bare = Kinetics(mechanism.processes, np.ones(len(mechanism.solution)))
    action = MassAction(mechanism.processes, mechanism.compartment)
    with np.errstate(over="ignore"):
        return bare.rate_constants(temperature, potential, spacing, heights_of(mechanism)) * action.constant


def heights_of(mechanism: Mechanism) -> np.ndarray:
    """Where rate constants are meant: on the surface of the electrode; in the solution at its distance [m]."""
    is_solution = [process.is_solution for process in mechanism.processes]
    return np.where(is_solution, mechanism.compartment.distance.value, 0.0)


def activity_factor(process: Process, mechanism: Mechanism) -> float:
    """Product of the activities of the species that a process consumes and that are held."""
    held = process.activity_orders.items()
    return float(np.prod([mechanism.solution[index].activity.value ** order for index, order in held]))


def modifiers(process: Process, mechanism: Mechanism) -> tuple[str, ...]:
    """What acts on the rate of a process besides its rate law and activities."""
    found = {
        "tunnelling": process.tunnelling,
        "neighbours": bool(process.neighbours),
        "layer": process.layers is not None,
        "distance": bool(mechanism.notices_height[process.index]),
        "interactions": bool(mechanism.clusters) and not process.is_solution,
    }
    return tuple(name for name, is_there in found.items() if is_there)


def convention_of(process: Process, mechanism: Mechanism) -> str:
    """What the rate constant of a process is multiplied by in a run, besides its activity factor and modifiers.

    Parameters
    ----------
    process : Process
    mechanism : Mechanism

    Returns
    -------
    convention : str
        Of the lattice `per site` or `per set of sites`, whatever it takes from the solution at activity 1. Of the
        solution `per molecule`, `per pair` or `per combination` of the molecules that react, `in total` if all of them
        are held, and `per activity` where the deck has it and it makes a difference.
    """
    if not process.is_solution:
        return "per site" if len(process.reactants) == 1 else "per set of sites"
    n_molecules = sum(process.molecule_orders.values())
    if n_molecules != 1 and mechanism.compartment.per_activity and not RATE_LAWS[process.law].is_volumetric:
        return "per activity"
    return ("in total", "per molecule", "per pair", "per combination")[min(n_molecules, 3)]


def rate_constants(
    deck: str | Path | Deck,
    temperature: float | str | None = None,
    potential: float | str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Rate constants of every process of a deck, both directions.

    Parameters
    ----------
    deck : str, Path or Deck
    temperature : float, [K], or str, optional
        A text may carry a unit, as in `25 degC`. By default that of the deck at time zero.
    potential : float, [V vs Li/Li+], or str, optional
        By default that of the deck at time zero.
    overrides : mapping of str to str, optional
        As for `kmc.run`; not with a Deck.

    Returns
    -------
    list of dict
        One for each direction, by `COLUMNS`: what `pandas.DataFrame` and `csv.DictWriter` take. Energies that are
        unknown are None. The rate constant is the one at activities 1, and a run multiplies it by the activity factor;
        tunnelling, neighbours, layers and interactions act on it site by site. That of a solution process is in the
        convention of the deck's `compartment`, and per pair where the law gives a volume per time.

    Raises
    ------
    DeckError  if the deck is refused.
    KmcError  if the conditions are no temperature and potential that a deck may have.
    """
    if not isinstance(deck, Deck):
        deck = load_deck(Path(deck), overrides or {})
    start, heat = deck.protocol.applied().at(0.0)
    kelvin = heat if temperature is None else _condition(temperature, "temperature")
    volt = start if potential is None else _condition(potential, "potential")
    mechanism = compile_mechanism(deck)
    rows = rate_rows(mechanism, kelvin, volt, spacing_of(deck))
    wild = [row.process for row in rows if not np.isfinite(row.rate_constant)]
    if wild:
        shown = ", ".join(dict.fromkeys(wild))
        raise KmcError(f"rate constants are not finite at {volt:g} V and {kelvin:g} K: {shown}")
    return [row.record() for row in rows]


def spacing_of(deck: Deck) -> float:
    """Distance of nearest sites [m]; NaN where there is no lattice."""
    return np.nan if deck.lattice is None else lattice_of(deck).spacing


def write_csv(rows: list[dict[str, Any]], file: TextIO) -> None:
    """Write rows as CSV: rate constants in full, energies to twelve digits, which their sums are good for.

    Parameters
    ----------
    rows : list of dict
        Of `rate_constants`.
    file : text file
    """
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _shown(name, value) for name, value in row.items()})


def _shown(name: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value + 0.0:.12g}" if name.endswith("[eV]") else repr(value)


def _condition(given: float | str, dimension: str) -> float:
    """A temperature [K] or potential [V] that may carry its unit, within the bounds that a deck has for it."""
    unit = DIMENSIONS[dimension].unit
    try:
        value = float(given)
    except ValueError:
        try:
            value, spread = parse_quantity(str(given), dimension)
        except UnitError as error:
            raise KmcError(f"{dimension} {given}: {error}; without a unit it is in {unit}") from error
        if spread is not None:
            raise KmcError(f"{dimension} {given}: must be one value, without an uncertainty") from None
    fault = CONDITIONS[dimension].broken_by(value, unit)
    if fault or not np.isfinite(value):
        raise KmcError(f"{dimension} {given}: {fault or 'must be finite'}")
    return value

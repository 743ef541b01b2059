# SPDX-License-Identifier: BSD-3-Clause
"""Decks: YAML text to frozen typed objects, or a refusal that lists everything that is wrong. Floor 2.

Structure, types, units, ranges and names are checked here; what the chemistry must satisfy is checked by
`kmc.mechanism`. The keys are in `deck_models`, references between sections in `deck_checks`, decks that
build on others in `deck_extends`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kmc.deck_cell import completed
from kmc.deck_checks import check_references
from kmc.deck_compartment import CompartmentDeck
from kmc.deck_extends import BaseDeck, extend
from kmc.deck_files import beside, table_files
from kmc.deck_interactions import ClusterDeck, InteractionsDeck
from kmc.deck_lattice import CellDeck, LatticeDeck, LayerDeck, RandomDeck
from kmc.deck_messages import translate
from kmc.deck_models import Cadence, DeckSections, OutputDeck, RunDeck, TunnellingDeck
from kmc.deck_overrides import apply_overrides
from kmc.deck_process import LayerRange, NeighbourTerm, ProcessDeck
from kmc.deck_protocol import CONDITIONS, PotentialRampSection, TableSection, TemperatureRampSection
from kmc.deck_schema import json_schema, unit_key
from kmc.deck_species import CrystalDeck, SolutionDeck, SpeciesDeck
from kmc.deck_sweep import SweepDeck, check_sweep
from kmc.deck_tiles import TilesDeck
from kmc.deck_values import Reading, described
from kmc.errors import DeckError, KmcError, Problem, did_you_mean
from kmc.protocol import Constant, Protocol, Ramp, Series, TableSeries, load_table
from kmc.quantity import Location, Quantity, TableReference
from kmc.rates import RATE_LAWS
from kmc.units import DIMENSIONS, UnitError, check_unit
from kmc.yamltext import Document, MarkedDict, read_text, read_yaml

__all__ = [
    "BaseDeck",
    "Cadence",
    "CellDeck",
    "ClusterDeck",
    "CompartmentDeck",
    "Constant",
    "CrystalDeck",
    "Deck",
    "InteractionsDeck",
    "LatticeDeck",
    "LayerDeck",
    "LayerRange",
    "Location",
    "NeighbourTerm",
    "OutputDeck",
    "ProcessDeck",
    "ProtocolDeck",
    "Quantity",
    "Ramp",
    "RandomDeck",
    "RunDeck",
    "SolutionDeck",
    "SpeciesDeck",
    "SweepDeck",
    "TableReference",
    "TableSeries",
    "TilesDeck",
    "TunnellingDeck",
    "json_schema",
    "load_deck",
    "parse_deck",
]


MAX_OUTPUTS = 1_000_000
"""Largest number of outputs of one cadence."""


@dataclass(frozen=True)
class ProtocolDeck:
    """Conditions as functions of time.

    Parameters
    ----------
    temperature : Series, [K]
    potential : Series, [V vs Li/Li+]
    potential_step : float, [V]
    temperature_step : float, [K]
        Change after which the rate constants are renewed.
    """

    temperature: Series
    potential: Series
    potential_step: float
    temperature_step: float

    def applied(self) -> Protocol:
        """The staircase that the simulation applies."""
        return Protocol(self.potential, self.temperature, (self.potential_step, self.temperature_step))


@dataclass(frozen=True)
class Deck:
    """A checked deck; attributes are its keys in snake case, values in internal units.

    Parameters
    ----------
    tables : dict of str to Path
        Absolute paths, by name.
    path : Path
        File it was read from.
    text : str
        Its text as read, without the overrides.
    bases : tuple of BaseDeck
        The decks it builds on, the nearest first.
    overrides : dict of str to str
        What `--set` replaced.
    sections : DeckSections
        The sections as read, before anything of them was put into another form.
    """

    title: str
    description: str
    tables: dict[str, Path]
    run: RunDeck
    lattice: LatticeDeck | None
    compartment: CompartmentDeck | None
    interactions: InteractionsDeck | None
    tiles: TilesDeck | None
    protocol: ProtocolDeck
    tunnelling: TunnellingDeck | None
    groups: dict[str, list[str]]
    species: dict[str, SpeciesDeck]
    solution: dict[str, SolutionDeck]
    processes: list[ProcessDeck]
    output: OutputDeck
    sweep: SweepDeck | None
    path: Path
    text: str
    bases: tuple[BaseDeck, ...]
    overrides: dict[str, str]
    document: Document = field(repr=False, compare=False)
    sections: DeckSections = field(repr=False, compare=False)

    def locate(self, path: tuple, key: bool = False) -> Location:
        """Place of the value (with `key`: of the key) at a path of kebab-case keys and indexes.

        For example `("processes", 3, "equation")`; where the path leads too far, its last part that exists.
        """
        return self.document.locate(tuple(path), key)

    def problem(self, message: str, where: tuple | Location | None, hint: str | None = None) -> Problem:
        """A `Problem` of this deck at a path or location, with the source line."""
        place = self.locate(where) if isinstance(where, tuple) else where
        return self.document.problem(message, place, hint)


def load_deck(path: str | Path, overrides: Mapping[str, str] | None = None) -> Deck:
    """Read and check a deck.

    Parameters
    ----------
    path : str or Path
    overrides : mapping of str to str, optional
        Values by dotted path, as in `{"run.seed": "2", "processes.first reduction.rate.barrier": "0.4 eV"}`.

    Returns
    -------
    Deck

    Raises
    ------
    DeckError  with everything that is wrong.
    """
    path = Path(path)
    return parse_deck(read_text(path), str(path), path.parent, overrides)


def parse_deck(
    text: str,
    name: str = "deck.yaml",
    directory: str | Path = ".",
    overrides: Mapping[str, str] | None = None,
) -> Deck:
    """Check the text of a deck.

    Parameters
    ----------
    text : str
        YAML 1.2.
    name : str
        File name for messages.
    directory : str or Path
        What the paths of tables are relative to.
    overrides : mapping of str to str, optional
        Values by dotted path.

    Returns
    -------
    Deck

    Raises
    ------
    DeckError  with everything that is wrong.
    """
    path = Path(directory) / Path(name).name
    document = read_yaml(text, name)
    if document.data is None:
        raise DeckError(
            Problem(
                "is empty; a deck has at least run, protocol and processes, and lattice and species, or solution", name
            )
        )
    if not isinstance(document.data, MarkedDict):
        message = f"a deck is a mapping of sections, not {described(document.data)}"
        raise DeckError(document.problem(message, document.locate(())))
    bases = extend(document, path)
    reading = Reading(document, RATE_LAWS, directory=path.parent, problems=list(document.problems))
    reading.directory_of = {base.name: base.path.parent for base in bases}
    reading.units_of = {base.name: _default_units(base.units, reading) for base in bases}
    changes = {str(key): str(value) for key, value in (overrides or {}).items()}
    apply_overrides(document.data, changes, reading)
    reading.units = _default_units(document.data.get("units"), reading)
    tables = table_files(document.data, reading)
    reading.tables = frozenset(tables)
    sections = _validate(document, reading)
    check_references(document.data, reading)
    check_sweep(document.data, reading)
    protocol = None
    if sections is not None:
        protocol = _protocol(sections, reading)
        _check_cadence(sections, reading)
        sections = sections.model_copy(update={"lattice": completed(sections.lattice, reading)})
    if reading.problems or sections is None or protocol is None:
        raise DeckError(reading.problems)
    return _deck(
        sections,
        protocol=protocol,
        tables=tables,
        path=path,
        text=text,
        bases=bases,
        overrides=changes,
        document=document,
    )


def _deck(sections: DeckSections, **rest: Any) -> Deck:
    """Put the checked parts together."""
    kept = (
        "title",
        "description",
        "run",
        "lattice",
        "compartment",
        "interactions",
        "tiles",
        "tunnelling",
        "groups",
        "species",
        "solution",
        "processes",
        "output",
        "sweep",
    )
    parts = {key: getattr(sections, key) for key in kept}
    return Deck(**parts, **rest, sections=sections)


def _default_units(given: object, reading: Reading) -> dict[str, str]:
    """Default unit of each dimension, from a section `units`."""
    if not isinstance(given, MarkedDict):
        return {}
    dimensions = {unit_key(name): name for name in DIMENSIONS if name != "dimensionless"}
    found = {}
    for key, unit in given.items():
        name = dimensions.get(key.replace(" ", "-"))
        if name is None:
            reading.report(f"unknown dimension '{key}'{did_you_mean(key, dimensions)}", given.key_marks[key])
        elif isinstance(unit, str):
            try:
                check_unit(unit, name)
                found[name] = str(unit)
            except UnitError as error:
                reading.report(str(error), given.value_marks[key])
    return found


def _validate(document: Document, reading: Reading) -> DeckSections | None:
    """Typed sections, or None with the problems reported."""
    try:
        return DeckSections.model_validate(document.data, context=reading)
    except ValidationError as error:
        translate(error, document, reading)
        return None


def _protocol(sections: DeckSections, reading: Reading) -> ProtocolDeck | None:
    """The protocol with its tables loaded, or None with the problems reported."""
    given = sections.protocol
    series = {}
    for name in ("temperature", "potential"):
        try:
            where = reading.document.locate(("protocol", name, "table", "file"))
            series[name] = _series(getattr(given, name), where, name, reading)
            series[name].staircase(getattr(given, f"{name}_step"))
        except DeckError as error:
            _report_table(error, ("protocol", name, "table", "file"), reading)
        except KmcError as error:
            key = f"{name}-step" if f"{name}-step" in reading.document.data["protocol"] else name
            reading.report(str(error), reading.document.locate(("protocol", key), key=True))
    if len(series) < 2:
        return None
    return ProtocolDeck(
        series["temperature"], series["potential"], given.potential_step, given.temperature_step
    )


def _report_table(error: DeckError, path: tuple, reading: Reading) -> None:
    """Report what is wrong with a table: in its own line, or where the deck names it."""
    for problem in error.problems:
        if problem.line is not None:
            reading.problems.append(problem)
        else:
            file = Path(problem.file or "").name
            reading.report(f"table '{file}': {problem.message}", reading.document.locate(path))


def _check_cadence(sections: DeckSections, reading: Reading) -> None:
    """Outputs are within the run, and not too many."""
    for name in ("times", "snapshots"):
        cadence = getattr(sections.output, name)
        where = reading.document.locate(("output", name), key=True)
        if cadence is None:
            continue
        if cadence.every is not None and sections.run.duration / cadence.every > MAX_OUTPUTS:
            message = (
                f"{sections.run.duration / cadence.every:.3g} outputs; at most {MAX_OUTPUTS} are possible"
            )
            reading.report(message, where)
        if cadence.start is not None and cadence.start >= sections.run.duration:
            reading.report(f"'{name}' begins at {cadence.start:g} s, at or after the end of the run", where)


def _within_bounds(series: TableSeries, dimension: str) -> TableSeries:
    """A series whose values are such as a deck may have without a table."""
    unit = DIMENSIONS[dimension].unit
    for row in {int(series.values.argmin()), int(series.values.argmax())}:
        fault = CONDITIONS[dimension].broken_by(float(series.values[row]), unit)
        if fault:
            message = f"'{series.column}' {fault}, not {series.values[row]:g} {unit} as at {series.times[row]:g} s"
            raise DeckError(Problem(message, str(series.file)))
    return series


def _series(given: Any, where: Location, dimension: str, reading: Reading) -> Series:
    if isinstance(given, TableSection):
        file = beside(given.table.file, where, reading)
        return _within_bounds(load_table(file, given.table.time, given.table.value, dimension), dimension)
    if isinstance(given, (PotentialRampSection, TemperatureRampSection)):
        return Ramp(given.ramp.start, given.ramp.end, given.ramp.rate)
    return Constant(given.value)

# SPDX-License-Identifier: BSD-3-Clause
"""A CSV table of reactions as a deck without lattice. Floor 7.

One line per reaction, or per direction of it. The header says what a column is and in which unit, as in
`barrier [eV]` or `dG_eV`; `COLUMNS` lists what is understood. What is not is left alone, and the deck's header says so.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kmc.equation import Equation, EquationError, parse_equation
from kmc.errors import DeckError, Problem
from kmc.import_draft import Draft, DraftSpecies, usable_name
from kmc.import_species import NamedSpecies, read_text
from kmc.import_steps import Row, Settings, add_processes
from kmc.rates import RATE_LAWS
from kmc.units import UnitError, unit_factor

COLUMNS = {
    "equation": ("equation", "reaction"),
    "reactants": ("reactants", "reactant", "educts"),
    "products": ("products", "product"),
    "name": ("name", "process", "id", "label"),
    "law": ("law", "rate law"),
    "rate-constant": ("rate constant", "rate coefficient", "rate", "k"),
    "prefactor": ("prefactor", "pre exponential factor", "attempt frequency", "a"),
    "barrier": ("barrier", "activation energy", "activation free energy", "dg barrier", "ea"),
    "reaction-free-energy": ("reaction free energy", "free energy", "delta g", "dg"),
    "standard-potential": ("standard potential", "redox potential", "e0"),
    "inner-reorganization-energy": ("inner reorganization energy", "inner reorganisation energy", "lambda inner"),
    "outer-reorganization-energy": ("outer reorganization energy", "outer reorganisation energy", "lambda outer"),
    "transfer-coefficient": ("transfer coefficient", "alpha"),
    "transmission": ("transmission", "kappa"),
    "source": ("source", "reference"),
    "doi": ("doi",),
    "kind": ("kind", "type", "class"),
}
"""What a column may hold, and the words that its header may begin with, capitals and punctuation apart."""

_DIMENSIONS = {
    name: parameter.dimension for law in RATE_LAWS.values() for name, parameter in law.parameters.items()
}
_REDOX = ("standard-potential", "inner-reorganization-energy", "outer-reorganization-energy")
_SPELLINGS = {"s-1": "1/s", "s^-1": "1/s", "1/sec": "1/s", "hz": "1/s"}
_MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Column:
    """A column that is understood."""

    place: int
    header: str
    quantity: str  # a key of COLUMNS
    factor: float  # to internal units; 1 for texts


class _CellError(ValueError):
    """A line is wrong; the message says what."""


def draft_of_reactions(
    path: Path,
    known: Mapping[int, NamedSpecies],
    settings: Settings,
    electron_transfer: str = "marcus",
    outer_reorganization_energy: str | None = None,
) -> Draft:
    """The deck of a CSV table of reactions.

    Parameters
    ----------
    path : Path
    known : mapping of int to NamedSpecies
        What the species are, found by their names; may be empty.
    settings : Settings
    electron_transfer : str
        Rate law of rows with a standard potential and reorganization energies.
    outer_reorganization_energy : str, optional
        As YAML, for rows that have the inner one only.

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  with everything that is wrong in the table, each with its line.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), skipinitialspace=True)
    header = next(reader, [])
    columns, unused = _columns(header, path)
    draft = Draft(title=path.name)
    draft.origin.append(f"Converted from the table of reactions {path.name}.")
    draft.origin += [f"column '{each.header}' is read as {each.quantity}" for each in columns]
    draft.origin += [f"column '{each}' is not read" for each in unused]
    names: dict[str, str] = {}
    rows, given, problems = [], [], []
    for cells in reader:
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        try:
            rows.append(_row(cells, columns, names, line, (electron_transfer, outer_reorganization_energy)))
            given.append(_given_rate(cells, columns))
        except _CellError as error:
            problems.append(Problem(str(error), str(path), line))
    if not rows and not problems:
        problems.append(Problem("holds no reactions", str(path)))
    if problems:
        raise DeckError(_few(problems))
    if outer_reorganization_energy and any(each.texts for each in rows):
        draft.assumptions.append(f"outer reorganization energy {outer_reorganization_energy}, not in the table")
    by_name = {each.name: each for each in known.values()}
    what = {names[name]: by_name.get(name) for name in names}
    _check_species(by_name, names, path)
    _check_rate_constants(draft, list(zip(rows, given, strict=True)), settings.temperature)
    add_processes(draft, rows, what, settings)
    draft.sections["compartment"] = "{rate-constants: per pair}"
    draft.sections["protocol"] = f"{{temperature: {settings.temperature:g} K, potential: 0 V}}"
    for name, entry in what.items():
        formula, charge = (None, None) if entry is None else (entry.formula, entry.charge)
        draft.solution.append(DraftSpecies(name, formula, charge, {"count": "0"}))
    draft.assumptions.append("rate constants are per molecule or pair of molecules; set the numbers of molecules")
    return draft


def _few(problems: list[Problem]) -> list[Problem]:
    """The first problem of each message, and how many lines share it."""
    lines: dict[str, list[Problem]] = {}
    for problem in problems:
        lines.setdefault(problem.message, []).append(problem)
    shown = []
    for message, group in lines.items():
        more = f" (and so {len(group) - 1} more lines)" if len(group) > 1 else ""
        shown.append(replace(group[0], message=message + more))
    return shown[:_MAX_PROBLEMS]


def _check_rate_constants(draft: Draft, rows: list[tuple[Row, float | None]], temperature: float) -> None:
    """Say by how much the rate constants of the table differ from those of its energies, which the deck has."""
    errors = []
    for row, given in rows:
        law = RATE_LAWS[row.law]
        if given and row.law != "constant" and not law.uses_potential:
            rate = float(law.rate_constant(row.values, temperature=temperature, spacing=math.nan))
            errors.append(abs(rate / given - 1.0))
    if errors:
        draft.assumptions.append(
            f"{len(errors)} rate constants of the table are not used, because it has their barriers; at "
            f"{temperature:g} K they differ from what these give by {100.0 * max(errors):.2g} % at most"
        )


def _check_species(by_name: Mapping[str, NamedSpecies], names: Mapping[str, str], path: Path) -> None:
    missing = [name for name in names if name not in by_name]
    if by_name and missing:
        message = f"the list of species has no '{missing[0]}'"
        if len(missing) > 1:
            message += f", nor {', '.join(repr(each) for each in missing[1:6])}" + (", ..." if len(missing) > 6 else "")
        raise DeckError(Problem(message, str(path)))


def decimals_tolerance(path: Path) -> float:
    """Largest difference of the logarithms of two rate constants that the rounding of a table's energies explains.

    Parameters
    ----------
    path : Path

    Returns
    -------
    float
        One and a half units of the last decimal of its energies, over kB T at room temperature; 1e-4 at least.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), skipinitialspace=True)
    columns, _ = _columns(next(reader, []), path)
    energies = [each for each in columns if _DIMENSIONS.get(each.quantity) in ("energy", "potential")]
    digits = [
        (len(match[1]), each.factor)
        for cells in reader
        for each in energies
        if each.place < len(cells) and (match := re.fullmatch(r"[+-]?[0-9]*\.([0-9]*)", cells[each.place].strip()))
    ]
    if not digits:
        return 1e-4
    # The longest number shows the rounding: shorter ones may be exact.
    most, factor = max(digits)
    return max(1e-4, 1.5 * 10.0**-most * factor / 0.0257)


def _columns(header: list[str], path: Path) -> tuple[list[Column], list[str]]:
    """Columns that are understood, and the headers of the others."""
    found: dict[str, Column] = {}
    unused = []
    for place, text in enumerate(header):
        quantity = _quantity(text)
        if quantity is None or quantity in found:
            unused.append(text.strip())
            continue
        dimension = _DIMENSIONS.get(quantity)
        factor = 1.0
        if dimension not in (None, "dimensionless"):
            factor = _unit(text, dimension)
            if factor is None:
                message = f"column '{text.strip()}' has no unit; write it as in '{quantity.replace('-', ' ')} [eV]'"
                raise DeckError(Problem(message.replace("[eV]", _example(dimension)), str(path), 1))
        found[quantity] = Column(place, text.strip(), quantity, factor)
    if "equation" not in found and not {"reactants", "products"} <= set(found):
        message = "is no table of reactions: it has neither a column 'equation' nor 'reactants' and 'products'"
        raise DeckError(Problem(message, str(path), 1))
    if not {"rate-constant", "barrier", "standard-potential"} & set(found):
        message = "says nothing about rates: it has no column 'rate constant', 'barrier' or 'standard potential'"
        raise DeckError(Problem(message, str(path), 1))
    return list(found.values()), unused


def _example(dimension: str) -> str:
    return {"energy": "[eV]", "potential": "[V]", "rate constant": "[1/s]"}.get(dimension, "[...]")


def _words(text: str) -> list[str]:
    return [each for each in re.split(r"[\s_(){}\[\],;:]+", text.strip()) if each]


def _quantity(text: str) -> str | None:
    """What a header says that its column is: the longest words that it begins with."""
    words = [each.lower() for each in re.split(r"[\s_(){}\[\],;:-]+", text.strip()) if each]
    fits = [
        (len(spelling.split()), quantity)
        for quantity, spellings in COLUMNS.items()
        for spelling in spellings
        if words[: len(spelling.split())] == spelling.split()
    ]
    return max(fits)[1] if fits else None


def _unit(text: str, dimension: str) -> float | None:
    """Factor of the first unit of a header, or None."""
    for word in _words(text)[1:]:
        try:
            return unit_factor(_SPELLINGS.get(word.lower(), word), dimension)
        except UnitError:
            continue
    return None


def _row(
    cells: list[str], columns: list[Column], names: dict[str, str], line: int, electron: tuple[str, str | None]
) -> Row:
    """One line of the table."""
    entry = {each.quantity: cells[each.place].strip() if each.place < len(cells) else "" for each in columns}
    values = {each.quantity: _number(entry[each.quantity], each) for each in columns if each.quantity in _DIMENSIONS}
    given = {name: value for name, value in values.items() if value is not None}
    equation = _equation(entry)
    explicit = equation.electrons or None
    law, texts = _law(entry.get("law", ""), given, electron, explicit)
    kept = {name: value for name, value in given.items() if name in RATE_LAWS[law].parameters and name not in texts}
    missing = [
        name
        for name, each in RATE_LAWS[law].parameters.items()
        if each.required and name not in kept and name not in texts
    ]
    if missing:
        raise _CellError(f"has no {missing[0].replace('-', ' ')}, which rate law '{law}' needs")
    if equation.reversible and not (RATE_LAWS[law].uses_potential or "reaction-free-energy" in kept):
        raise _CellError("is reversible (<=>), which takes its reaction free energy; or a line for each direction")
    if kept.get("barrier", 0.0) < 0.0:
        kept["barrier"] = 0.0  # how networks write that there is none
    if kept.get("barrier", math.inf) < kept.get("reaction-free-energy", -math.inf) and not equation.reversible:
        del kept["reaction-free-energy"]  # it would be the barrier, and the table says otherwise
    sides = [_molecules(terms, names) for terms in (equation.left, equation.right)]
    source = entry.get("source", "") + (f", doi:{entry['doi'].removeprefix('doi:')}" if entry.get("doi") else "")
    name = entry.get("name", "")
    return Row(
        f"line {line}",
        *sides,
        law,
        kept,
        texts,
        explicit,
        "" if name.isdigit() else name[:60],
        source.strip(", "),
        line,
        entry.get("kind") or "reactions",
        equation.reversible,
    )


def _given_rate(cells: list[str], columns: list[Column]) -> float | None:
    """Rate constant of a line, None if it has none."""
    column = next((each for each in columns if each.quantity == "rate-constant"), None)
    return None if column is None or column.place >= len(cells) else _number(cells[column.place].strip(), column)


def _number(text: str, column: Column) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise _CellError(f"{column.header} '{text[:40]}' is no finite number")
    value *= column.factor
    parameter = next(law.parameters[column.quantity] for law in RATE_LAWS.values() if column.quantity in law.parameters)
    fault = parameter.fault(value)
    if fault and column.quantity != "barrier":
        raise _CellError(f"{column.header} {fault}, not {text}")
    return value


def _law(
    given: str, values: Mapping[str, float], electron: tuple[str, str | None], electrons: int | None
) -> tuple[str, dict[str, str]]:
    """Rate law of a line, and parameters that come from elsewhere."""
    transfer, outer = electron
    if given:
        if given not in RATE_LAWS:
            raise _CellError(f"there is no rate law '{given}'; there is {', '.join(RATE_LAWS)}")
        law = given
    elif "inner-reorganization-energy" in values or "outer-reorganization-energy" in values:
        law = transfer
    elif "standard-potential" in values and "prefactor" in values:
        law = "butler-volmer"
    elif "barrier" in values:
        law = "arrhenius" if "prefactor" in values else "eyring"
    elif "rate-constant" in values:
        law = "constant"
    else:
        raise _CellError("has neither a rate constant nor a barrier nor a standard potential with what it needs")
    texts = {}
    if "outer-reorganization-energy" in RATE_LAWS[law].parameters and "outer-reorganization-energy" not in values:
        if outer is None:
            message = "has no outer reorganization energy, which rate law "
            raise _CellError(f"{message}'{law}' needs: --outer-reorganization-energy, for example '0.32 eV'")
        texts["outer-reorganization-energy"] = outer
    return law, texts


def _equation(entry: Mapping[str, str]) -> Equation:
    text = entry.get("equation") or f"{entry.get('reactants', '')} => {entry.get('products', '')}"
    text = re.sub(r"\s(->|-->|→)\s", " => ", f" {text} ").strip()
    text = re.sub(r"\s(<->|<-->|⇌)\s", " <=> ", f" {text} ").strip()
    try:
        equation = parse_equation(text)
    except EquationError as error:
        raise _CellError(f"'{text}': {error}") from None
    if abs(equation.electrons) > 1:
        raise _CellError(f"'{text}': an elementary step transfers one electron")
    return equation


def _molecules(terms: tuple, names: dict[str, str]) -> tuple[str, ...]:
    found = []
    for term in terms:
        if term.is_electron:
            continue
        if term.name not in names:
            names[term.name] = usable_name(term.name, names.values())
        found += term.coefficient * [names[term.name]]
    return tuple(found)

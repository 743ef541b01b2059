# SPDX-License-Identifier: BSD-3-Clause
"""A table of reactions as a deck without lattice. Floor 7.

One line per reaction, or per direction of it; `kmc.import_columns` says what its columns may be. What is assumed,
changed or not used on the way is told line by line: the deck is read by others than the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kmc.equation import Equation
from kmc.errors import DeckError, Problem
from kmc.import_columns import DIMENSIONS_OF, CellError, ReactionTable, list_of_lines, read_reaction_table
from kmc.import_draft import Draft, DraftSpecies, usable_name
from kmc.import_electrons import ElectronTransfer, completed, electrons_of, law_of
from kmc.import_names import coefficient_within, oddities, read_equation
from kmc.import_species import NamedSpecies
from kmc.import_steps import Row, Settings, add_processes
from kmc.rates import RATE_LAWS
from kmc.units import UnitError, parse_quantity

_MAX_PROBLEMS = 20
_CONTRADICTION = 0.03  # rate constants are often written with two digits
_HIGH = 10.0  # eV; bonds are weaker
_FREE_ENERGY = "reaction-free-energy"
_WORKED_OUT = (
    ("standard-potential", _FREE_ENERGY),
    ("inner-reorganization-energy", "reorganization-energy"),
)  # values that are as uncertain as those that they follow from
_ONE_DIRECTION = (
    "barriers below the free energy of the reaction, which is left out, so that the barrier is crossed as it stands"
)
_NO_POTENTIAL = (
    "electron transfer at a rate constant that does not follow the potential, because the table has no standard "
    "potential (or free energy) with a reorganization energy, nor a prefactor with a standard potential; it holds at "
    "the one potential that its number was made for"
)


@dataclass
class _Reading:
    """What is needed to read a line, and what has been said about lines so far."""

    table: ReactionTable
    by_name: Mapping[str, NamedSpecies]
    transfer: ElectronTransfer
    per_activity: bool
    names: dict[str, str] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)  # line in which a name stands first
    said: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    given: list[tuple[Row, float, int]] = field(default_factory=list)  # rate constants beside other numbers, electrons

    def say(self, message: str, line: int, text: str = "") -> None:
        """Something about one line."""
        self.said.setdefault(message, []).append((line, text))


def draft_of_reactions(
    path: Path,
    known: Mapping[int, NamedSpecies],
    settings: Settings,
    transfer: ElectronTransfer,
    volume: str | None = None,
) -> Draft:
    """The deck of a table of reactions.

    Parameters
    ----------
    path : Path
    known : mapping of int to NamedSpecies
        What the species are, found by their names; may be empty.
    settings : Settings
        Its tolerance is widened to the rounding of the energies of the table.
    transfer : ElectronTransfer
    volume : str, optional
        Of the compartment, as YAML; rate constants are per activity then.

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  with everything that is wrong in the table, each with its line.
    """
    table = read_reaction_table(path)
    settings = replace(settings, tolerance=_rounding(table))
    draft = Draft(title=path.name)
    draft.origin.append(f"Converted from the table of reactions {path.name}.")
    draft.origin += table.notes
    draft.origin += [f"column '{each.header}' is read as {each.quantity}" for each in table.columns]
    draft.origin += [f"column '{each}' is not read" for each in table.unused]
    draft.assumptions += table.notes
    if table.unused:
        unread = ", ".join(each or "one without a name" for each in table.unused)
        draft.assumptions.append(f"columns that are not read: {unread}")
    reading = _Reading(table, {each.name: each for each in known.values()}, transfer, volume is not None)
    rows, problems = [], list(table.problems)
    for line, entry in table.lines if not problems else ():
        try:
            rows.append(_row(entry, line, reading))
        except CellError as error:
            problems.append(Problem(str(error), str(path), line))
    if not rows and not problems:
        problems.append(Problem("holds no reactions", str(path)))
    if problems:
        raise DeckError(_few(problems))
    names = reading.names
    what = {names[name]: reading.by_name.get(name) for name in names}
    _check_species(reading.by_name, names, path)
    _check_names(reading, path)
    _check_repeats(rows, reading)
    _check_rate_constants(reading, settings)
    for message, lines in reading.said.items():
        draft.assumptions.append(f"{message}: {list_of_lines(lines)}" if lines else message)
    if transfer.outer is not None and not any(row.texts for row in rows):
        draft.assumptions.append(f"no line takes the outer reorganization energy {transfer.outer} of the command")
    add_processes(draft, rows, what, settings)
    _finish(draft, what, settings, transfer, volume)
    return draft


def _finish(
    draft: Draft,
    what: Mapping[str, NamedSpecies | None],
    settings: Settings,
    transfer: ElectronTransfer,
    volume: str | None,
) -> None:
    """Everything of the deck besides its processes."""
    convention = "per pair" if volume is None else "per activity"
    size = "" if volume is None else f"volume: {volume}, "
    draft.sections["compartment"] = f"{{{size}rate-constants: {convention}}}"
    conditions = f"temperature: {settings.temperature:g} K, potential: {transfer.potential:g} V"
    draft.sections["protocol"] = f"{{{conditions}}}"
    for name, entry in what.items():
        formula, charge = (None, None) if entry is None else (entry.formula, entry.charge)
        draft.solution.append(DraftSpecies(name, formula, charge, {"count": "0"}))
    if volume is None:
        text = "rate constants are per molecule or pair of molecules; set the numbers of molecules"
    else:
        text = (
            "rate constants, barriers and free energies are for concentrations in mol/L (v = k [A][B], activity 1 is "
            "1 mol/L); set the numbers of molecules"
        )
    draft.assumptions.append(text)


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


def _check_rate_constants(reading: _Reading, settings: Settings) -> None:
    """Say where rate constants of the table contradict its energies, which the deck has."""
    agree, tolerance = 0, max(settings.tolerance, _CONTRADICTION)
    message = (
        f"rate constants that contradict the numbers beside them, which the deck has instead, at "
        f"{settings.temperature:g} K and {reading.transfer.potential:g} V"
    )
    for row, given, electrons in reading.given:
        rate = _rate_at(row, electrons, settings.temperature, reading.transfer.potential)
        if rate is None:
            reading.say("rate constants that are not used", row.line)
        elif abs(math.log(rate / given)) <= tolerance if rate > 0.0 and given > 0.0 else rate == given:
            agree += 1
        else:
            ratio = f"{rate / given:.3g}" if given else "infinite"
            reading.say(message, row.line, f"{given:.4g} 1/s, {row.law} gives {rate:.4g} 1/s, ratio {ratio}")
    if agree:
        text = f"{agree} rate constants are not used, because the table has the numbers that they follow from"
        reading.said[text] = []


def _rate_at(row: Row, electrons: int, temperature: float, potential: float) -> float | None:
    """Rate constant that the deck gives a line; None where nobody knows."""
    values = dict(row.values)
    for name, text in row.texts.items():
        try:
            values[name], _ = parse_quantity(text, RATE_LAWS[row.law].parameters[name].dimension)
        except UnitError:
            return None
    if RATE_LAWS[row.law].uses_potential and not electrons:
        return None
    conditions = {"temperature": temperature, "potential": potential, "spacing": math.nan, "electrons": electrons}
    rate = float(RATE_LAWS[row.law].rate_constant(values, **conditions))
    return rate if math.isfinite(rate) else None


def _check_species(by_name: Mapping[str, NamedSpecies], names: Mapping[str, str], path: Path) -> None:
    missing = [name for name in names if name not in by_name]
    if by_name and missing:
        message = f"the list of species has no '{missing[0]}'"
        if len(missing) > 1:
            message += f", nor {', '.join(repr(each) for each in missing[1:6])}" + (", ..." if len(missing) > 6 else "")
        raise DeckError(Problem(message, str(path)))


def _row(entry: Mapping[str, str], line: int, reading: _Reading) -> Row:
    """One line of the table."""
    given, spreads = reading.table.values(entry), reading.table.spreads(entry)
    equation = read_equation(*(entry.get(name, "") for name in ("equation", "reactants", "products")))
    electrons = electrons_of(equation, reading.by_name)
    law = law_of(entry.get("law", ""), given, reading.transfer)
    values, texts, notes = completed(law, given, electrons, reading.transfer)
    for note in notes:
        reading.say(note, line)
    parameters = RATE_LAWS[law].parameters
    for name, origin in _WORKED_OUT:
        if name in values and name not in given and origin in spreads:
            spreads[name] = spreads[origin]
    kept = {name: value for name, value in values.items() if name in parameters}
    missing = [name for name, each in parameters.items() if each.required and name not in {*kept, *texts}]
    if missing:
        raise CellError(f"has no {missing[0].replace('-', ' ')}, which rate law '{law}' needs")
    if equation.reversible and not (RATE_LAWS[law].uses_potential or _FREE_ENERGY in kept):
        raise CellError("is reversible (<=>), which takes its reaction free energy; or a line for each direction")
    fault = RATE_LAWS[law].fault(kept)
    if fault:
        raise CellError(fault)
    _check_barrier(kept, equation, line, reading)
    for name in sorted(set(values) - set(parameters) - {"rate-constant"}):
        reading.say(f"{name.replace('-', ' ')}, which rate law '{law}' does not have and which is not used", line)
    if electrons and not RATE_LAWS[law].uses_potential:
        reading.say(_NO_POTENTIAL, line, law)
    sides = [_molecules(terms, line, reading) for terms in (equation.left, equation.right)]
    used = {name for name in ("rate-constant", "prefactor") if name in kept}
    is_comparable = _check_unit(entry, len(sides[0]), used, reading)
    source = entry.get("source", "") + (f", doi:{entry['doi'].removeprefix('doi:')}" if entry.get("doi") else "")
    name = entry.get("name", "")
    row = Row(
        f"line {line}",
        *sides,
        law,
        kept,
        texts,
        equation.electrons or None,
        "" if name.isdigit() else name[:60],
        source.strip(", "),
        line,
        entry.get("kind") or "reactions",
        equation.reversible,
        spreads={name: value for name, value in spreads.items() if name in kept},
    )
    if "rate-constant" in given and "rate-constant" not in kept and is_comparable:
        reading.given.append((row, given["rate-constant"], electrons))
    return row


def _rounding(table: ReactionTable) -> float:
    """Largest difference of the logarithms of two rate constants that the rounding of a table's energies explains.

    One and a half units of the last decimal of its energies, over kB T at room temperature; 1e-4 at least.
    """
    energies = [each for each in table.columns if DIMENSIONS_OF.get(each.quantity) in ("energy", "potential")]
    digits = [
        (len(match[1]), each.factor)
        for _, entry in table.lines
        for each in energies
        if (match := re.fullmatch(r"[+-]?[0-9]*\.([0-9]*)", entry[each.quantity]))
    ]
    if not digits:
        return 1e-4
    # The longest number shows the rounding: shorter ones may be exact.
    most, factor = max(digits)
    return max(1e-4, 1.5 * 10.0**-most * factor / 0.0257)


def _check_barrier(kept: dict[str, float], equation: Equation, line: int, reading: _Reading) -> None:
    """Tell of barriers that are not crossed as they stand; one that the free energy would lift keeps its height."""
    barrier, energy = kept.get("barrier"), kept.get(_FREE_ENERGY, -math.inf)
    if barrier is None:
        return
    if barrier > _HIGH:
        reading.say(f"barriers above {_HIGH:g} eV; are they in the unit of the header?", line, f"{barrier:.6g} eV")
    if barrier < 0.0:
        reading.say("barriers below zero, which are crossed as if they were zero", line, f"{barrier:.6g} eV")
    if barrier < energy - 1e-9 and not equation.reversible:
        reading.say(_ONE_DIRECTION, line, f"{barrier:.6g} < {energy:.6g} eV")
        del kept[_FREE_ENERGY]
    elif barrier < energy - 1e-9:
        message = "barriers below the free energy of the reaction, which is crossed instead"
        reading.say(message, line, f"{barrier:.6g} < {energy:.6g} eV")


def _check_unit(entry: Mapping[str, str], n_molecules: int, used: set[str], reading: _Reading) -> bool:
    """Refuse rate constants of another number of molecules than react; whether one beside the law can be compared."""
    is_comparable = True
    for name in ("rate-constant", "prefactor"):
        column = reading.table.column(name)
        if column is None or not entry[name]:
            continue
        column = reading.table.in_its_unit(column, entry)
        has_volume = column.molecules > 1
        fits = column.molecules == max(n_molecules, 1) if has_volume or reading.per_activity else True
        if fits and (not has_volume or reading.per_activity):
            continue
        is_comparable = False
        if name not in used:
            continue
        if not fits:
            of = f"{column.molecules} molecule{'s' * (column.molecules > 1)}"
            hint = "" if has_volume else "; with --volume, rate constants of several molecules are in 1/M/s or cm^3/s"
            raise CellError(f"{column.header} is a rate constant of {of}, and {n_molecules} react{hint}")
        raise CellError(
            f"{column.header} is a rate constant in volume per time, which takes the volume of the compartment: "
            "--volume, for example '1e-24 m^3'"
        )
    return is_comparable


def _check_names(reading: _Reading, path: Path) -> None:
    """Refuse names with a coefficient in them, and tell of odd ones."""
    problems = []
    for name, line in reading.first.items():
        meant = coefficient_within(name, reading.first)
        if meant:
            message = f"'{name}' is taken for a name; a coefficient stands apart: '{meant}'"
            problems.append(Problem(message, str(path), line))
        for message in oddities(name):
            reading.say(message, line, name)
    if problems:
        raise DeckError(problems[:_MAX_PROBLEMS])


def _check_repeats(rows: list[Row], reading: _Reading) -> None:
    """Tell of reactions that stand there more than once."""
    first: dict[tuple, int] = {}
    for row in rows:
        before = first.setdefault(row.key, row.line)
        if before != row.line:
            message = "reactions that stand there already, so that their rates add up"
            reading.say(message, row.line, f"as in line {before}")


def _molecules(terms: tuple, line: int, reading: _Reading) -> tuple[str, ...]:
    found, names = [], reading.names
    for term in terms:
        if term.is_electron:
            continue
        reading.first.setdefault(term.name, line)
        if term.name not in names:
            names[term.name] = usable_name(term.name, names.values())
        found += term.coefficient * [names[term.name]]
    return tuple(found)

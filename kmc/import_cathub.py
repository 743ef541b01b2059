# SPDX-License-Identifier: BSD-3-Clause
"""Reactions of a surface out of a database of CatHub, as a deck whose numbers stay in the database. Floor 7.

A reaction becomes a process where it is an elementary step between adsorbates on neighbouring sites and has an
activation energy. Its barrier and energy remain references to the database, with the publication that it names.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from kmc.errors import DeckError, Problem, did_you_mean
from kmc.formulas import FormulaError, parse_formula
from kmc.import_draft import Draft, DraftProcess, DraftSpecies, usable_name
from kmc.import_steps import side
from kmc.quantity import Quantity
from kmc.sqlite_files import database
from kmc.table_cathub import read_cathub_table
from kmc.table_rows import Row

_VACANT = "vacant"
_FREE_SITES = ("star", "starstar", "slab")
_MAX_SITES = 2


class _ReactionError(ValueError):
    """A reaction is no process of a deck; the message says why."""


def draft_of_cathub(path: Path, directory: Path, surface: str | None = None) -> Draft:
    """The deck of a database of CatHub.

    Parameters
    ----------
    path : Path
    directory : Path
        Of the deck, for the path of the database.
    surface : str, optional
        Composition and facet of the surface that is meant, such as `Pt 111`; needed where there are several.

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  if the file is no such database, none of its reactions is an elementary step with a barrier, or they
        are on several surfaces and none is chosen.
    """
    table = read_cathub_table(path)
    if table.problems:
        raise DeckError(table.problems)
    draft = Draft(title=path.stem)
    draft.origin.append(f"Converted from the database {path.name} of CatHub. Its numbers stay there: cathub#ID.")
    adsorbed: dict[str, str] = {}
    gases: dict[str, str] = {}
    left_out: dict[str, list[str]] = {}
    places = set()
    for key, place, reactants, products in _reactions(path):
        places.add(place)
        if surface is not None and place != surface:
            continue
        try:
            values = _values(table.found[key])
            process = _process(key, (reactants, products), values, adsorbed, gases)
        except _ReactionError as error:
            left_out.setdefault(str(error), []).append(key)
        else:
            draft.processes.setdefault(place, []).append(process)
    for reason, keys in left_out.items():
        draft.left_out.append(f"reaction{'s' * (len(keys) > 1)} {', '.join(keys)}: {reason}")
    if len(draft.processes) > 1:
        message = f"has reactions with a barrier on {', '.join(sorted(draft.processes))}; a deck is of one surface"
        raise DeckError(Problem(message, str(path), hint=f"--surface '{min(draft.processes)}'"))
    if surface is not None and surface not in places:
        message = f"has no surface '{surface}'{did_you_mean(surface, sorted(places))}"
        raise DeckError(Problem(message, str(path)))
    if not draft.n_processes:
        where = "" if surface is None else f" on {surface}"
        first = f"; {draft.left_out[0]}" if draft.left_out else ""
        raise DeckError(Problem(f"holds no elementary step with an activation energy{where}{first}", str(path)))
    _fill(draft, path, directory, adsorbed, gases)
    return draft


def _reactions(path: Path) -> Iterable[tuple[str, str, dict, dict]]:
    """Id, surface, reactants and products of every reaction."""
    with database(path) as connection:
        found = connection.execute("SELECT * FROM reaction ORDER BY id").fetchall()
    for row in found:
        place = " ".join(str(row[name]) for name in ("surface_composition", "facet") if row[name])
        sides = []
        for name in ("reactants", "products"):
            try:
                species = json.loads(row[name])
                sides.append({str(each): float(count) for each, count in species.items()})
            except (TypeError, ValueError, AttributeError):
                sides.append({})
        yield str(row["id"]), place or "an unnamed surface", *sides


def _values(found: Row | Callable[[], Row]) -> list[str]:
    """Names of the values that a deck can take from a row, a barrier among them."""
    row = found() if callable(found) else found
    if not isinstance(row.get("barrier"), Quantity):
        problem = next((each for each in row.values() if isinstance(each, Problem)), None)
        raise _ReactionError(problem.message.partition(": ")[2] if problem else "no activation energy")
    return [name for name in ("barrier", "reaction-free-energy") if isinstance(row.get(name), Quantity)]


def _process(key: str, sides: tuple[dict, dict], values: list[str], adsorbed: dict, gases: dict) -> DraftProcess:
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    (left, gas_left, before), (right, gas_right, after) = (_side(each, *found) for each in sides)
    if before != after:
        raise _ReactionError("its elements do not balance")
    n_sites = max(len(left), len(right))
    if not 1 <= n_sites <= _MAX_SITES:
        raise _ReactionError(f"on {n_sites} sites; where they lie cannot be told")
    adsorbed |= found[0]
    gases |= found[1]
    halves = side([*_filled(left, n_sites), *gas_left]), side([*_filled(right, n_sites), *gas_right])
    arrow = "<=>" if "reaction-free-energy" in values else "=>"
    name = f"{key} {' to '.join(halves)}".replace(" + ", " and ")
    return DraftProcess(name, f" {arrow} ".join(halves), {"law": "eyring"} | dict.fromkeys(values, f"cathub#{key}"))


def _side(given: dict, adsorbed: dict[str, str], gases: dict[str, str]) -> tuple[list[str], list[str], Counter[str]]:
    """What stands on the sites, the gases, and the atoms of one side of a reaction."""
    sites, molecules, atoms = [], [], Counter()
    for name, count in given.items():
        if count == 0.0:
            continue
        if count < 0.0 or not math.isclose(count, round(count)):
            raise _ReactionError("an elementary step has whole numbers of molecules")
        number = round(count)
        if name in _FREE_SITES:
            sites += number * [name]
            continue
        is_gas = name.endswith("gas")
        base = name.removesuffix("gas") if is_gas else name.removesuffix("star") or name
        try:
            atoms.update({element: number * amount for element, amount in parse_formula(base).items()})
        except FormulaError as error:
            raise _ReactionError(str(error)) from None
        if is_gas:
            molecules += number * [gases.setdefault(base, usable_name(f"{base}(g)"))]
        else:
            sites += number * [adsorbed.setdefault(base, usable_name(f"{base}*"))]
    return sites, molecules, atoms


def _filled(names: list[str], n_sites: int) -> list[str]:
    """Species of the sites of one side, empty ones for those that it does not name."""
    kept = [_VACANT if each in _FREE_SITES else each for each in names]
    kept += (n_sites - len(kept)) * [_VACANT]
    return sorted(kept, key=lambda each: each == _VACANT)


def _fill(draft: Draft, path: Path, directory: Path, adsorbed: dict, gases: dict) -> None:
    """Everything of the deck besides its processes."""
    relative = os.path.relpath(path, directory) if path.is_absolute() == directory.is_absolute() else path
    draft.sections["tables"] = f"{{cathub: {json.dumps(str(relative))}}}"
    draft.sections["lattice"] = f"{{type: simple cubic, spacing: 0.3 nm, size: [50, 50, 1], fill: {_VACANT}}}"
    draft.sections["protocol"] = "{temperature: 298.15 K, potential: 0 V}"
    draft.species = [DraftSpecies(_VACANT, keys={"phase": "liquid"}, comment="an empty site")]
    draft.species += [DraftSpecies(name, formula, keys={"phase": "dissolved"}) for formula, name in adsorbed.items()]
    draft.solution = [
        DraftSpecies(name, formula, keys={"phase": "gas", "activity": "1"}) for formula, name in gases.items()
    ]
    draft.assumptions += [
        "activation and reaction energies stand for free energies, at Eyring's attempt frequency kB T/h",
        "a molecule takes one site, and where one side of a reaction names fewer sites, empty ones are added",
        "gases are held at activity 1; set the lattice, its size and spacing, and what is on it at the start",
    ]

# SPDX-License-Identifier: BSD-3-Clause
"""Decks that build on other decks: `extends: graphite_ec.yaml`. Floor 1.

A deck is laid over its base before anything is checked. Mappings merge key by key, everything else replaces.
Values keep the marks of the file that they come from, so that a message points into that file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kmc.deck_files import is_file, nearby
from kmc.deck_values import described
from kmc.errors import DeckError
from kmc.quantity import Location
from kmc.yamltext import Document, MarkedDict, read_text, read_yaml

MAX_BASES = 8
"""Largest number of decks below a deck."""

_VALUE = frozenset({"value", "range", "source", "method"})

# Mappings whose keys are names that the user gives, where `value` is a name like any other, and the one
# with a key of its own that is called `value`.
_NAMES = {("species",), ("solution",), ("groups",), ("tables",), ("units",), ("tunnelling", "decay")}
_NAMES |= {("protocol", name, "table") for name in ("potential", "temperature")}

# Keys that exclude each other, by path (None: any name): what the deck chooses displaces what the base chose.
_SERIES = (_VALUE, {"ramp"}, {"table"})
_CADENCE = ({"every"}, {"per-decade", "from"})
_ALTERNATIVES: tuple[tuple[tuple[str | None, ...], tuple], ...] = (
    (("protocol", "potential"), _SERIES),
    (("protocol", "temperature"), _SERIES),
    (("output", "times"), _CADENCE),
    (("output", "snapshots"), _CADENCE),
    (("species", None), ({"molar-volume"}, {"density"}, {"crystal"})),
    (("solution", None), ({"activity"}, {"count"}, {"concentration"})),
    (("compartment",), ({"volume"}, {"height"})),
    (("lattice",), ({"spacing"}, {"cell"})),
    (("sweep", "particles"), ({"sizes"}, {"lognormal"})),
    (("sweep", "particles"), ({"offsets"}, {"table"})),
    (("lattice", "cell"), ({"vectors"}, {"file"})),
)


@dataclass(frozen=True)
class BaseDeck:
    """A deck below another one.

    Parameters
    ----------
    name : str
        File name for messages.
    path : Path
    text : str
        As read.
    units : MarkedDict or None
        The section `units` that holds for bare numbers of this file: its own over those of its bases.
    """

    name: str
    path: Path
    text: str
    units: MarkedDict | None = field(default=None, repr=False, compare=False)


def extend(document: Document, path: Path) -> tuple[BaseDeck, ...]:
    """Lay a deck over its base, that one over its own, and so on.

    Parameters
    ----------
    document : Document
        The deck; its `data` becomes the whole, its `sources` and `problems` those of all files.
    path : Path
        Where the deck stands.

    Returns
    -------
    bases : tuple of BaseDeck
        The nearest first; empty if the deck stands alone.

    Raises
    ------
    DeckError  if a base cannot be had: at the line that asks for it, or in the base if that is no YAML.
    """
    chain = [(document, path)]
    while "extends" in chain[-1][0].data:
        chain.append(_base(chain))
    (lowest, _), bases = chain[-1], []
    data = lowest.data
    for position in range(len(chain) - 1, 0, -1):
        each, where = chain[position]
        if each is not lowest:
            data = merged(data, each.data)
        units = data.get("units")
        bases.append(BaseDeck(each.name, where, each.text, units if isinstance(units, MarkedDict) else None))
        document.sources[each.name] = each.lines
        document.problems.extend(each.problems)
    if bases:
        document.data = merged(data, document.data)
    return tuple(reversed(bases))


def merged(base: MarkedDict, deck: MarkedDict, path: tuple[str, ...] = ()) -> MarkedDict:
    """A mapping laid over another one.

    Parameters
    ----------
    base, deck : MarkedDict
        Neither is changed.
    path : tuple of str
        Keys that lead to them.

    Returns
    -------
    whole : MarkedDict
        Keys in the order of the base, then the new ones; every mark from the file that wrote it.
    """
    whole = MarkedDict(deck.mark)
    dropped = _displaced(deck, path)
    for key in base:
        if key not in dropped:
            whole[key] = base[key]
            whole.key_marks[key], whole.value_marks[key] = base.key_marks[key], base.value_marks[key]
    for key, value in deck.items():
        below, here = whole.get(key), (*path, key)
        if isinstance(value, MarkedDict) and isinstance(below, MarkedDict) and not _is_value(value, here):
            value = merged(below, value, here)
        whole[key] = value
        whole.key_marks[key], whole.value_marks[key] = deck.key_marks[key], deck.value_marks[key]
    return whole


def _is_value(given: MarkedDict, path: tuple[str, ...]) -> bool:
    """Whether a mapping is one value with its source; a new value must not inherit the source of the old."""
    return "value" in given and given.keys() <= _VALUE and path not in _NAMES


def _displaced(deck: MarkedDict, path: tuple[str, ...]) -> set[str]:
    """Keys of the base that what the deck gives instead excludes."""
    for pattern, alternatives in _ALTERNATIVES:
        if len(pattern) == len(path) and all(p in (None, q) for p, q in zip(pattern, path, strict=True)):
            if any(deck.keys() & group for group in alternatives):
                return {key for group in alternatives if not deck.keys() & group for key in group}
    return set()


def _base(chain: list[tuple[Document, Path]]) -> tuple[Document, Path]:
    """Base of the last deck of a chain, with its path."""
    document, path = chain[-1]
    file, where = document.data["extends"], document.data.value_marks["extends"]
    if not isinstance(file, str) or not file:
        place = where if file is not None else document.data.key_marks["extends"]
        _refuse(document, f"'extends' must be the path of a deck, not {described(file)}", place)
    if len(chain) > MAX_BASES:
        _refuse(document, f"more than {MAX_BASES} decks below the first one", where)
    below = path.parent / file
    _check_file(chain, below, where)
    name = os.path.normpath(os.path.join(os.path.dirname(document.name), file))
    try:
        text = read_text(below)
    except DeckError as error:
        (problem,) = error.problems
        line = f", line {problem.line}" if problem.line else ""
        _refuse(document, f"base deck '{file}'{line}: {problem.message}", where)
    base = read_yaml(text, name)
    if base.data is None:
        _refuse(document, f"base deck '{file}' is empty", where)
    if not isinstance(base.data, MarkedDict):
        _refuse(base, f"a deck is a mapping of sections, not {described(base.data)}", base.locate(()))
    return base, below


def _check_file(chain: list[tuple[Document, Path]], below: Path, where: Location) -> None:
    """The base is a file, and none that is above it."""
    document = chain[-1][0]
    if not is_file(below):
        message = f"no such file '{document.data['extends']}'{nearby(below)}"
        _refuse(document, message, where, f"looked in {Path(os.path.abspath(below)).parent}")
    real = os.path.realpath(below)
    above = [os.path.realpath(path) for _, path in chain]
    if real in above:
        ring = [Path(each).name for each in (*above[above.index(real) :], real)]
        _refuse(document, f"decks extend each other in a circle: {' -> '.join(ring)}", where)


def _refuse(document: Document, message: str, where: Location, hint: str | None = None) -> NoReturn:
    raise DeckError([*document.problems, document.problem(message, where, hint)])

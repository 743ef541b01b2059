# SPDX-License-Identifier: BSD-3-Clause
"""The uncertain numbers of a deck, and decks drawn from their distributions. Floor 3.

`distributed` lists every number that carries a distribution, with the path by which it is set; `sample` draws all of
them at once, as overrides for `load_deck`. A number that comes from a table is listed under each key that refers to it
and drawn once: `factors` lists what is drawn. What is uncertain in a reaction and its reverse, each written by hand, is
drawn once for both.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kmc.barriers import QUANTITIES, Tables
from kmc.deck_rate import Rate, bounds_of
from kmc.deck_section import Section
from kmc.mechanism import compile_mechanism
from kmc.quantity import Quantity, QuantityList, TableReference
from kmc.rates import RATE_LAWS
from kmc.sampled_pairs import followers
from kmc.units import DIMENSIONS
from kmc.varying import VaryingQuantity

if TYPE_CHECKING:
    import numpy as np

    from kmc.deck import Deck

Path = tuple[str, ...]
"""Keys, names of items and indexes that lead to a value."""


@dataclass(frozen=True)
class Factor:
    """A number that is drawn, and where the deck has it.

    Attributes
    ----------
    name : str
        Its path, or `table#row.key` if it comes from a table.
    paths : tuple of str
        Paths of all keys that take its value.
    quantity : Quantity
        With its `distribution`, and place, source and method of the first of the paths.
    """

    name: str
    paths: tuple[str, ...]
    quantity: Quantity

    @property
    def unit(self) -> str:
        """str: internal unit, 1 for a pure number."""
        return DIMENSIONS[self.quantity.dimension].unit

    def value(self, share: float) -> float:
        """Value below which a share of the probability lies, in the internal unit."""
        return self.quantity.distribution.quantile(share)

    def overrides(self, value: float) -> dict[str, str]:
        """What sets a value at all paths, for `load_deck`."""
        return dict.fromkeys(self.paths, _text(self.quantity, value, _origin(self.quantity)))


def factors(deck: Deck, names: Mapping[str, str] | None = None) -> list[Factor]:
    """Numbers of a deck that carry a distribution, each once.

    Parameters
    ----------
    deck : Deck
    names : mapping of str to str, optional
        Name of the number that stands at a path, where several paths share one that is no row of a table.

    Returns
    -------
    factors : list of Factor
        In the order of the deck.

    Raises
    ------
    DeckError  if a table does not hold what the deck refers to.
    """
    found: dict[str, Factor] = {}
    for path, quantity, shared in _distributed(deck):
        where = ".".join(path)
        name = (names or {}).get(where) or (where if shared is None else f"{shared}.{shared.quantity}")
        if name in found:
            found[name] = replace(found[name], paths=(*found[name].paths, where))
        else:
            found[name] = Factor(name, (where,), quantity)
    return list(found.values())


def shared_paths(deck: Deck) -> dict[str, tuple[str, ...]]:
    """Paths of all keys that refer to a value of a table, by `table#row.key`.

    Raises
    ------
    DeckError  if a table does not hold what the deck refers to.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path, _, shared in _walk(deck.sections, (), deck, Tables(deck.tables)):
        if shared is not None:
            name = f"{shared}.{shared.quantity}"
            found[name] = (*found.get(name, ()), ".".join(path))
    return found


def distributed(deck: Deck) -> list[tuple[str, Quantity]]:
    """Every number of a deck that carries a distribution.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    list of (str, Quantity)
        Path as for `--set`, such as `processes.first reduction.rate.barrier`, and the value with its `distribution`, in
        the order of the deck. What comes from a table has the path of the key that refers to it, and the place,
        source and method of the table.

    Raises
    ------
    DeckError  if a table does not hold what the deck refers to.
    """
    return [(".".join(path), quantity) for path, quantity, _ in _distributed(deck)]


def sample(deck: Deck, generator: np.random.Generator) -> dict[str, str]:
    """Draw every number that carries a distribution.

    Parameters
    ----------
    deck : Deck
    generator : numpy.random.Generator
        One uniform number is taken for each value, in the order of `distributed`; for the same row of a table once.

    Returns
    -------
    dict of str to str
        Overrides for `load_deck`, by path: `{value: 0.4321 eV, source: ..., method: "...; drawn from ..."}`. A normal
        distribution is cut off where the key has a bound, so that every draw is a value that the deck may have.

    Raises
    ------
    DeckError
        If a table does not hold what the deck refers to, or nobody can say how the two directions of a step stay in
        detailed balance, with the names of both.

    Notes
    -----
    Numbers are drawn independently of each other, except for the two directions of one step written by hand, whose
    free energies are known: the values of the one that stands first in the deck are drawn, and the other one follows
    (`kmc.sampled_pairs`).
    """
    drawn: dict[object, float] = {}
    values, overrides = {}, {}
    for path, quantity, shared in _distributed(deck):
        key = shared or path
        if key not in drawn:
            drawn[key] = quantity.distribution.sample(generator)
        values[".".join(path)] = drawn[key]
        overrides[".".join(path)] = _text(quantity, drawn[key], _origin(quantity))
    if _may_have_pairs(deck, values):
        for name, follower in followers(deck, compile_mechanism(deck), values).items():
            origin = f"follows '{follower.leader}' in detailed balance"
            overrides[name] = _text(follower.nominal, follower.value, origin)
    return overrides


def _may_have_pairs(deck: Deck, values: dict[str, float]) -> bool:
    """Whether there are uncertain processes that run one way, so that another one may be their reverse."""
    one_way = [each.name for each in deck.processes if "<=>" not in each.equation]
    return any(path.startswith(tuple(f"processes.{name}." for name in one_way)) for path in values) and len(one_way) > 1


def _origin(quantity: Quantity) -> str:
    """Where a drawn value comes from."""
    return f"drawn from {quantity.distribution.text(DIMENSIONS[quantity.dimension].unit)}"


def _text(quantity: Quantity, value: float, origin: str) -> str:
    """A drawn value as YAML, with where it comes from."""
    unit = DIMENSIONS[quantity.dimension].unit
    entries = {"value": f"{float(value)!r}{'' if unit == '1' else f' {unit}'}"}
    if quantity.source:
        entries["source"] = quantity.source
    entries["method"] = f"{quantity.method}; {origin}" if quantity.method else origin
    # JSON quotes every text, and is YAML.
    return json.dumps(entries, ensure_ascii=False)


def _distributed(deck: Deck) -> Iterator[tuple[Path, Quantity, TableReference | None]]:
    """Paths and values, and the row of a table that a value shares with others."""
    tables = Tables(deck.tables)
    for path, quantity, shared in _walk(deck.sections, (), deck, tables):
        if quantity.distribution is not None:
            yield path, quantity, shared


def _walk(value: Any, path: Path, deck: Deck, tables: Tables) -> Iterator[tuple[Path, Quantity, TableReference | None]]:
    """Every plain quantity below a value of a deck."""
    if isinstance(value, Rate):
        for name, each in value.parameters.items():
            if isinstance(each, TableReference):
                support = bounds_of(RATE_LAWS[value.law].parameters[name]).support
                yield from _of_table(each, (*path, name), support, tables)
            else:
                yield from _walk(each, (*path, name), deck, tables)
    elif isinstance(value, TableReference):
        yield from _of_table(value, path, (-math.inf, math.inf), tables)
    elif isinstance(value, Quantity):
        yield from ((part, each, None) for part, each in _parts(value, path, deck))
    else:
        for key, each in _entries(value):
            yield from _walk(each, (*path, key), deck, tables)


def _entries(value: Any) -> list[tuple[str, Any]]:
    """What is below a section, a mapping or a list, by the keys that `--set` takes."""
    if isinstance(value, Section):
        return [(each.alias or name, getattr(value, name)) for name, each in type(value).model_fields.items()]
    if isinstance(value, dict):
        return list(value.items())
    if not isinstance(value, list):
        return []
    names = [getattr(each, "name", None) for each in value]
    once = Counter(names)
    return [
        (name if isinstance(name, str) and once[name] == 1 else str(number), each)
        for number, (name, each) in enumerate(zip(names, value, strict=True))
    ]


def _parts(quantity: Quantity, path: Path, deck: Deck) -> list[tuple[Path, Quantity]]:
    """A plain quantity, or those that another one is made of, each with the source of the whole."""
    if isinstance(quantity, VaryingQuantity):
        inner = [((*path, *key.split(".")), each) for key, each in quantity.given]
    elif isinstance(quantity, QuantityList):
        below = (*path, "values") if isinstance(_as_read(deck, path), dict) else path
        inner = [((*below, str(number)), each) for number, each in enumerate(quantity.items)]
    else:
        return [(path, quantity)]
    return [
        (where, replace(each, source=each.source or quantity.source, method=each.method or quantity.method))
        for where, each in inner
    ]


def _as_read(deck: Deck, path: Path) -> Any:
    """What stands at a path of the text of the deck."""
    here: Any = deck.document.data
    for key in path:
        if isinstance(here, list):
            number = next((i for i, each in enumerate(here) if isinstance(each, dict) and each.get("name") == key), key)
            here = here[int(number)]
        else:
            here = here[key]
    return here


def _of_table(
    reference: TableReference, path: Path, support: tuple[float, float], tables: Tables
) -> Iterator[tuple[Path, Quantity, TableReference]]:
    """The value of a row, within the bounds of the key that refers to it."""
    found = tables.value(reference)
    spread = found.distribution
    if spread is not None:
        spread = replace(spread, support=support)
    yield path, replace(found, dimension=QUANTITIES[reference.quantity], distribution=spread), reference

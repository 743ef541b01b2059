# SPDX-License-Identifier: BSD-3-Clause
"""Reading single values of a deck: quantities, references to tables, numbers in a range. Floor 1.

`quantity("energy")` and `number("time", above=0)` are types for the models of `deck_models`; what they
refuse goes to the `Reading` with its place in the file. Values may carry marks (`kmc.yamltext`), plain
Python data do as well. Rate laws and their parameters are read in `deck_rate`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from kmc.errors import Problem, did_you_mean
from kmc.quantity import NORMAL, UNIFORM, Distribution, Location, Quantity, TableReference
from kmc.units import DIMENSIONS, RANGE, UnitError, parse_quantity, parse_range

REPORTED = "reported"
"""Type of the pydantic errors whose problem is in the `Reading` already."""

_BARE = re.compile(r"[-+.0-9eE±/\s]*[0-9][-+.0-9eE±/\s]*")


@dataclass
class Reading:
    """What is known while a deck is being read, and what has been found wrong.

    Parameters
    ----------
    document : kmc.yamltext.Document
        Makes problems from messages and places.
    laws : dict
        The rate laws, `kmc.rates.RATE_LAWS`.
    units : dict of str to str
        Default unit of each dimension, from `units`.
    units_of, directory_of : dict of str to dict, dict of str to Path
        Units, and what paths are relative to, of the base decks by file; those of the deck itself are
        `units` and `directory`.
    tables : frozenset of str
        Names under `tables`.
    """

    document: Any
    laws: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    units_of: dict[str, dict[str, str]] = field(default_factory=dict)
    directory: Path = Path(".")
    directory_of: dict[str, Path] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    reported: set[tuple[int, str]] = field(
        default_factory=set
    )  # (id of mapping, key) that have been dealt with

    def report(self, message: str, where: Location | None, hint: str | None = None) -> None:
        """Note a problem."""
        self.problems.append(self.document.problem(message, where, hint))

    def refuse(self, message: str, value: object) -> PydanticCustomError:
        """Error to raise for a value: located here if it has a mark, else by its path."""
        mark = getattr(value, "mark", None)
        if mark is None:
            return PydanticCustomError("deck", "{message}", {"message": message})
        self.report(message, mark)
        return PydanticCustomError(REPORTED, "{message}", {"message": message})


@dataclass(frozen=True)
class Bounds:
    """Range of a value in internal units; `above` and `below` exclude the bound itself."""

    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest value, without bounds minus and plus infinity."""
        low = [each for each in (self.above, self.least) if each is not None]
        high = [each for each in (self.below, self.most) if each is not None]
        return max(low, default=-math.inf), min(high, default=math.inf)

    def broken_by(self, value: float, unit: str) -> str | None:
        """What the value must be, if it is not."""
        unit = "" if unit == "1" else f" {unit}"
        rules = [
            (self.above is not None and not value > (self.above or 0.0), "above", self.above),
            (self.least is not None and not value >= (self.least or 0.0), "at least", self.least),
            (self.below is not None and not value < (self.below or 0.0), "below", self.below),
            (self.most is not None and not value <= (self.most or 0.0), "at most", self.most),
        ]
        return next((f"must be {words} {bound:g}{unit}" for broken, words, bound in rules if broken), None)


@dataclass(frozen=True)
class Kind:
    """What a physical value of a deck has to be; stands in its annotation for the reference of keys.

    Parameters
    ----------
    dimension : str
        A key of `kmc.units.DIMENSIONS`.
    bounds : Bounds
    is_quantity : bool
        Whether it keeps uncertainty and source.
    reference : bool
        Whether it may come from a table.
    """

    dimension: str
    bounds: Bounds
    is_quantity: bool
    reference: bool = False


def kebab(name: str) -> str:
    """The deck's spelling of a Python name."""
    return name.replace("_", "-")


def described(value: object) -> str:
    """A value of a deck in a few words, for messages."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = " ".join(str(value).split())
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def quantity(dimension: str, reference: bool = False, **bounds: float) -> Any:
    """Type of a `Quantity` of a dimension within `Bounds`; with `reference`, `table#row` will do as well."""
    limits = Bounds(**bounds)

    def validate(value: object, info: ValidationInfo) -> Quantity | TableReference:
        return read_quantity(value, dimension, kebab(info.field_name or ""), info.context, limits, reference)

    return Annotated[
        Quantity | TableReference if reference else Quantity,
        PlainValidator(validate),
        WithJsonSchema(quantity_schema(dimension, reference)),
        Kind(dimension, limits, True, reference),
    ]


def number(dimension: str, **bounds: float) -> Any:
    """Type of a plain float of a dimension, in internal units, within `Bounds`."""
    limits = Bounds(**bounds)

    def validate(value: object, info: ValidationInfo) -> float:
        name = kebab(info.field_name or "")
        read = read_quantity(value, dimension, name, info.context, limits)
        if read.uncertainty is not None:
            raise info.context.refuse(f"'{name}' is one number; it can carry no uncertainty and no range", value)
        return float(read)

    return Annotated[
        float,
        PlainValidator(validate),
        WithJsonSchema(quantity_schema(dimension, False)["anyOf"][0]),
        Kind(dimension, limits, False),
    ]


def quantity_schema(dimension: str, reference: bool) -> dict[str, Any]:
    """JSON Schema of a quantity."""
    wanted = DIMENSIONS[dimension]
    text = f"{wanted.described}, for example '{wanted.example}'"
    plain = {"type": ["string", "number"], "description": text + (", or table#row" if reference else "")}
    full = {
        "type": "object",
        "properties": {
            "value": {"type": ["string", "number"], "description": text},
            "range": {"type": "string", "description": "lowest and highest value, as in '0.4 .. 0.7 eV'"},
            "source": {"type": "string", "description": "publication or data set the value comes from"},
            "method": {"type": "string", "description": "how the value was obtained there"},
        },
        "required": ["value"],
        "additionalProperties": False,
    }
    return {"anyOf": [plain, full]}


def read_quantity(
    value: object,
    dimension: str,
    name: str,
    reading: Reading,
    bounds: Bounds = Bounds(),
    reference: bool = False,
) -> Quantity | TableReference:
    """Read one quantity.

    Parameters
    ----------
    value : object
        Number, text or mapping `{value, range, source, method}` from the deck.
    dimension : str
        A key of `kmc.units.DIMENSIONS`.
    name : str
        Key of the deck it stands under.
    reading : Reading
    bounds : Bounds, in internal units
    reference : bool
        Whether `table#row` is accepted.

    Raises
    ------
    PydanticCustomError  if it is none.
    """
    if isinstance(value, dict):
        return _read_mapping(value, dimension, name, reading, bounds)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise reading.refuse(
            f"'{name}' is {described(value)}; expected {DIMENSIONS[dimension].expected}", value
        )
    if isinstance(value, str) and "#" in value:
        return _read_reference(value, name, reading, reference)
    return _read_text(value, dimension, name, reading, bounds)


def _read_text(value: object, dimension: str, name: str, reading: Reading, bounds: Bounds) -> Quantity:
    text, mark = str(value), getattr(value, "mark", None)
    units = reading.units_of.get(mark.file, reading.units) if mark else reading.units
    if dimension in units and _BARE.fullmatch(text.strip()):
        text = f"{text} {units[dimension]}"
    try:
        if RANGE in text:
            low, high = parse_range(text, dimension)
            read = uniform(0.5 * (low + high), low, high, where=mark, dimension=dimension)
        else:
            low, uncertainty = parse_quantity(text, dimension)
            high = low
            spread = Distribution(NORMAL, (low, uncertainty), bounds.support) if uncertainty else None
            read = Quantity(low, uncertainty, where=mark, distribution=spread, dimension=dimension)
    except UnitError as error:
        raise reading.refuse(str(error), value) from None
    for end in (low, high):
        broken = bounds.broken_by(end, DIMENSIONS[dimension].unit)
        if broken:
            raise reading.refuse(f"'{name}' {broken}, not {described(value)}", value)
    return read


def uniform(value: float, low: float, high: float, **rest: Any) -> Quantity:
    """A quantity that is equally probable between two values; `rest` as of a Quantity."""
    distribution = Distribution(UNIFORM, (low, high))
    return Quantity(value, distribution.standard_deviation, distribution=distribution, **rest)


def _read_mapping(value: dict, dimension: str, name: str, reading: Reading, bounds: Bounds) -> Quantity:
    known = ("value", "range", "source", "method")
    for key in value:
        if key not in known:
            reading.report(f"unknown key '{key}'{did_you_mean(key, known)}", value.key_marks[key])
    if "value" not in value:
        raise reading.refuse(f"missing key 'value' in '{name}'", value)
    texts = origin(value, reading)
    inner = value["value"]
    if isinstance(inner, (dict, list)) or inner is None or (isinstance(inner, str) and "#" in inner):
        message = f"'value' is {described(inner)}; expected {DIMENSIONS[dimension].expected}"
        raise reading.refuse(message, inner if inner is not None else value)
    read = read_quantity(inner, dimension, name, reading, bounds)
    where = read.where or getattr(value, "mark", None)
    if "range" not in value:
        return replace(read, where=where, **texts)
    low, high = _read_range(value["range"], read, dimension, name, reading, bounds)
    return uniform(read.value, low, high, where=where, dimension=dimension, **texts)


def origin(value: dict, reading: Reading) -> dict[str, str]:
    """Source and method in a mapping, as far as they are given.

    Raises
    ------
    PydanticCustomError  if one of them is no text.
    """
    for key in ("source", "method"):
        if key in value and not isinstance(value[key], str):
            raise reading.refuse(f"'{key}' must be text, not {described(value[key])}", value)
    return {key: str(value[key]) for key in ("source", "method") if key in value}


def _read_range(
    value: object, read: Quantity, dimension: str, name: str, reading: Reading, bounds: Bounds
) -> tuple[float, float]:
    """Ends of the `range` beside a value."""
    if read.uncertainty is not None:
        raise reading.refuse(f"'{name}' has a range and another uncertainty; give one", value)
    if not isinstance(value, str) or RANGE not in value:
        raise reading.refuse(f"'range' is {described(value)}; expected two values such as '0.4 {RANGE} 0.7 eV'", value)
    low, high = _read_text(value, dimension, "range", reading, bounds).distribution.parameters
    if not low <= read.value <= high:
        raise reading.refuse(f"the value of '{name}' is outside its range", value)
    return low, high


def _read_reference(value: str, name: str, reading: Reading, allowed: bool) -> TableReference:
    table, _, row = (part.strip() for part in value.partition("#"))
    if not allowed:
        raise reading.refuse(f"'{name}' cannot come from a table; rates and neighbour energies can", value)
    if not table or not row or "#" in row:
        raise reading.refuse(f"'{value}' is no reference to a table; expected 'table#row'", value)
    if table not in reading.tables:
        raise reading.refuse(
            f"no table '{table}' under 'tables'{did_you_mean(table, sorted(reading.tables))}", value
        )
    return TableReference(table, row, name, getattr(value, "mark", None))

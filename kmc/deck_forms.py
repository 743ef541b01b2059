# SPDX-License-Identifier: BSD-3-Clause
"""Mappings of a deck from which a value follows at every temperature or height. Floor 1.

`{value: -0.5 eV, slope: 1e-3 eV/K}`, `{enthalpy: ..., entropy: ...}`, `{temperatures: [...], values: [...]}` and, for
outer reorganization energies, `{radius: ..., refractive-index: ..., permittivity: ..., distance: ...}`; the formulas
are in `kmc.varying`. `FORMS` is the one list of them: reading, JSON Schema and the reference of keys follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from kmc.deck_values import REPORTED, Bounds, Reading, described, origin, quantity_schema, read_quantity
from kmc.errors import did_you_mean
from kmc.quantity import Quantity
from kmc.rates import Parameter
from kmc.units import DIMENSIONS
from kmc.varying import GibbsQuantity, ImageChargeQuantity, LinearQuantity, SeriesQuantity, VaryingQuantity

SITE = "site"
"""What a deck writes for the distance of the site at hand."""

_ANY, _ABOVE_ZERO = Bounds(), Bounds(above=0.0)


@dataclass(frozen=True)
class Part:
    """One key of a form.

    Parameters
    ----------
    dimension : str
        Key of `kmc.units.DIMENSIONS`; empty: that of the value.
    required : bool
    bounds : Bounds, optional
        None: those of the value.
    is_list : bool
    """

    dimension: str = ""
    required: bool = True
    bounds: Bounds | None = _ANY
    is_list: bool = False


@dataclass(frozen=True)
class Form:
    """A way to give a value by a mapping.

    Parameters
    ----------
    kind : type of VaryingQuantity
    parts : dict of str to Part
        By the keys of the deck.
    meaning : str
        In one line, for documentation.
    example : str
        As YAML on one line.
    dimensions : tuple of str
        Of the values that may be given like this.
    image_charge : bool
        Whether it is for parameters that the image charge explains, only.
    """

    kind: type[VaryingQuantity]
    parts: dict[str, Part]
    meaning: str
    example: str
    dimensions: tuple[str, ...] = ("energy",)
    image_charge: bool = False

    @property
    def marks(self) -> set[str]:
        """Keys by which it is recognised."""
        return set(self.parts) - {"value"}

    def fits(self, parameter: Parameter) -> bool:
        """Whether a parameter of a rate law may be given like this."""
        allowed = parameter.image_charge if self.image_charge else parameter.may_vary
        return allowed and parameter.dimension in self.dimensions


def _linear(dimension: str, slope: str, example: str) -> Form:
    parts = {
        "value": Part(bounds=None),
        "slope": Part(slope),
        "at": Part("temperature", required=False, bounds=_ABOVE_ZERO),
    }
    meaning = "linear in the temperature: value + slope (T - at); `at` is 298.15 K if left out"
    return Form(LinearQuantity, parts, meaning, example, (dimension,))


FORMS = (
    _linear("energy", "entropy", "{value: -0.5 eV, slope: 1e-3 eV/K, at: 298.15 K}"),
    _linear("potential", "potential slope", "{value: 0.77 V, slope: 1 mV/K}"),
    Form(
        GibbsQuantity,
        {"enthalpy": Part("energy"), "entropy": Part("entropy")},
        "a free energy, enthalpy - T entropy",
        "{enthalpy: -0.8 eV, entropy: -1e-3 eV/K}",
    ),
    Form(
        SeriesQuantity,
        {
            "temperatures": Part("temperature", bounds=_ABOVE_ZERO, is_list=True),
            "values": Part(bounds=None, is_list=True),
        },
        "straight lines between points; a run at a temperature beyond them is refused",
        "{temperatures: [273 K, 298 K, 333 K], values: [-0.5 eV, -0.52 eV, -0.55 eV]}",
        ("energy", "potential"),
    ),
    Form(
        ImageChargeQuantity,
        {
            "radius": Part("length", bounds=_ABOVE_ZERO),
            "refractive-index": Part("dimensionless", bounds=Bounds(least=1.0)),
            "permittivity": Part("dimensionless", bounds=Bounds(least=1.0)),
            "distance": Part("length", bounds=Bounds(least=0.0)),
        },
        "e^2/(8 pi eps0) (1/r - 1/(2 d)) (1/n^2 - 1/eps), screened by the image charge; d is the larger one of "
        "distance and radius, and `distance: site` the height of the site above the surface of the electrode (of a "
        "solution process: the distance of the compartment)",
        "{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: site}",
        image_charge=True,
    ),
)
"""Every way to give a value by a mapping, besides `{value, range, source, method}`."""


def form_of(value: dict, parameter: Parameter) -> Form | None:
    """The form that a mapping is meant to have; None for a plain value with its source."""
    return next((form for form in FORMS if form.fits(parameter) and form.marks & value.keys()), None)


def form_schemas(parameter: Parameter) -> list[dict[str, Any]]:
    """JSON Schemas of the forms in which a parameter may be given."""
    schemas = []
    for form in FORMS:
        if form.fits(parameter):
            properties: dict[str, Any] = {key: _schema(part, parameter.dimension) for key, part in form.parts.items()}
            properties |= {key: {"type": "string"} for key in ("source", "method")}
            required = [key for key, part in form.parts.items() if part.required]
            schemas.append(
                {
                    "type": "object",
                    "description": form.meaning,
                    "properties": properties,
                    "required": required,
                    "additionalProperties": False,
                }
            )
    return schemas


def _schema(part: Part, dimension: str) -> dict[str, Any]:
    one = quantity_schema(part.dimension or dimension, False)
    return {"type": "array", "items": one, "minItems": 2} if part.is_list else one


def read_form(
    value: Any, form: Form, name: str, dimension: str, bounds: Bounds, reading: Reading
) -> VaryingQuantity:
    """Read a mapping in one of the forms.

    Parameters
    ----------
    value : MarkedDict
    form : Form
    name : str
        Key of the deck it stands under.
    dimension : str
        Of the value.
    bounds : Bounds
        Of the value, in internal units.
    reading : Reading

    Raises
    ------
    PydanticCustomError  if something in it is wrong; all of it is reported.
    """
    before = len(reading.problems)
    known = (*form.parts, "source", "method")
    for key in value:
        if key not in known:
            reading.report(f"unknown key '{key}'{did_you_mean(key, known)}", value.key_marks[key])
    given: dict[str, Quantity] = {}
    for key, part in form.parts.items():
        if value.get(key) is None:
            if key in value or part.required:
                message = f"key '{key}' has no value" if key in value else f"missing key '{key}' in '{name}'"
                reading.report(message, value.key_marks.get(key, value.mark))
        elif not (form.image_charge and key == "distance" and value[key] == SITE):
            given |= _read_part(value, key, part, dimension, bounds, reading)
    texts = origin(value, reading)
    if len(reading.problems) > before:
        raise PydanticCustomError(REPORTED, name)
    try:
        read = form.kind.of(given, **texts, where=value.mark, dimension=dimension)
    except ValueError as error:
        raise reading.refuse(f"'{name}': {error}", value) from None
    broken = bounds.broken_by(read.value, DIMENSIONS[dimension].unit)
    if broken:
        raise reading.refuse(f"'{name}' {broken}, not {read.value:g} at 298.15 K", value)
    return read


def _read_part(
    value: Any, key: str, part: Part, dimension: str, bounds: Bounds, reading: Reading
) -> dict[str, Quantity]:
    """Quantities under one key of a form; empty, with problems reported, if they are wrong."""
    items, marks, names = [value[key]], [value.value_marks[key]], [key]
    if part.is_list:
        if not isinstance(value[key], list):
            reading.report(f"'{key}' is {described(value[key])}; expected a list of values", value.value_marks[key])
            return {}
        items, marks = value[key], value[key].value_marks
        names = [f"{key}.{number}" for number in range(len(items))]
    found = {}
    for name, item, mark in zip(names, items, marks, strict=True):
        try:
            limits = bounds if part.bounds is None else part.bounds
            found[name] = read_quantity(item, part.dimension or dimension, key, reading, limits)
        except PydanticCustomError as error:
            if error.type != REPORTED:
                reading.report(error.message(), mark)
    return found

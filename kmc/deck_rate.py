# SPDX-License-Identifier: BSD-3-Clause
"""Reading the rate of a process: its law, and the parameters of that law. Floor 1.

A parameter is one value, a list of them, or `table#row`; an energy or a potential may instead be a mapping from which
it follows at every temperature or height (`deck_forms`). Everything is checked against the registry of laws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from kmc.deck_forms import form_of, form_schemas, read_form
from kmc.deck_values import REPORTED, Bounds, Reading, described, origin, quantity_schema, read_quantity
from kmc.errors import did_you_mean
from kmc.quantity import Quantity, QuantityList, TableReference
from kmc.rates import Parameter, RateLaw


@dataclass(frozen=True)
class Rate:
    """A rate law by name, and its parameters as the deck gives them."""

    law: str
    parameters: dict[str, Quantity | TableReference]


def rate_law() -> Any:
    """Type of a `Rate`: a mapping with `law` and the parameters of that law."""

    def validate(value: object, info: ValidationInfo) -> Rate:
        return read_rate(value, info.context)

    return Annotated[Rate, PlainValidator(validate), WithJsonSchema({"type": "object", "required": ["law"]})]


def bounds_of(parameter: Parameter) -> Bounds:
    """Range of a parameter, as for any value of a deck."""
    return Bounds(0.0 if parameter.positive else None, parameter.minimum, None, parameter.maximum)


def rate_schema(laws: dict[str, RateLaw]) -> dict[str, Any]:
    """JSON Schema of a rate, from the registry of laws."""
    forms = []
    for law in laws.values():
        properties: dict[str, Any] = {"law": {"const": law.name, "description": law.equation}}
        for name, parameter in law.parameters.items():
            properties[name] = _schema(parameter) | {"description": parameter.description}
        required = ["law", *(name for name, parameter in law.parameters.items() if parameter.required)]
        forms.append(
            {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        )
    return {"oneOf": forms}


def _schema(parameter: Parameter) -> dict[str, Any]:
    """JSON Schema of one parameter."""
    one = quantity_schema(parameter.dimension, parameter.length is None)
    if parameter.length is None:
        return {"anyOf": [*one["anyOf"], *form_schemas(parameter)]}
    least, most = parameter.length
    items = {"type": "array", "items": one, "minItems": least, "maxItems": most}
    texts = {key: {"type": "string"} for key in ("source", "method")}
    full = {"type": "object", "properties": {"values": items} | texts, "required": ["values"]}
    return {"anyOf": [items, full | {"additionalProperties": False}, {"type": "string", "pattern": "#"}]}


def read_rate(value: object, reading: Reading) -> Rate:
    """Read `{law: ..., parameter: ...}`; every parameter is checked against the registry of laws.

    Raises
    ------
    PydanticCustomError  if there is no such law, or a parameter is missing, unknown or wrong.
    """
    if not isinstance(value, dict):
        raise reading.refuse(
            f"'rate' is {described(value)}; expected a mapping such as {{law: eyring, ...}}", value
        )
    name = value.get("law")
    if name is None:
        raise reading.refuse(f"missing key 'law' in 'rate'{did_you_mean('', reading.laws)}", value)
    if not isinstance(name, str) or name not in reading.laws:
        raise reading.refuse(
            f"unknown rate law {described(name)}{did_you_mean(str(name), reading.laws)}", name
        )
    law = reading.laws[name]
    before = len(reading.problems)
    _check_names(value, law, reading)
    parameters = {}
    for key, parameter in law.parameters.items():
        if value.get(key) is None:
            continue
        try:
            parameters[key] = _read_parameter(value[key], key, parameter, reading)
        except PydanticCustomError as error:
            if error.type != REPORTED:
                reading.report(error.message(), value.value_marks[key])
    if len(reading.problems) > before:
        raise PydanticCustomError(REPORTED, "rate")
    return Rate(str(name), parameters)


def _read_parameter(value: object, key: str, parameter: Parameter, reading: Reading) -> Quantity | TableReference:
    limits = bounds_of(parameter)
    if parameter.length is not None and not (isinstance(value, str) and "#" in value):
        return _read_list(value, key, parameter, reading)
    if isinstance(value, dict):
        form = form_of(value, parameter)
        if form is not None:
            return read_form(value, form, key, parameter.dimension, limits, reading)
    return read_quantity(value, parameter.dimension, key, reading, limits, True)


def _read_list(value: object, key: str, parameter: Parameter, reading: Reading) -> Quantity:
    """Several values, bare or with their source as `{values: [...], source: ...}`."""
    texts, items = {}, value
    if isinstance(value, dict):
        known = ("values", "source", "method")
        for each in value:
            if each not in known:
                reading.report(f"unknown key '{each}'{did_you_mean(each, known)}", value.key_marks[each])
        if "values" not in value:
            raise reading.refuse(f"missing key 'values' in '{key}'", value)
        texts, items = origin(value, reading), value["values"]
    if not isinstance(items, list):
        raise reading.refuse(f"'{key}' is {described(items)}; expected a list of values", items or value)
    found = _read_items(items, key, parameter, reading)
    fault = parameter.fault(tuple(each.value for each in found))
    if fault:
        raise reading.refuse(f"'{key}' {fault}, not {len(items)}", items)
    values = tuple(each.value for each in found)
    return QuantityList(values, **texts, where=items.mark, dimension=parameter.dimension, items=tuple(found))


def _read_items(items: Any, key: str, parameter: Parameter, reading: Reading) -> list[Quantity]:
    """Values of a list.

    Raises
    ------
    PydanticCustomError  if some are wrong; all of them are reported.
    """
    limits, found, before = bounds_of(parameter), [], len(reading.problems)
    for number, item in enumerate(items):
        try:
            found.append(read_quantity(item, parameter.dimension, key, reading, limits))
        except PydanticCustomError as error:
            if error.type != REPORTED:
                reading.report(error.message(), items.value_marks[number])
    if len(reading.problems) > before:
        raise PydanticCustomError(REPORTED, key)
    return found


def _check_names(value: Any, law: RateLaw, reading: Reading) -> None:
    """Report parameters that the law does not have, that have no value, and that are missing."""
    meant = set()
    for key in value:
        if key != "law" and key not in law.parameters:
            guess = did_you_mean(
                key, [name for name in law.parameters if name not in value] or law.parameters
            )
            meant.add(guess.split("'")[1] if "'" in guess else "")
            reading.report(f"unknown key '{key}' for rate law '{law.name}'{guess}", value.key_marks[key])
        elif value[key] is None:
            reading.report(f"key '{key}' has no value", value.key_marks[key])
    missing = [name for name, each in law.parameters.items() if each.required and name not in value]
    for name in missing:
        if name not in meant:
            reading.report(f"missing key '{name}' for rate law '{law.name}'", value.mark)

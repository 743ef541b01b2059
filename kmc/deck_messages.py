# SPDX-License-Identifier: BSD-3-Clause
"""What pydantic found wrong with a deck, in plain words and with its place. Floor 1."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from kmc.deck_protocol import CONSTANT, RAMP, TABLE
from kmc.deck_values import REPORTED, Reading, described
from kmc.errors import did_you_mean

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def translate(error: ValidationError, document: Any, reading: Reading) -> None:
    """Report every error of a validation to the reading.

    Parameters
    ----------
    error : ValidationError
    document : kmc.yamltext.Document
    reading : Reading
    """
    for each in error.errors(include_url=False):
        if each["type"] == REPORTED:
            continue
        path = tuple(part for part in each["loc"] if part not in (CONSTANT, RAMP, TABLE))
        if each["type"] == "missing":
            _report_missing(path, document, reading)
        else:
            reading.report(_message(each, path), document.locate(path))


def _report_missing(path: tuple, document: Any, reading: Reading) -> None:
    parent, key = document.data, path[-1]
    for part in path[:-1]:
        parent = parent[part]
    if (id(parent), key) in reading.reported:
        return
    inside = f" in '{_spelt(path[:-1])}'" if path[:-1] else ""
    reading.report(f"missing key '{key}'{inside}", document.locate(path[:-1], key=True))


def _spelt(path: tuple) -> str:
    """A path as it is written for `--set`; list items count from 0 there."""
    return ".".join(str(part) for part in path)


def _message(error: Any, path: tuple) -> str:
    """One error in plain words."""
    kind, context = error["type"], error.get("ctx") or {}
    named = max((index for index, part in enumerate(path) if isinstance(part, str)), default=0)
    name, value = _spelt(path[named:]), described(error["input"])
    if kind in _TYPES:
        return f"'{name}' must be {_TYPES[kind]}, not {value}"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"'{name}' must be {words} {context[bound]}, not {value}"
    if kind == "literal_error":
        options = [part.strip(" '") for part in context["expected"].replace(" or ", ", ").split(",")]
        guess = did_you_mean(str(error["input"]), options)
        return f"'{name}' is {value}; expected {' or '.join(options)}" + (
            guess if guess.startswith(", did") else ""
        )
    if kind in ("too_short", "too_long"):
        wanted = context.get("min_length", 0) if kind == "too_short" else context["max_length"]
        return f"'{name}' needs {'at least' if kind == 'too_short' else 'at most'} {wanted} items"
    if kind in ("string_too_short", "string_pattern_mismatch"):
        wanted = "must not be empty" if kind == "string_too_short" else "must look like '#1f77b4'"
        return f"'{name}' {wanted}"
    return str(error["msg"]) if kind == "deck" else f"'{name}': {error['msg']}"

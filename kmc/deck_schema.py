# SPDX-License-Identifier: BSD-3-Clause
"""JSON Schema of decks, for editors. Floor 1.

A deck with `extends` may leave out what its base has, so that what is required stands apart from the keys,
under a condition.
"""

from __future__ import annotations

from typing import Any

from kmc.deck_models import DeckSections
from kmc.deck_rate import rate_schema
from kmc.rates import RATE_LAWS
from kmc.units import DIMENSIONS

_REFERENCE = "#/$defs/"


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of decks.

    Returns
    -------
    schema : dict
    """
    schema = DeckSections.model_json_schema(by_alias=True)
    sections = schema["$defs"]
    sections["ProcessDeck"]["properties"]["rate"] = rate_schema(RATE_LAWS) | {
        "description": "rate law and its parameters"
    }
    units = schema["properties"]["units"]
    units.pop("additionalProperties", None)
    units["properties"] = {
        unit_key(name): {"type": "string"} for name in DIMENSIONS if name != "dimensionless"
    }
    units["additionalProperties"] = False
    whole = _Requirements(sections).of_mapping(schema)
    whole["anyOf"] = [{"required": ["lattice", "species"]}, {"required": ["solution"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "sei-kmc deck",
        "if": {"not": {"required": ["extends"]}},
        "then": whole | {"anyOf": [{"required": ["lattice", "species"]}, {"required": ["solution"]}]},
    }


def unit_key(dimension: str) -> str:
    """Key of a dimension in the section `units`."""
    return dimension.replace(" ", "-")


class _Requirements:
    """Moves what is required out of the sections of a schema, into a schema of its own.

    Items of lists keep theirs, because lists are replaced as a whole, and so do the alternatives of a choice.

    Parameters
    ----------
    sections : dict
        `$defs` of the schema.
    """

    def __init__(self, sections: dict[str, Any]):
        self.sections = sections
        self.moved: dict[str, dict[str, Any]] = {}  # by section, which may be asked for more than once

    def of_section(self, name: str) -> dict[str, Any]:
        if name not in self.moved:
            self.moved[name] = self.of_mapping(self.sections[name])
        return self.moved[name]

    def of_mapping(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = {"required": schema.pop("required")} if "required" in schema else {}
        inner = {key: found for key, entry in schema["properties"].items() if (found := self.of_value(entry))}
        return required | ({"properties": inner} if inner else {})

    def of_value(self, entry: dict[str, Any]) -> dict[str, Any]:
        choices = [entry, *(each for key in ("anyOf", "oneOf") for each in entry.get(key, ()))]
        names = [each["$ref"].removeprefix(_REFERENCE) for each in choices if "$ref" in each]
        if len(names) == 1:
            return self.of_section(names[0])
        if names:  # a choice of sections, which are told apart by what they require
            inner = {}
            for name in names:
                for key, each in self.sections[name]["properties"].items():
                    inner[key] = self.of_value(each)
            return {"properties": inner}
        members = entry.get("additionalProperties")
        if isinstance(members, dict) and "$ref" in members:
            return {"additionalProperties": self.of_section(members["$ref"].removeprefix(_REFERENCE))}
        return {}

# SPDX-License-Identifier: BSD-3-Clause
"""What all sections of a deck have in common: kebab-case keys, a message for every other one. Floor 1."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from kmc.deck_values import Reading, kebab
from kmc.errors import did_you_mean

Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""


class Section(BaseModel):
    """A mapping of a deck: kebab-case keys, none but the known ones, no key without a value."""

    model_config = ConfigDict(
        alias_generator=kebab, extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )

    @model_validator(mode="before")
    @classmethod
    def _report_keys(cls, data: Any, info: ValidationInfo) -> Any:
        reading: Reading | None = info.context
        if reading is None or not isinstance(data, dict):
            return data
        known = [each.alias or name for name, each in cls.model_fields.items()]
        kept = {}
        for key, value in data.items():
            if key not in known:
                _report_unknown(data, key, known, reading)
            elif value is None:
                reading.report(f"key '{key}' has no value", data.key_marks[key])
                reading.reported.add((id(data), key))
            else:
                kept[key] = value
        return kept


def _report_unknown(data: Any, key: str, known: list[str], reading: Reading) -> None:
    """Report an unknown key; the key it was meant to be is then not called missing as well."""
    guess = did_you_mean(key, known)
    if not guess.startswith(", did you mean"):
        guess = did_you_mean(key, [each for each in known if each not in data] or known)
    if guess.startswith(", did you mean"):
        reading.reported.add((id(data), guess.split("'")[1]))
    reading.report(f"unknown key '{key}'{guess}", data.key_marks[key])

# SPDX-License-Identifier: BSD-3-Clause
"""The section `protocol` of a deck: constants, ramps and tables of potential and temperature. Floor 1."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from kmc.deck_section import Section, Text
from kmc.deck_values import Bounds, number, quantity

_POTENTIAL = {"least": -100.0, "most": 100.0}
_TEMPERATURE = {"above": 0.0, "most": 1e5}
CONDITIONS = {"potential": Bounds(**_POTENTIAL), "temperature": Bounds(**_TEMPERATURE)}
"""What a potential [V] and a temperature [K] may be, by dimension."""


class PotentialRamp(Section):
    """Linear in time, then held."""

    start: number("potential", **_POTENTIAL) = Field(
        description="potential at time zero, vs Li/Li+", examples=["1.2 V"]
    )
    end: number("potential", **_POTENTIAL) = Field(
        description="potential that is held afterwards, vs Li/Li+", examples=["0.1 V"]
    )
    rate: number("potential rate", above=0.0) = Field(
        description="speed; its sign follows from start and end", examples=["10 mV/s"]
    )


class TemperatureRamp(Section):
    """Linear in time, then held."""

    start: number("temperature", **_TEMPERATURE) = Field(
        description="temperature at time zero", examples=["25 degC"]
    )
    end: number("temperature", **_TEMPERATURE) = Field(
        description="temperature that is held afterwards", examples=["330 K"]
    )
    rate: number("temperature rate", above=0.0) = Field(
        description="speed; its sign follows from start and end", examples=["1 K/min"]
    )


class TableDeck(Section):
    """Two columns of a CSV file, interpolated linearly."""

    file: Text = Field(description="CSV file, relative to the deck", examples=["tables/cycle.csv"])
    time: Text = Field(description="header of the time column, unit in brackets", examples=["Time [s]"])
    value: Text = Field(
        description="header of the value column, unit in brackets", examples=["Potential [V]"]
    )


class PotentialRampSection(Section):
    """A ramp of the potential."""

    ramp: PotentialRamp = Field(description="linear in time, then held")


class TemperatureRampSection(Section):
    """A ramp of the temperature."""

    ramp: TemperatureRamp = Field(description="linear in time, then held")


class TableSection(Section):
    """A series from a file."""

    table: TableDeck = Field(description="two columns of a CSV file")


CONSTANT, RAMP, TABLE = "<constant>", "<ramp>", "<table>"
"""Tags of the three kinds of series; they appear in pydantic's error locations, never in a deck."""


def _kind_of_series(value: Any) -> str:
    if isinstance(value, dict) and "value" not in value:
        return TABLE if "table" in value else RAMP
    return CONSTANT


def _series(constant: Any, ramp: type[Section]) -> Any:
    return Annotated[
        Annotated[constant, Tag(CONSTANT)] | Annotated[ramp, Tag(RAMP)] | Annotated[TableSection, Tag(TABLE)],
        Discriminator(_kind_of_series),
    ]


class ProtocolSection(Section):
    """The conditions as functions of time."""

    temperature: _series(quantity("temperature", **_TEMPERATURE), TemperatureRampSection) = Field(
        description="constant, ramp or table", examples=["298.15 K"]
    )
    potential: _series(quantity("potential", **_POTENTIAL), PotentialRampSection) = Field(
        description="electrode potential vs Li/Li+: constant, ramp or table",
        examples=[{"ramp": {"start": "1.2 V", "end": "0.1 V", "rate": "10 V/s"}}],
    )
    potential_step: number("potential", above=0.0) = Field(
        5e-3, description="renew rates after this change", examples=["10 mV"]
    )
    temperature_step: number("temperature difference", above=0.0) = Field(
        0.5, description="renew rates after this change", examples=["1 K"]
    )

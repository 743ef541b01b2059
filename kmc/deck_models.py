# SPDX-License-Identifier: BSD-3-Clause
"""The sections of a deck and their keys: types, units, ranges, a line of documentation each. Floor 1.

This is the one list of keys: reading, messages and the JSON Schema follow from it. Attributes are the keys
in snake case. What ties sections together (names that refer to each other) is in `deck_checks`.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationInfo,
    model_validator,
)

from kmc.deck_values import Reading, kebab, number, quantity, rate_law
from kmc.errors import did_you_mean
from kmc.quantity import Location, Quantity, TableReference

MAX_SEED = 2**63 - 1
"""Largest seed."""

_MAX_INT = 2**53
Axis = Literal["periodic", "walls"]
Phase = Literal["electrode", "liquid", "dissolved", "solid", "gas"]
_Text = Annotated[str, Field(min_length=1)]


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
    guess = did_you_mean(key, [each for each in known if each not in data] or known)
    if guess.startswith(", did you mean"):
        reading.reported.add((id(data), guess.split("'")[1]))
    reading.report(f"unknown key '{key}'{guess}", data.key_marks[key])


class RunDeck(Section):
    """How long, and from which seed."""

    duration: number("time", above=0.0, most=1e15) = Field(description="simulated time")
    seed: int = Field(1, ge=0, le=MAX_SEED, description="seed of the random numbers")
    max_events: int | None = Field(None, ge=1, le=_MAX_INT, description="stop after this many events")
    max_wall_time: number("time", above=0.0) | None = Field(
        None, description="stop after this much real time"
    )


class LayerDeck(Section):
    """Layers of sites filled with one species."""

    species: _Text = Field(description="lattice species")
    first: int = Field(alias="from", description="first z layer; negative counts from the top")
    last: int = Field(alias="to", description="last z layer, inclusive; negative counts from the top")


class RandomDeck(Section):
    """Sites drawn at random among those of the filling species."""

    species: _Text = Field(description="lattice species")
    fraction: number("dimensionless", least=0.0, most=1.0) = Field(description="fraction of the `fill` sites")


class LatticeDeck(Section):
    """Sites, and what is on them at the start."""

    type: Literal["simple cubic", "square"] = Field(description="Bravais lattice")
    spacing: quantity("length", above=0.0) = Field(description="distance of nearest sites")
    size: list[Annotated[int, Field(ge=1)]] = Field(
        description="sites in x, y, z (square: x, z)", min_length=2
    )
    boundaries: dict[str, Axis] = Field(default_factory=dict, description="periodic or walls, per axis")
    fill: _Text = Field(description="species of every site that nothing else names")
    layers: list[LayerDeck] = Field(default_factory=list, description="in order, later ones win")
    random: list[RandomDeck] = Field(default_factory=list, description="exact numbers of sites, places drawn")


class PotentialRamp(Section):
    """Linear in time, then held."""

    start: number("potential", least=-100.0, most=100.0) = Field(
        description="potential at time zero, vs Li/Li+"
    )
    end: number("potential", least=-100.0, most=100.0) = Field(
        description="potential that is held afterwards, vs Li/Li+"
    )
    rate: number("potential rate", above=0.0) = Field(
        description="speed; its sign follows from start and end"
    )


class TemperatureRamp(Section):
    """Linear in time, then held."""

    start: number("temperature", above=0.0, most=1e5) = Field(description="temperature at time zero")
    end: number("temperature", above=0.0, most=1e5) = Field(description="temperature that is held afterwards")
    rate: number("temperature rate", above=0.0) = Field(
        description="speed; its sign follows from start and end"
    )


class TableDeck(Section):
    """Two columns of a CSV file, interpolated linearly."""

    file: _Text = Field(description="CSV file, relative to the deck")
    time: _Text = Field(description="header of the time column, unit in brackets")
    value: _Text = Field(description="header of the value column, unit in brackets")


class PotentialRampSection(Section):
    """A ramp of the potential."""

    ramp: PotentialRamp


class TemperatureRampSection(Section):
    """A ramp of the temperature."""

    ramp: TemperatureRamp


class TableSection(Section):
    """A series from a file."""

    table: TableDeck


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

    temperature: _series(quantity("temperature", above=0.0, most=1e5), TemperatureRampSection) = Field(
        description="constant, ramp or table"
    )
    potential: _series(quantity("potential", least=-100.0, most=100.0), PotentialRampSection) = Field(
        description="electrode potential vs Li/Li+: constant, ramp or table"
    )
    potential_step: number("potential", above=0.0) = Field(5e-3, description="renew rates after this change")
    temperature_step: number("temperature difference", above=0.0) = Field(
        0.5, description="renew rates after this change"
    )


class TunnellingDeck(Section):
    """Electrons reach a site through what lies between it and the electrode."""

    decay: dict[str, quantity("decay", least=0.0)] = Field(
        description="per lattice species passed, or `default`"
    )
    cutoff: number("dimensionless", above=0.0, below=1.0) = Field(
        1e-20, description="transmission that counts as none"
    )


def _text_of(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CrystalDeck(Section):
    """A crystal structure, for the molar volume."""

    spacegroup: Annotated[_Text, BeforeValidator(_text_of)] = Field(
        description="international symbol or number"
    )
    cell: list[Annotated[float, Field(gt=0.0, lt=1000.0, allow_inf_nan=False)]] = Field(
        description="a, b, c [angstrom], alpha, beta, gamma [degree]", min_length=6, max_length=6
    )
    sites: dict[
        str,
        list[
            Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=3, max_length=3)]
        ],
    ] = Field(description="fractional coordinates of the inequivalent atoms, per element")
    source: str | None = Field(None, description="publication of the structure")


class SpeciesDeck(Section):
    """What can be on a site."""

    phase: Phase = Field(description="electrode, liquid, dissolved, solid or gas")
    formula: _Text | None = Field(None, description="of one formula unit")
    charge: int = Field(0, ge=-99, le=99, description="of a site [e]")
    units_per_site: int = Field(1, ge=1, le=1000, description="formula units on a site")
    molar_volume: quantity("molar volume", above=0.0) | None = Field(None, description="of the formula unit")
    density: quantity("density", above=0.0) | None = Field(None, description="instead of the molar volume")
    crystal: CrystalDeck | None = Field(None, description="instead of the molar volume")
    guest: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=dict, description="atoms added to a site, for example interstitial lithium"
    )
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = Field(
        None, description="#rrggbb for pictures"
    )
    label: str | None = Field(None, description="name for pictures")


class SolutionDeck(Section):
    """A species that is not on the lattice: dissolved at fixed activity, or a gas that is counted."""

    formula: _Text = Field(description="of one molecule or ion")
    charge: int = Field(0, ge=-99, le=99, description="[e]")
    phase: Literal["dissolved", "gas"] = Field("dissolved", description="dissolved or gas")
    activity: quantity("dimensionless", least=0.0) | None = Field(
        None, description="fixed activity; needed to be consumed"
    )


class NeighbourTerm(Section):
    """A shift of the barrier for every neighbour of the given species."""

    species: Annotated[list[_Text], Field(min_length=1)] = Field(description="lattice species or {groups}")
    energy: quantity("energy", reference=True) = Field(description="shift of the barrier per neighbour")
    site: int = Field(1, ge=1, description="lattice term of the equation whose neighbours count, from 1")
    shell: int = Field(1, ge=1, le=2, description="1 nearest, 2 next nearest")


class ProcessDeck(Section):
    """An elementary step."""

    name: _Text = Field(description="unique")
    equation: _Text = Field(description="for example electrolyte + LiEC+ + e- <=> LiEC")
    rate: rate_law() = Field(description="rate law and its parameters")
    tunnelling: bool = Field(False, description="whether the electron tunnels from the electrode")
    neighbours: list[NeighbourTerm] = Field(
        default_factory=list, description="shifts of the barrier by neighbours"
    )
    source: str | None = Field(None, description="publication of the step")
    note: str | None = Field(None, description="free text")
    geometry: (
        list[Annotated[list[Annotated[int, Field(ge=-100, le=100)]], Field(min_length=2, max_length=3)]]
        | None
    ) = Field(None, description="positions of the lattice terms, in spacings", min_length=1)
    _location: Location | None = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_location(cls, data: Any, handler: Any) -> Any:
        process = handler(data)
        process._location = getattr(data, "mark", None)
        return process

    @property
    def location(self) -> Location | None:
        """Place in the deck."""
        return self._location

    @property
    def law(self) -> str:
        """Name of the rate law, a key of `kmc.rates.RATE_LAWS`."""
        return self.rate.law

    @property
    def parameters(self) -> dict[str, Quantity | TableReference]:
        """Parameters of the rate law as given, by their kebab-case names."""
        return self.rate.parameters


class Cadence(Section):
    """When to write: at an interval, or so many times per decade; at 0 and at the end in any case."""

    every: number("time", above=0.0) | None = Field(None, description="interval")
    per_decade: int | None = Field(None, ge=1, le=1000, description="times per decade of time, with `from`")
    start: number("time", above=0.0) | None = Field(
        None, alias="from", description="first time of `per-decade`"
    )


class OutputDeck(Section):
    """What is written when; without a cadence, at 0 and at the end."""

    times: Cadence | None = Field(None, description="cadence of the fields")
    snapshots: Cadence | None = Field(None, description="cadence of the whole lattice")


class DeckSections(Section):
    """A deck: what grows, on what, under which conditions, by which steps."""

    title: str = Field("", description="short title")
    description: str = Field("", description="physics, sources, what to expect, cost, command")
    units: dict[str, str] = Field(default_factory=dict, description="unit of bare numbers, per dimension")
    tables: dict[str, _Text] = Field(
        default_factory=dict, description="CSV files or ASE databases, relative to the deck"
    )
    run: RunDeck = Field(description="how long, and from which seed")
    lattice: LatticeDeck = Field(description="sites, and what is on them at the start")
    protocol: ProtocolSection = Field(description="potential and temperature as functions of time")
    tunnelling: TunnellingDeck | None = Field(None, description="needed by processes with `tunnelling: true`")
    groups: dict[str, Annotated[list[_Text], Field(min_length=1)]] = Field(
        default_factory=dict, description="sets of lattice species, written {name} in equations"
    )
    species: dict[str, SpeciesDeck] = Field(description="what can be on a site", min_length=1)
    solution: dict[str, SolutionDeck] = Field(
        default_factory=dict, description="well-mixed species and gases"
    )
    processes: list[ProcessDeck] = Field(description="elementary steps", min_length=1)
    output: OutputDeck = Field(default_factory=OutputDeck, description="what is written when")

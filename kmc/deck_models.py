# SPDX-License-Identifier: BSD-3-Clause
"""The sections of a deck and their keys: types, units, ranges, a line of documentation each. Floor 1.

This is the one list of keys, with `deck_protocol`: reading, messages, the JSON Schema and `docs/deck.md`
follow from it. Attributes are the keys in snake case. What ties sections together (names that refer to each
other) is in `deck_checks`.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from kmc.deck_protocol import ProtocolSection
from kmc.deck_section import Section, Text
from kmc.deck_values import number, quantity, rate_law
from kmc.quantity import Location, Quantity, TableReference

MAX_SEED = 2**63 - 1
"""Largest seed."""

_MAX_INT = 2**53
Axis = Literal["periodic", "walls"]
Phase = Literal["electrode", "liquid", "dissolved", "solid", "gas"]


class RunDeck(Section):
    """How long, and from which seed."""

    duration: number("time", above=0.0, most=1e15) = Field(description="simulated time", examples=["100 ms"])
    seed: int = Field(1, ge=0, le=MAX_SEED, description="seed of the random numbers", examples=[7])
    max_events: int | None = Field(
        None, ge=1, le=_MAX_INT, description="stop after this many events", examples=[100000000]
    )
    max_wall_time: number("time", above=0.0) | None = Field(
        None, description="stop after this much real time", examples=["20 min"]
    )


class LayerDeck(Section):
    """Layers of sites filled with one species."""

    species: Text = Field(description="lattice species", examples=["electrode"])
    first: int = Field(alias="from", description="first z layer; negative counts from the top", examples=[0])
    last: int = Field(
        alias="to", description="last z layer, inclusive; negative counts from the top", examples=[-1]
    )


class RandomDeck(Section):
    """Sites drawn at random among those of the filling species."""

    species: Text = Field(description="lattice species", examples=["A"])
    fraction: number("dimensionless", least=0.0, most=1.0) = Field(
        description="fraction of the `fill` sites", examples=[0.1]
    )


class LatticeDeck(Section):
    """Sites, and what is on them at the start."""

    type: Literal["simple cubic", "square"] = Field(description="Bravais lattice", examples=["simple cubic"])
    spacing: quantity("length", above=0.0) = Field(
        description="distance of nearest sites", examples=["0.5 nm"]
    )
    size: list[Annotated[int, Field(ge=1)]] = Field(
        description="sites in x, y, z (square: x, z)", min_length=2, examples=[[40, 40, 62]]
    )
    boundaries: dict[str, Axis] = Field(
        default_factory=dict,
        description="periodic or walls, per axis",
        examples=[{"x": "periodic", "z": "walls"}],
    )
    fill: Text = Field(description="species of every site that nothing else names", examples=["electrolyte"])
    layers: list[LayerDeck] = Field(
        default_factory=list,
        description="in order, later ones win",
        examples=[[{"species": "electrode", "from": 0, "to": 0}]],
    )
    random: list[RandomDeck] = Field(
        default_factory=list,
        description="exact numbers of sites, places drawn",
        examples=[[{"species": "A", "fraction": 0.1}]],
    )


class TunnellingDeck(Section):
    """Electrons reach a site through what lies between it and the electrode."""

    decay: dict[str, quantity("decay", least=0.0)] = Field(
        description="per lattice species passed, or `default`",
        examples=[{"default": "12 +- 6 1/nm", "electrode": "0 1/nm"}],
    )
    cutoff: number("dimensionless", above=0.0, below=1.0) = Field(
        1e-20, description="transmission that counts as none", examples=[1e-20]
    )


def _text_of(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CrystalDeck(Section):
    """A crystal structure, for the molar volume."""

    spacegroup: Annotated[Text, BeforeValidator(_text_of)] = Field(
        description="international symbol or number", examples=["C2/c"]
    )
    cell: list[Annotated[float, Field(gt=0.0, lt=1000.0, allow_inf_nan=False)]] = Field(
        description="a, b, c [angstrom], alpha, beta, gamma [degree]",
        min_length=6,
        max_length=6,
        examples=[[8.359, 4.974, 6.194, 90, 114.79, 90]],
    )
    sites: dict[
        str,
        list[
            Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=3, max_length=3)]
        ],
    ] = Field(
        description="fractional coordinates of the inequivalent atoms, per element",
        examples=[{"Li": [[0.1965, 0.4488, 0.8344]]}],
    )
    source: str | None = Field(None, description="publication of the structure", examples=["Idemoto 1998"])


class SpeciesDeck(Section):
    """What can be on a site."""

    phase: Phase = Field(description="electrode, liquid, dissolved, solid or gas", examples=["solid"])
    formula: Text | None = Field(None, description="of one formula unit", examples=["C4H4Li2O6"])
    charge: int = Field(0, ge=-99, le=99, description="of a site [e]", examples=[-1])
    units_per_site: int = Field(1, ge=1, le=1000, description="formula units on a site", examples=[2])
    molar_volume: quantity("molar volume", above=0.0) | None = Field(
        None, description="of the formula unit", examples=["95.8 cm^3/mol"]
    )
    density: quantity("density", above=0.0) | None = Field(
        None, description="instead of the molar volume", examples=["1.69 g/cm^3"]
    )
    crystal: CrystalDeck | None = Field(
        None,
        description="instead of the molar volume",
        examples=[
            {
                "spacegroup": "Fm-3m",
                "cell": [4.03, 4.03, 4.03, 90, 90, 90],
                "sites": {"Li": [[0, 0, 0]], "F": [[0.5, 0.5, 0.5]]},
            }
        ],
    )
    guest: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=dict,
        description="atoms added to a site, for example interstitial lithium",
        examples=[{"Li": 1}],
    )
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = Field(
        None, description="#rrggbb for pictures", examples=["#0072b2"]
    )
    label: str | None = Field(None, description="name for pictures", examples=["LEDC with Li"])


class SolutionDeck(Section):
    """A species that is not on the lattice: dissolved at fixed activity, or a gas that is counted."""

    formula: Text = Field(description="of one molecule or ion", examples=["C3H4LiO3"])
    charge: int = Field(0, ge=-99, le=99, description="[e]", examples=[1])
    phase: Literal["dissolved", "gas"] = Field("dissolved", description="dissolved or gas", examples=["gas"])
    activity: quantity("dimensionless", least=0.0) | None = Field(
        None, description="fixed activity; needed to be consumed", examples=["0.067 +- 0.02"]
    )


class NeighbourTerm(Section):
    """A shift of the barrier for every neighbour of the given species."""

    species: Annotated[list[Text], Field(min_length=1)] = Field(
        description="lattice species or {groups}", examples=[["{film}", "electrode"]]
    )
    energy: quantity("energy", reference=True) = Field(
        description="shift of the barrier per neighbour", examples=["0.05 eV"]
    )
    site: int = Field(
        1, ge=1, description="lattice term of the equation whose neighbours count, from 1", examples=[1]
    )
    shell: int = Field(1, ge=1, le=2, description="1 nearest, 2 next nearest", examples=[2])


class ProcessDeck(Section):
    """An elementary step."""

    name: Text = Field(description="unique", examples=["first reduction"])
    equation: Text = Field(
        description="for example electrolyte + LiEC+ + e- <=> LiEC",
        examples=["electrolyte + LiEC+ + e- <=> LiEC"],
    )
    rate: rate_law() = Field(
        description="rate law and its parameters", examples=[{"law": "eyring", "barrier": "graphite#G2"}]
    )
    tunnelling: bool = Field(
        False, description="whether the electron tunnels from the electrode", examples=[True]
    )
    neighbours: list[NeighbourTerm] = Field(
        default_factory=list,
        description="shifts of the barrier by neighbours",
        examples=[[{"species": ["{film}"], "energy": "0.05 eV"}]],
    )
    source: str | None = Field(
        None, description="publication of the step", examples=["doi:10.1021/ja0164529"]
    )
    note: str | None = Field(None, description="free text", examples=["barrier without contact"])
    geometry: (
        list[Annotated[list[Annotated[int, Field(ge=-100, le=100)]], Field(min_length=2, max_length=3)]]
        | None
    ) = Field(
        None,
        description="positions of the lattice terms, in spacings",
        min_length=1,
        examples=[[[0, 0, 0], [1, 0, 0], [1, 1, 0]]],
    )
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

    every: number("time", above=0.0) | None = Field(None, description="interval", examples=["10 us"])
    per_decade: int | None = Field(
        None, ge=1, le=1000, description="times per decade of time, with `from`", examples=[10]
    )
    start: number("time", above=0.0) | None = Field(
        None, alias="from", description="first time of `per-decade`", examples=["1 ns"]
    )


class OutputDeck(Section):
    """What is written when; without a cadence, at 0 and at the end."""

    times: Cadence | None = Field(
        None, description="cadence of the fields", examples=[{"per-decade": 10, "from": "1 ns"}]
    )
    snapshots: Cadence | None = Field(
        None, description="cadence of the whole lattice", examples=[{"every": "1 ms"}]
    )


class DeckSections(Section):
    """A deck: what grows, on what, under which conditions, by which steps."""

    title: str = Field("", description="short title", examples=["SEI on graphite"])
    extends: Text | None = Field(
        None, description="deck that this one builds on, relative to this file", examples=["graphite_ec.yaml"]
    )
    description: str = Field(
        "",
        description="physics, sources, what to expect, cost, command",
        examples=["potential step to 0.1 V"],
    )
    units: dict[str, str] = Field(
        default_factory=dict, description="unit of bare numbers, per dimension", examples=[{"length": "nm"}]
    )
    tables: dict[str, Text] = Field(
        default_factory=dict,
        description="CSV files or ASE databases, relative to the deck",
        examples=[{"graphite": "tables/graphite_ec.csv"}],
    )
    run: RunDeck = Field(description="how long, and from which seed")
    lattice: LatticeDeck = Field(description="sites, and what is on them at the start")
    protocol: ProtocolSection = Field(description="potential and temperature as functions of time")
    tunnelling: TunnellingDeck | None = Field(None, description="needed by processes with `tunnelling: true`")
    groups: dict[str, Annotated[list[Text], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="sets of lattice species, written {name} in equations",
        examples=[{"film": ["LEDC", "Li2CO3"]}],
    )
    species: dict[str, SpeciesDeck] = Field(description="what can be on a site", min_length=1)
    solution: dict[str, SolutionDeck] = Field(
        default_factory=dict, description="well-mixed species and gases"
    )
    processes: list[ProcessDeck] = Field(description="elementary steps", min_length=1)
    output: OutputDeck = Field(default_factory=OutputDeck, description="what is written when")

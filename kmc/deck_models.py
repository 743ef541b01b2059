# SPDX-License-Identifier: BSD-3-Clause
"""The sections of a deck and their keys: types, units, ranges, a line of documentation each. Floor 1.

With `deck_protocol`, `deck_lattice`, `deck_compartment`, `deck_species` and `deck_process` this is the one list of
keys: reading, messages, the JSON Schema and `docs/deck.md` follow from it. Attributes are the keys in snake case. What
ties sections together (names that refer to each other) is in `deck_checks`.
"""

from typing import Annotated

from pydantic import Field

from kmc.deck_compartment import CompartmentDeck
from kmc.deck_interactions import InteractionsDeck
from kmc.deck_lattice import LatticeDeck
from kmc.deck_process import ProcessDeck
from kmc.deck_protocol import ProtocolSection
from kmc.deck_section import Section, Text
from kmc.deck_species import SolutionDeck, SpeciesDeck
from kmc.deck_sweep import SweepDeck
from kmc.deck_tiles import TilesDeck
from kmc.deck_values import number, quantity

MAX_SEED = 2**63 - 1
"""Largest seed."""

_MAX_INT = 2**53


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
    checkpoint_interval: number("time", above=0.0) = Field(
        600.0, description="real time between checkpoints (docs/restart.md)", examples=["10 min"]
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
        description="barrier tables of seven kinds (docs/tables.md), files or directories relative to the deck",
        examples=[{"graphite": "tables/graphite_ec.csv"}],
    )
    run: RunDeck = Field(description="how long, and from which seed")
    lattice: LatticeDeck | None = Field(
        None, description="sites, and what is on them at the start; without it a run is all solution"
    )
    compartment: CompartmentDeck | None = Field(
        None, description="the well-mixed volume of the solution; needed where a volume or a distance is"
    )
    interactions: InteractionsDeck | None = Field(
        None, description="energies between species on the lattice, and how barriers follow them"
    )
    tiles: TilesDeck | None = Field(None, description="how a large film is cut, for ranks and caches")
    protocol: ProtocolSection = Field(description="potential and temperature as functions of time")
    tunnelling: TunnellingDeck | None = Field(None, description="needed by processes with `tunnelling: true`")
    groups: dict[str, Annotated[list[Text], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="sets of lattice species, written {name} in equations",
        examples=[{"film": ["LEDC", "Li2CO3"]}],
    )
    species: dict[str, SpeciesDeck] = Field(
        default_factory=dict, description="what can be on a site; required with a lattice", min_length=1
    )
    solution: dict[str, SolutionDeck] = Field(
        default_factory=dict, description="well-mixed species and gases"
    )
    processes: list[ProcessDeck] = Field(description="elementary steps", min_length=1)
    output: OutputDeck = Field(default_factory=OutputDeck, description="what is written when")
    sweep: SweepDeck | None = Field(None, description="an ensemble of films, run by `kmc sweep`")

# SPDX-License-Identifier: BSD-3-Clause
"""The section of a deck that says what the lattice is, and what is on it at the start. Floor 1."""

from typing import Annotated, Literal

from pydantic import Field

from kmc.deck_section import Section, Text
from kmc.deck_values import number, quantity

Axis = Literal["periodic", "walls"]


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

# SPDX-License-Identifier: BSD-3-Clause
"""The sections of a deck that say what can happen. Floor 1."""

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from kmc.deck_rate import rate_law
from kmc.deck_section import Section, Text
from kmc.deck_values import quantity
from kmc.quantity import Location, Quantity, TableReference


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
    shell: int = Field(1, ge=1, le=6, description="1 nearest, 2 next nearest, and so on by distance", examples=[2])


class LayerRange(Section):
    """Layers of sites at which a process can start, counted from the surface of the electrode.

    Layer 1 lies directly on the highest complete layer of the electrode at time zero; in a deck without electrode it is
    the lowest layer of the lattice.
    """

    first: Annotated[int, Field(ge=1)] = Field(1, alias="from", description="first layer", examples=[1])
    last: Annotated[int, Field(ge=1)] | None = Field(
        None, alias="to", description="last layer, inclusive; without it all layers above", examples=[8]
    )


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
    transfer: quantity("dimensionless", least=0.0, most=1.0) | None = Field(
        None,
        description="Bronsted-Evans-Polanyi coefficient of this process, instead of that of `interactions`",
        examples=["0.3 +- 0.1"],
    )
    layer: LayerRange | None = Field(
        None, description="layers in which its first lattice term lies", examples=[{"from": 1, "to": 8}]
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
        description="positions x, y, z of the lattice terms in steps along the vectors of the lattice, in all "
        "orientations that its symmetry gives; needed by three or more terms, two are nearest neighbours without",
        min_length=1,
        examples=[[[0, 0, 0], [1, 0, 0], [1, 1, 0]]],
    )
    orientations: Literal["all", "given"] = Field(
        "all",
        description="`given`: only as `geometry` says, for molecules on several sites whose species know how they lie",
        examples=["given"],
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

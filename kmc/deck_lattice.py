# SPDX-License-Identifier: BSD-3-Clause
"""The section of a deck that says what the lattice is, and what is on it at the start. Floor 1."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kmc.bravais import SURFACES
from kmc.deck_section import Section, Text
from kmc.deck_values import Reading, number, quantity

Axis = Literal["periodic", "walls"]
TYPES = ("simple cubic", "square", "hexagonal", "fcc", "bcc", "cell")
"""Values of `type`."""


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


class CellDeck(Section):
    """Primitive cell of a lattice of any symmetry: one site per cell, steps of x, y, z along the three vectors.

    The first two vectors span the electrode surface. Written in the deck, they lie in the plane z = 0 and the third
    one is above it. The cell of a file is turned so that this holds; it must be primitive and periodic in all three
    directions. If it holds several atoms, a site stands for all of them together.
    """

    vectors: (
        Annotated[
            list[Annotated[list[quantity("length")], Field(min_length=3, max_length=3)]],
            Field(min_length=3, max_length=3),
        ]
        | None
    ) = Field(
        None,
        description="a1, a2, a3",
        examples=[[["0.4 nm", "0 nm", "0 nm"], ["0 nm", "0.5 nm", "0 nm"], ["0 nm", "0 nm", "0.6 nm"]]],
    )
    file: Text | None = Field(
        None,
        description="instead of the vectors: structure that ASE reads (its last image), relative to the deck",
        examples=["li2o.extxyz"],
    )


class LatticeDeck(Section):
    """Sites, and what is on them at the start.

    Offsets and positions in a deck are whole numbers of steps x, y, z along the vectors a1, a2, a3 of the lattice. On
    `simple cubic` and `square` these are the axes. `hexagonal` stacks triangular layers straight, one spacing apart,
    with a2 at 60 degrees to a1. On `fcc` and `bcc`, a1 and a2 are the shortest vectors in the surface, a3 leads to a
    nearest neighbour in the next layer (bcc 100: a1, a2 are the cube edges). The box is sheared as the vectors are; a
    column, all sites with the same x and y, leans as a3 does.
    """

    type: Literal["simple cubic", "square", "hexagonal", "fcc", "bcc", "cell"] = Field(
        description="Bravais lattice; `cell`: any, by its vectors", examples=["simple cubic"]
    )
    surface: Literal[100, 110, 111] | None = Field(
        None, description="fcc and bcc: Miller index of the electrode surface", examples=[111]
    )
    spacing: quantity("length", above=0.0) | None = Field(
        None, description="distance of nearest sites; required unless type is `cell`", examples=["0.5 nm"]
    )
    cell: CellDeck | None = Field(
        None, description="type `cell`: the primitive cell", examples=[{"file": "li2o.extxyz"}]
    )
    size: list[Annotated[int, Field(ge=1)]] = Field(
        description="sites along x, y, z (square: x, z)", min_length=2, examples=[[40, 40, 62]]
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


def check_type(lattice: Any, reading: Reading) -> None:
    """Report what a type of lattice needs and does not have, or has and does not need.

    Parameters
    ----------
    lattice : MarkedDict
        The section as read.
    reading : Reading
    """
    kind = lattice.get("type")
    if kind not in TYPES:
        return
    needed = {"cell": "cell", "fcc": "surface", "bcc": "surface"}.get(kind)
    for key in dict.fromkeys(("cell",) if kind == "cell" else ("spacing", needed)):
        if key is not None and lattice.get(key) is None and (id(lattice), key) not in reading.reported:
            hint = f"one of {', '.join(map(str, SURFACES))}" if key == "surface" else None
            place = reading.document.locate(("lattice",), key=True)
            reading.report(f"missing key '{key}' in 'lattice'; type {kind} needs it", place, hint)
    others = {
        "surface": (("fcc", "bcc"), f"'surface' is for type fcc and bcc, not {kind}"),
        "cell": (("cell",), f"'cell' is for type cell, not {kind}"),
        "spacing": (TYPES[:-1], "'spacing' follows from the vectors of type cell; leave it out"),
    }
    for key, (kinds, message) in others.items():
        if lattice.get(key) is not None and kind not in kinds:
            reading.report(message, lattice.key_marks[key])
    cell = lattice.get("cell")
    if kind == "cell" and isinstance(cell, dict) and ("vectors" in cell) == ("file" in cell):
        both = "has both vectors and file; give one" if "file" in cell else "needs one of vectors, file"
        reading.report(f"'cell' {both}", lattice.key_marks["cell"])

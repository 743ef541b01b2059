# SPDX-License-Identifier: BSD-3-Clause
"""The section of a deck that cuts a large film into tiles. Floor 18."""

from typing import Annotated, Any

from pydantic import Field

from kmc.deck_section import Section
from kmc.deck_values import Reading, number

Sites = Annotated[int, Field(ge=1, le=2**31)]


class TilesDeck(Section):
    """Cut a large film into columns that ranks share and that fit into a cache (docs/scaling.md).

    Tiles belong to the film: the same tiles give the same film on any number of ranks. Each advances in four sectors,
    in windows of time within which a sector does not hear of its neighbours; what that costs in accuracy is measured in
    the run and written into the results. One tile as large as the box is the exact algorithm.
    """

    size: Annotated[list[Sites], Field(min_length=2, max_length=2)] = Field(
        description="sites of a tile along x and y, about: all tiles of a film are made as equal as possible",
        examples=[[64, 64]],
    )
    window: number("time", above=0.0) | None = Field(
        None, description="length of a window; it follows the rates if left out", examples=["1 ns"]
    )
    events_per_window: number("dimensionless", above=0.0, most=10.0) = Field(
        0.3,
        description="events that the fastest site at an edge has in a window, where the window follows the rates: "
        "the smaller, the more accurate and the slower",
        examples=[0.1],
    )


def check_tiles(data: Any, reading: Reading) -> None:
    """Report what does not go with tiles.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    reading : Reading
    """
    tiles = data.get("tiles")
    if not isinstance(tiles, dict):
        return
    if "lattice" not in data:
        reading.report("tiles are of the lattice, and there is none", data.key_marks["tiles"])
    if "interactions" in data:
        message = "a film with interactions cannot be cut into tiles: its energies reach across their edges"
        reading.report(message, data.key_marks["tiles"], "leave out 'tiles'; one core runs the whole film")
    if "window" in tiles and "events-per-window" in tiles:
        message = "'tiles' has both window and events-per-window; give one"
        reading.report(message, tiles.key_marks["events-per-window"])

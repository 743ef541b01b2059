# SPDX-License-Identifier: BSD-3-Clause
"""The tiles of a deck: cut, or refused. Floor 42, above tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kmc.deck import load_deck
from kmc.errors import DeckError, KmcError
from kmc.tiling import Tiling

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.lattice import Lattice
    from kmc.mechanism import Mechanism

MOST_SPECIES = 127
"""int: species of the lattice that can be told from those of other tiles."""


def has_tiles(path: str | Path, overrides: Mapping[str, str], rank: int) -> bool:
    """Whether ranks can share the film of a deck.

    Parameters
    ----------
    path : str or Path
    overrides : mapping of str to str
        As for `kmc.run`.
    rank : int
        Of this process: the first one says what is wrong with the deck, the others end.

    Raises
    ------
    DeckError
        If the deck is refused.
    """
    try:
        return load_deck(path, overrides).tiles is not None
    except KmcError as error:
        if rank > 0:
            raise SystemExit(error.exit_code) from None
        raise


def tiling_of(
    deck: Deck, lattice: Lattice, mechanism: Mechanism, offsets: np.ndarray, has_molecules: bool
) -> Tiling | None:
    """Cut the lattice of a deck.

    Parameters
    ----------
    deck : Deck
    lattice : Lattice
    mechanism : Mechanism
    offsets : int32, shape (n_positions, 3)
        (dz, dy, dx) of all sites that an event looks at.
    has_molecules : bool
        Whether molecules of the solution are counted.

    Returns
    -------
    Tiling or None
        None where the film is in one piece.

    Raises
    ------
    DeckError
        If it cannot be cut so, or not at all.
    """
    if deck.tiles is None:
        return None
    if has_molecules:
        raise DeckError(deck.problem(
            "a film whose solution runs out or reacts cannot be cut into tiles: all of them would share its molecules",
            ("tiles",), "hold the solution at an activity, or leave out 'tiles'"))
    if len(mechanism.species) > MOST_SPECIES:
        message = f"{len(mechanism.species)} species on the lattice; with tiles there can be {MOST_SPECIES}"
        raise DeckError(deck.problem(message, ("tiles",)))
    _, reach_y, reach_x = (int(each) for each in np.abs(offsets).max(axis=0, initial=0))
    try:
        tiling = Tiling.of(lattice.shape, lattice.periodic, deck.tiles.size, (reach_y, reach_x))
    except KmcError as error:
        raise DeckError(deck.problem(str(error), ("tiles", "size"))) from error
    return tiling if tiling.is_cut else None

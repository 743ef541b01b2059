# SPDX-License-Identifier: BSD-3-Clause
"""Named arrays of many sectors as one array for each name, and back. Floor 30.

A film has thousands of sectors and each of them fifty arrays: as they are, they would be too many for a file. Ranks
hold sectors in ascending number, so what they have packed can be put end to end, and cut elsewhere for other ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np

_LENGTHS = "lengths/"


def packed(sectors: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of sectors, put end to end.

    Parameters
    ----------
    sectors : sequence of mapping of str to array
        At least one. All have the same names; arrays of a name differ in nothing but their length.

    Returns
    -------
    dict of str to array
        And for arrays that have a length, that of each sector: int64, shape (n_sectors,).
    """
    found = {}
    for name in sectors[0]:
        arrays = [np.asarray(sector[name]) for sector in sectors]
        if arrays[0].ndim:
            found[_LENGTHS + name] = np.array([len(array) for array in arrays], dtype=np.int64)
            found[name] = np.concatenate(arrays)
        else:
            found[name] = np.stack(arrays)
    return found


def unpacked(arrays: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """The sectors that `packed` was given.

    Parameters
    ----------
    arrays : mapping of str to array

    Returns
    -------
    list of dict of str to array
    """
    names = [name for name in arrays if not name.startswith(_LENGTHS)]
    parts = {name: _parts(arrays, name) for name in names}
    n_sectors = len(next(iter(parts.values())))
    return [{name: parts[name][i] for name in names} for i in range(n_sectors)]


def _parts(arrays: Mapping[str, np.ndarray], name: str) -> Sequence[np.ndarray]:
    if _LENGTHS + name not in arrays:
        return arrays[name]
    return np.split(arrays[name], np.cumsum(arrays[_LENGTHS + name])[:-1])


def joined(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What several ranks have packed, as if one had.

    Parameters
    ----------
    parts : sequence of mapping of str to array
        In ascending rank.

    Returns
    -------
    dict of str to array
        Empty if there are no parts.
    """
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def dealt(arrays: Mapping[str, np.ndarray], n_sectors: Sequence[int]) -> list[dict[str, np.ndarray]]:
    """Cut what has been packed into parts, one for each rank.

    Parameters
    ----------
    arrays : mapping of str to array
    n_sectors : sequence of int
        Sectors of each rank.

    Returns
    -------
    list of dict of str to array
        Views.

    Raises
    ------
    ValueError
        If there are more sectors or fewer.
    """
    bounds = [0, *accumulate(n_sectors)]
    found: list[dict[str, np.ndarray]] = [{} for _ in n_sectors]
    for name, array in arrays.items():
        lengths = arrays.get(_LENGTHS + name)
        there = len(array if lengths is None else lengths)
        if there != bounds[-1]:
            raise ValueError(f"{there} sectors, not {bounds[-1]}")
        places = np.arange(there + 1) if lengths is None else np.concatenate([[0], np.cumsum(lengths)])
        for part, (first, last) in zip(found, pairwise(bounds), strict=True):
            part[name] = array[places[first]:places[last]]
    return found

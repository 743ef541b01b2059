# SPDX-License-Identifier: BSD-3-Clause
"""What is film: the solid sites that are joined to the electrode, and the heights of columns (floor 4).

In: the species index of every site and a `SpeciesTable` that says which species are solid. Out: a `Film`,
from which `kmc.fields` works out thickness, porosity and the rest. The words are defined there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO

if TYPE_CHECKING:
    from kmc.mechanism import Mechanism

FACES = ((-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 0, 1), (0, 1, 0), (1, 0, 0))
"""Steps (dz, dy, dx) between sites that share a face where sites are cubes; `Lattice.contacts` for any lattice."""


@dataclass(frozen=True)
class SpeciesTable:
    """What the fields need to know of each lattice species, as arrays indexed by the species.

    Attributes
    ----------
    is_solid, is_electrode : bool, shape (n_species,)
        Phase of the species.
    units_per_site : int64, shape (n_species,)
        Formula units that one site holds; 0 for a species that is not solid.
    site_volume : float64, shape (n_species,), [m^3]
        Volume of the solid matter in one site, units_per_site V_m / N_A; 0 for a species that is not solid.
    site_lithium : int64, shape (n_species,)
        Lithium atoms in one site.
    """

    is_solid: np.ndarray
    is_electrode: np.ndarray
    units_per_site: np.ndarray
    site_volume: np.ndarray
    site_lithium: np.ndarray

    @property
    def n_species(self) -> int:
        """Number of lattice species."""
        return len(self.is_solid)


def species_table(mechanism: Mechanism) -> SpeciesTable:
    """Tabulate the lattice species of a mechanism.

    Parameters
    ----------
    mechanism : Mechanism
        Anything with `species`, ordered by index.

    Returns
    -------
    table : SpeciesTable
    """
    species = mechanism.species
    is_solid = np.array([s.phase == "solid" for s in species], dtype=bool)
    units = np.array([s.units_per_site for s in species], dtype=np.int64) * is_solid
    molar_volume = np.array([s.molar_volume or 0.0 for s in species], dtype=np.float64)
    return SpeciesTable(
        is_solid=is_solid,
        is_electrode=np.array([s.phase == "electrode" for s in species], dtype=bool),
        units_per_site=units,
        site_volume=units * molar_volume / AVOGADRO,
        site_lithium=np.array([s.formula.get("Li", 0) for s in species], dtype=np.int64),
    )


@dataclass(frozen=True)
class Film:
    """The film in one state of the lattice, found once and shared by all fields.

    Attributes
    ----------
    mask : bool, shape (nz, ny, nx)
        Film sites.
    solid : bool, shape (nz, ny, nx)
        Solid sites, supported or not.
    electrode : bool, shape (nz, ny, nx)
        Electrode sites.
    surface : int
        Index of the first layer above the electrode surface.
    height : int64, shape (ny, nx)
        Height of the film in sites.
    """

    mask: np.ndarray
    solid: np.ndarray
    electrode: np.ndarray
    surface: int
    height: np.ndarray


def connected(
    mask: np.ndarray,
    seeds: np.ndarray,
    periodic: tuple[bool, bool, bool],
    contacts: Sequence[tuple[int, int, int]] = FACES,
) -> np.ndarray:
    """Sites of `mask` that are joined to a seed by steps between touching sites of `mask`.

    Parameters
    ----------
    mask : bool, shape (nz, ny, nx)
        Sites that can be stepped on.
    seeds : bool, shape (nz, ny, nx)
        Sites to start from; those outside `mask` do not count.
    periodic : (bool, bool, bool)
        Whether a step may leave through a side and come back through the opposite one, for z, y, x.
    contacts : sequence of (int, int, int)
        Steps (dz, dy, dx) between sites that share a face, closed under inversion; `Lattice.contacts`.

    Returns
    -------
    reached : bool, shape (nz, ny, nx)
    """
    from scipy.ndimage import label

    # Steps to the next index or none, within the box, are labelled at once; the others join labels afterwards.
    near = [step for step in contacts if max(map(abs, step)) == 1]
    structure = np.zeros((3, 3, 3), dtype=bool)
    structure[tuple(np.array([(0, 0, 0), *near]).T + 1)] = True
    labels, n_labels = label(mask, structure)
    root = _join(labels, n_labels, periodic, [step for step in contacts if step > (0, 0, 0)])
    is_reached = np.zeros(root.max() + 1, dtype=bool)
    is_reached[root[labels[seeds]]] = True
    is_reached[root[0]] = False
    return is_reached[root][labels]


def _join(
    labels: np.ndarray, n_labels: int, periodic: tuple[bool, bool, bool], steps: Sequence[tuple[int, int, int]]
) -> np.ndarray:
    """Give labels that touch across a periodic side or by a long step one common root; 0 keeps a root of its own."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = [np.empty((0, 2), dtype=labels.dtype)]
    for step in steps:
        is_long = max(map(abs, step)) > 1
        ways = [_ways(*axis) for axis in zip(labels.shape, step, periodic, strict=True)]
        for way in product(*ways):
            if is_long or any(wraps for _, _, wraps in way):
                source, target = (labels[tuple(part[end] for part in way)] for end in (0, 1))
                touching = (source > 0) & (target > 0)
                pairs.append(np.unique(np.stack([source[touching], target[touching]], axis=1), axis=0))
    joined = np.concatenate(pairs)
    if len(joined) == 0:
        return np.arange(n_labels + 1)
    graph = coo_array((np.ones(len(joined), dtype=np.int8), joined.T), shape=(n_labels + 1, n_labels + 1))
    return connected_components(graph, directed=False)[1]


def _ways(size: int, step: int, wraps: bool) -> list[tuple[slice, slice, bool]]:
    """Where a step along one axis of a box begins and ends, within the box and, if it wraps, through its sides."""
    if step < 0:
        return [(target, source, through) for source, target, through in _ways(size, -step, wraps)]
    inner = max(size - step, 0)
    found = [(slice(0, inner), slice(size - inner, size), False)]
    if step and wraps and step <= size:
        found.append((slice(inner, size), slice(0, size - inner), True))
    return found


def electrode_surface(electrode: np.ndarray) -> int:
    """Index of the first layer, counted from the bottom, without an electrode site.

    Parameters
    ----------
    electrode : bool, shape (nz, ny, nx)
        Electrode sites.

    Returns
    -------
    surface : int
        0 if the bottom layer has no electrode site.
    """
    has_electrode = electrode.any(axis=(1, 2))
    return len(electrode) if has_electrode.all() else int(np.argmin(has_electrode))


def find_film(
    lattice: np.ndarray,
    table: SpeciesTable,
    periodic: tuple[bool, bool, bool],
    contacts: Sequence[tuple[int, int, int]] = FACES,
) -> Film:
    """Tell film from everything else.

    Parameters
    ----------
    lattice : uint8, shape (nz, ny, nx)
        Species of every site.
    table : SpeciesTable
    periodic : (bool, bool, bool)
        Periodic sides of the lattice, for z, y, x.
    contacts : sequence of (int, int, int)
        Steps (dz, dy, dx) between sites that share a face.

    Returns
    -------
    film : Film
    """
    solid = table.is_solid[lattice]
    electrode = table.is_electrode[lattice]
    surface = electrode_surface(electrode)
    mask = np.zeros_like(solid)
    layers = np.flatnonzero(solid.any(axis=(1, 2)))
    if surface > 0 and len(layers):
        # Only the layers that can matter are searched: the box is mostly liquid when the film is young.
        reach = max(abs(step[0]) for step in contacts)
        bottom, top = (0, len(lattice)) if periodic[0] else (max(surface - reach, 0), layers[-1] + 1)
        seeds = electrode[bottom:top].copy()
        seeds[max(0, surface - bottom) :] = False
        matter = solid[bottom:top] | seeds
        mask[bottom:top] = connected(matter, seeds, periodic, contacts) & solid[bottom:top]
        mask[:surface] = False
    return Film(mask, solid, electrode, surface, _height(mask, surface))


def _height(mask: np.ndarray, surface: int) -> np.ndarray:
    """Layers from the electrode surface to the top of the highest film site of each column."""
    top = len(mask) - np.argmax(mask[::-1], axis=0)
    return np.where(mask.any(axis=0), top - surface, 0).astype(np.int64)

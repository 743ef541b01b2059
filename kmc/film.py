# SPDX-License-Identifier: BSD-3-Clause
"""What is film: the solid sites that are joined to the electrode, and the heights of columns (floor 4).

In: the species index of every site and a `SpeciesTable` that says which species are solid. Out: a `Film`,
from which `kmc.fields` works out thickness, porosity and the rest. The words are defined there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO
from kmc.sites import Sites

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
    sites : Sites
        Where processes share the lattice, each has its own rectangles of columns in `species`, `solids` and `masks`,
        from the bottom layer up to those above the highest solid site. All else is of the whole lattice.
    table : SpeciesTable
    layer_count : int64, shape (nz, n_species)
        Sites of every species in every layer.
    surface : int
        Index of the first layer above the electrode surface.
    species : list of uint8 arrays, shape (n_layers, n_y, n_x)
        Species of the sites.
    solids, masks : list of bool arrays, shape (n_layers, n_y, n_x)
        Solid sites, supported or not, and film sites.
    count : int64, shape (n_layers, n_species)
        Film sites of every species in these layers.
    height : int64, shape (ny, nx)
        Height of the film in sites.
    """

    sites: Sites
    table: SpeciesTable
    layer_count: np.ndarray
    surface: int
    species: list[np.ndarray]
    solids: list[np.ndarray]
    masks: list[np.ndarray]
    count: np.ndarray
    height: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """bool, shape (nz, ny, nx): film sites of a lattice in one piece."""
        mask = np.zeros(self.sites.shape, dtype=bool)
        mask[:len(self.masks[0])] = self.masks[0]
        return mask

    @property
    def n_free(self) -> np.ndarray:
        """int64, shape (nz,): sites of each layer that are neither solid nor electrode."""
        return self.layer_count[:, ~(self.table.is_solid | self.table.is_electrode)].sum(axis=1)


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
    return Sites(mask).seams(periodic, contacts).connected([mask], [seeds])[0]


def electrode_surface(electrode: np.ndarray) -> int:
    """Index of the first layer, counted from the bottom, without an electrode site.

    Parameters
    ----------
    electrode : bool or int, shape (nz, ...)
        Electrode sites, or how many there are.

    Returns
    -------
    surface : int
        0 if the bottom layer has no electrode site.
    """
    has_electrode = electrode.any(axis=tuple(range(1, electrode.ndim)))
    return len(has_electrode) if has_electrode.all() else int(np.argmin(has_electrode))


def find_film(
    sites: np.ndarray | Sites,
    table: SpeciesTable,
    periodic: tuple[bool, bool, bool],
    contacts: Sequence[tuple[int, int, int]] = FACES,
) -> Film:
    """Tell film from everything else.

    Parameters
    ----------
    sites : Sites or uint8 array, shape (nz, ny, nx)
        Species of every site. Processes that share them call this together.
    table : SpeciesTable
    periodic : (bool, bool, bool)
        Periodic sides of the lattice, for z, y, x.
    contacts : sequence of (int, int, int)
        Steps (dz, dy, dx) between sites that share a face.

    Returns
    -------
    film : Film
    """
    if not isinstance(sites, Sites):
        sites = Sites(sites)
    count = sites.layer_count(table.n_species)
    surface = electrode_surface(count[:, table.is_electrode].sum(axis=1))
    layers = np.flatnonzero(count[:, table.is_solid].any(axis=1))
    # Only the layers that can matter are looked at: the box is mostly liquid when the film is young. As many layers
    # above the highest solid site as a step can cross are enough to reach every pore mouth.
    reach = max(abs(step[0]) for step in contacts)
    top = int(layers[-1]) + 1 if len(layers) else 0
    n_layers = count.shape[0] if periodic[0] else min(max(top, surface) + reach, count.shape[0])
    species = sites.layers(0, n_layers)
    solids = [table.is_solid[part] for part in species]
    if 0 < surface < top:
        masks = _supported(sites, species, solids, table, periodic, contacts, (max(surface - reach, 0), surface, top))
    else:
        masks = [np.zeros_like(solid) for solid in solids]
    film_count = _film_count(sites, species, masks, table.n_species)
    height = sites.joined([_height(mask, surface) for mask in masks])
    return Film(sites, table, count, surface, species, solids, masks, film_count, height)


def _supported(sites: Sites, species: list[np.ndarray], solids: list[np.ndarray], table: SpeciesTable,
               periodic: tuple[bool, bool, bool], contacts: Sequence[tuple[int, int, int]],
               layers: tuple[int, int, int]) -> list[np.ndarray]:
    """Solid sites that are joined to the electrode; `layers` are the lowest one to be searched, surface and top."""
    bottom, surface, top = (0, layers[1], len(solids[0])) if periodic[0] else layers
    matters, seeds = [], []
    for part, solid in zip(species, solids, strict=True):
        seeds.append(table.is_electrode[part[bottom:top]])
        seeds[-1][max(0, surface - bottom):] = False
        matters.append(solid[bottom:top] | seeds[-1])
    found = [np.zeros_like(solid) for solid in solids]
    reached = sites.seams(periodic, contacts).connected(matters, seeds)
    for mask, solid, part in zip(found, solids, reached, strict=True):
        mask[bottom:top] = part & solid[bottom:top]
        mask[:surface] = False
    return found


def _film_count(sites: Sites, species: list[np.ndarray], masks: list[np.ndarray], n_species: int) -> np.ndarray:
    """Film sites of every species in every layer of the lattice."""
    count = np.zeros((len(masks[0]), n_species), dtype=np.int64)
    for part, mask in zip(species, masks, strict=True):
        count += [np.bincount(layer[film], minlength=n_species) for layer, film in zip(part, mask, strict=True)]
    return sites.ranks.summed(count)


def _height(mask: np.ndarray, surface: int) -> np.ndarray:
    """Layers from the electrode surface to the top of the highest film site of each column."""
    height = np.zeros(mask.shape[1:], dtype=np.int64)
    for layer in range(surface, len(mask)):
        height[mask[layer]] = layer - surface + 1
    return height

# SPDX-License-Identifier: BSD-3-Clause
"""Fields of a film from the state of the lattice: pure functions, one documented definition per name.

In: the species index of every site, uint8 (nz, ny, nx), and a `SpeciesTable` that says which species are
solid. Out: thickness, porosity, composition and counts, in SI units, under the names of `kmc.schema`.
`observe` gives all of them at once. Floor 5.

Words used in every definition below

- *solid site*: a site whose species has phase ``solid``; *electrode site*: phase ``electrode``.
- *electrode surface*: the face below the first layer, counted from the bottom, that has no electrode site
  (index `surface`); heights are measured from it.
- *film*: the solid sites that are joined to the electrode by steps between face-sharing sites, every one of
  them solid or electrode, across periodic sides where the lattice has them. A solid that floats or is only
  diagonally in contact is not film; it is counted as *unsupported*. The body of a site is the space that is nearest to
  it: a cube on the simple cubic lattice, where 6 sites share a face with it, a dodecahedron with 12 such neighbours on
  fcc, a truncated octahedron with 14 on bcc, a prism with 8 on hexagonal (`kmc.bravais.contacts`).
- *column*: the sites of one pair of indexes x, y. Where the vector to the next layer leans, columns lean with it, so
  that each of them has one site in every layer.
- *layer height* b: distance between layers of sites; the spacing a on the simple cubic lattice.
- *height* h(x, y): number of layers from the electrode surface to the top of the highest film site of a
  column; 0 if the column has no film.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kmc.constants import AVOGADRO
from kmc.film import FACES, Film, SpeciesTable, electrode_surface, find_film, species_table
from kmc.lattice import Lattice
from kmc.sites import Sites, layer_count

__all__ = [
    "coverage",
    "electrode_surface",
    "equivalent_thickness",
    "esmaeilpour",
    "find_film",
    "layer_count",
    "observe",
    "pore_fractions",
    "porosity_profile",
    "species_table",
    "thickness_map",
    "volume_porosity",
]


def thickness_map(film: Film, layer_height: float) -> np.ndarray:
    """Height of the film in every column.

    Parameters
    ----------
    film : Film
    layer_height : float, [m]
        Distance between layers, b.

    Returns
    -------
    thickness_map : float64, shape (ny, nx), [m]

    Notes
    -----
    L(x, y) = b h(x, y)
    """
    return layer_height * film.height


def equivalent_thickness(film_count: np.ndarray, table: SpeciesTable, area: float) -> float:
    """Thickness that the matter of the film would have without pores.

    Parameters
    ----------
    film_count : int64, shape (n_species,)
        Film sites of every species.
    table : SpeciesTable
    area : float, [m^2]

    Returns
    -------
    equivalent_thickness : float, [m]

    Notes
    -----
    L_eq = sum_s N_s u_s V_m,s / (N_A A), with N_s film sites, u_s formula units per site and V_m,s the molar
    volume of species s.
    """
    return float(film_count @ table.site_volume) / area


def porosity_profile(film: Film) -> np.ndarray:
    """Fraction of each layer that is not solid.

    Parameters
    ----------
    film : Film

    Returns
    -------
    porosity : float64, shape (nz,)
        1 in the liquid, 0 in the electrode.

    Notes
    -----
    eps(z) = 1 - (solid sites + electrode sites in the layer) / (sites in the layer). Unsupported solids count
    here, because they fill space.

    This is a fraction of sites: a solid site counts as full, whatever part of its volume v (a^3 on the simple cubic
    lattice) the molar volume of the species fills. By volume the layer has the porosity 1 - sum_s f_s v_s / v, with
    f_s the fraction of its sites that hold solid s and v_s = u_s V_m,s / N_A the volume of the matter in one; see
    `volume_porosity` for the film as a whole.
    """
    n_columns = film.height.size
    return 1.0 - (n_columns - film.n_free) / n_columns


def volume_porosity(equivalent: float, thickness: float) -> float:
    """Fraction of the film's volume that its matter does not fill, by molar volumes.

    Parameters
    ----------
    equivalent : float, [m]
        Equivalent thickness, L_eq.
    thickness : float, [m]
        Mean thickness, L.

    Returns
    -------
    volume_porosity : float
        NaN where there is no film.

    Notes
    -----
    eps_V = 1 - L_eq / L = 1 - (1 - mean porosity) <v_s> / v, with v the volume of a site and <v_s> the mean volume of
    the matter in a film site.
    It exceeds the mean porosity, a fraction of sites, if the sites are larger than the matter that they stand
    for, and is negative if they are much smaller.
    """
    return 1.0 - equivalent / thickness if thickness > 0.0 else float("nan")


def pore_fractions(
    film: Film, periodic: tuple[bool, bool, bool], contacts: Sequence[tuple[int, int, int]] = FACES
) -> tuple[float, float]:
    """Fractions of the film's envelope that are open and closed pores.

    Parameters
    ----------
    film : Film
    periodic : (bool, bool, bool)
        Periodic sides of the lattice, for z, y, x.
    contacts : sequence of (int, int, int)
        Steps (dz, dy, dx) between sites that share a face.

    Returns
    -------
    open_porosity, closed_porosity : float
        NaN, both, where there is no film.

    Notes
    -----
    The envelope is every site between the electrode surface and the height of the film in its column, N_env =
    sum h(x, y) sites. Those of them that are not film are pores. A pore site is *open* if it is joined to the
    liquid above the envelope by steps between face-sharing sites that are neither solid nor electrode, and
    *closed* otherwise.

    eps_open = N_open / N_env,  eps_closed = N_closed / N_env,  mean porosity = eps_open + eps_closed.

    An unsupported solid within the envelope is not film; it counts as closed, because liquid does not pass
    through it.
    """
    n_envelope = int(film.height.sum())
    if n_envelope == 0:
        return float("nan"), float("nan")
    # As many layers above the highest film site as a step can cross are enough to reach every pore mouth.
    reach = max(abs(step[0]) for step in contacts)
    layers = slice(film.surface, film.surface + int(film.height.max()) + reach)
    envelopes = [np.arange(len(mask[layers]))[:, None, None] < height
                 for mask, height in zip(film.masks, film.sites.own(film.height), strict=True)]
    pores = [envelope & ~mask[layers] for envelope, mask in zip(envelopes, film.masks, strict=True)]
    n_pore = film.sites.n_true(pores)
    if n_pore == 0:
        return 0.0, 0.0
    frees = [~(solid[layers] | film.table.is_electrode[species[layers]])
             for solid, species in zip(film.solids, film.species, strict=True)]
    mouths = [free & ~envelope for free, envelope in zip(frees, envelopes, strict=True)]
    reached = film.sites.seams(periodic, contacts).connected(frees, mouths, wraps_z=False)
    n_open = film.sites.n_true([pore & part for pore, part in zip(pores, reached, strict=True)])
    return n_open / n_envelope, (n_pore - n_open) / n_envelope


def esmaeilpour(film: Film, layer_height: float) -> tuple[float, float]:
    """Thickness and porosity as defined by Esmaeilpour et al., for comparison with their model.

    Parameters
    ----------
    film : Film
    layer_height : float, [m]

    Returns
    -------
    thickness : float, [m]
        NaN where there is no film, as in the published code.
    porosity : float

    Notes
    -----
    L = (b / N_col) sum over columns of the row number of the highest film site, the last electrode layer
    being row 0 and a column without film adding 0. The porosity looks at the lower half of the film only: the
    number of sites that are neither solid nor electrode in rows below L / (2 b), divided by N_col L / (2 b),
    which is not in general the number of sites in those rows; the published normalisation is kept.

    References
    ----------
    Esmaeilpour, Jana, Li, Soleymanibrojeni, Wenzel, Adv. Energy Mater. 13, 2203966 (2023),
    doi:10.1002/aenm.202203966; function `thickness` of the public code KIT-Workflows/KMC-CIDEMOD.
    """
    n_columns = film.height.size
    mean_height = film.height.sum() / n_columns
    if mean_height == 0.0:
        return float("nan"), float("nan")
    row = np.arange(len(film.n_free)) - film.surface + 1
    lower_half = (row < mean_height / 2) & (row > 0)
    n_free = film.n_free[lower_half].sum()
    return layer_height * mean_height, n_free / (n_columns * mean_height / 2)


def coverage(film: Film) -> float:
    """Fraction of the electrode surface that is in contact with film.

    Parameters
    ----------
    film : Film

    Returns
    -------
    coverage : float

    Notes
    -----
    theta = (film sites in the first layer above the electrode surface) / (columns)
    """
    return float(film.count[film.surface].sum() / film.height.size) if film.surface < len(film.count) else 0.0


def observe(sites: np.ndarray | Sites, table: SpeciesTable, lattice: Lattice) -> dict[str, float | int | np.ndarray]:
    """All fields of one state of the lattice, by the names of the results file.

    Where processes share the lattice, all of them call this, look at their own columns, and get the same.

    Parameters
    ----------
    sites : Sites or uint8 array, shape (nz, ny, nx)
        Species of every site.
    table : SpeciesTable
    lattice : Lattice

    Returns
    -------
    fields : dict
        SI units. `count`, `film_count` and `volume_fraction` run over the lattice species only; the writer
        adds the species of the solution.
    """
    film = find_film(sites, table, lattice.periodic, lattice.contacts)
    height = thickness_map(film, lattice.layer_height)
    per_layer, film_count = film.layer_count, film.count.sum(axis=0)
    open_porosity, closed_porosity = pore_fractions(film, lattice.periodic, lattice.contacts)
    other_thickness, other_porosity = esmaeilpour(film, lattice.layer_height)
    equivalent = equivalent_thickness(film_count, table, lattice.area)
    return {
        "thickness": float(height.mean()),
        "thickness_map": height,
        "roughness": float(height.std()),
        "equivalent_thickness": equivalent,
        "porosity": porosity_profile(film),
        "mean_porosity": open_porosity + closed_porosity,
        "volume_porosity": volume_porosity(equivalent, float(height.mean())),
        "open_porosity": open_porosity,
        "closed_porosity": closed_porosity,
        "thickness_esmaeilpour": other_thickness,
        "porosity_esmaeilpour": other_porosity,
        "volume_fraction": per_layer / film.height.size,
        "coverage": coverage(film),
        "count": per_layer.sum(axis=0),
        "film_count": film_count,
        "unsupported": int(per_layer[:, table.is_solid].sum()) - int(film_count.sum()),
        "lithium": float(film_count @ table.site_lithium) / (AVOGADRO * lattice.area),
    }

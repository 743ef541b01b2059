# SPDX-License-Identifier: BSD-3-Clause
"""Films on lattices that are not cubic: what hangs together, how thick it is, where it is in files and pictures."""

import importlib
from collections import deque

import numpy as np
import pytest
import xarray
from films import CARBONATE, ELECTRODE, LEDC, LIQUID, MECHANISM, SPACING, write_film

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE
from kmc.fields import find_film, observe, pore_fractions, species_table
from kmc.film import connected
from kmc.film_picture import film_figure
from kmc.growth import last_half
from kmc.lattice import Lattice
from kmc.palette import legend_of
from kmc.result import Result

TABLE = species_table(MECHANISM)
NM = 1e9
X_Y = (False, True, True)
LATTICES = [
    ("square", None),
    ("hexagonal", None),
    *((kind, surface) for kind in ("fcc", "bcc") for surface in (100, 110, 111)),
]


def box(kind, surface=None, shape=(12, 7, 8), periodic=X_Y):
    return Lattice(kind, SPACING, (shape[0], 1, shape[2]) if kind == "square" else shape, periodic, surface)


def flood(mask, seeds, lattice, periodic):
    """What seeds reach through sites of the mask, by the plainest search there is."""
    reached = np.zeros_like(mask)
    queue = deque(map(tuple, np.argwhere(mask & seeds)))
    for site in queue:
        reached[site] = True
    while queue:
        site = queue.popleft()
        for step in lattice.contacts:
            other = tuple(
                (c + d) % n if wraps else c + d
                for c, d, n, wraps in zip(site, step, mask.shape, periodic, strict=True)
            )
            inside = all(0 <= c < n for c, n in zip(other, mask.shape, strict=True))
            if inside and mask[other] and not reached[other]:
                reached[other] = True
                queue.append(other)
    return reached


@pytest.mark.parametrize("periodic", [(False, False, False), X_Y, (True, True, True), (True, False, True)])
@pytest.mark.parametrize(("kind", "surface"), LATTICES)
def test_connected_agrees_with_a_plain_search_on_every_lattice(kind, surface, periodic):
    lattice = box(kind, surface, periodic=periodic)
    random = np.random.default_rng(11)
    for share in (0.15, 0.25, 0.35):
        mask = random.random(lattice.shape) < share
        seeds = mask & (random.random(mask.shape) < 0.05)
        found = connected(mask, seeds, periodic, lattice.contacts)
        np.testing.assert_array_equal(found, flood(mask, seeds, lattice, periodic))


@pytest.mark.parametrize(("kind", "surface"), LATTICES)
@pytest.mark.parametrize("seed", range(3))
def test_film_and_pores_agree_with_a_plain_search_on_every_lattice(kind, surface, seed):
    lattice = box(kind, surface)
    random = np.random.default_rng(seed)
    sites = random.choice([LIQUID, LEDC, CARBONATE], size=lattice.shape, p=[0.6, 0.25, 0.15]).astype(np.uint8)
    sites[:2], sites[8:] = ELECTRODE, LIQUID
    found = find_film(sites, TABLE, X_Y, lattice.contacts)
    solid, electrode = np.isin(sites, [LEDC, CARBONATE]), sites == ELECTRODE
    np.testing.assert_array_equal(found.mask, flood(solid | electrode, electrode, lattice, X_Y) & solid)
    envelope = (np.arange(12)[:, None, None] >= 2) & (np.arange(12)[:, None, None] < 2 + found.height)
    free = ~solid & ~electrode
    open_pores = envelope & ~found.mask & flood(free, free & ~envelope, lattice, X_Y)
    n_open, n_closed = open_pores.sum(), (envelope & ~found.mask & ~open_pores).sum()
    expected = n_open / envelope.sum(), n_closed / envelope.sum()
    assert pore_fractions(found, X_Y, lattice.contacts) == pytest.approx(expected)


def test_sites_that_only_touch_on_a_cubic_lattice_hold_together_on_fcc():
    """A step to a neighbour in the next layer that is not above: diagonal with cubes, a shared face on fcc."""
    lattice = box("fcc", 111, (5, 6, 6))
    sites = np.full(lattice.shape, LIQUID, dtype=np.uint8)
    sites[0] = ELECTRODE
    sites[1, 2, 2] = sites[2, 1, 2] = LEDC
    assert (1, -1, 0) in lattice.contacts
    assert find_film(sites, TABLE, X_Y, lattice.contacts).mask.sum() == 2
    assert find_film(sites, TABLE, X_Y).mask.sum() == 1


def test_film_may_hold_on_to_an_electrode_two_layers_below():
    """On fcc 110 the next site straight above is two layers up; between them a gap in an uneven electrode."""
    lattice = box("fcc", 110, (6, 6, 6))
    sites = np.full(lattice.shape, LIQUID, dtype=np.uint8)
    sites[0], sites[1, 0, 0] = ELECTRODE, ELECTRODE
    sites[2, 3, 3] = LEDC
    assert (2, -1, -1) in lattice.contacts
    assert find_film(sites, TABLE, X_Y, lattice.contacts).mask.sum() == 1


def test_pore_may_open_into_the_liquid_two_layers_above():
    """The same step, through a film whose last layer is whole."""
    lattice = box("fcc", 110, (6, 6, 6))
    sites = np.full(lattice.shape, LIQUID, dtype=np.uint8)
    sites[0], sites[1:4] = ELECTRODE, LEDC
    sites[2, 3, 3] = LIQUID
    assert pore_fractions(find_film(sites, TABLE, X_Y, lattice.contacts), X_Y, lattice.contacts) == (1 / 108, 0.0)


@pytest.mark.parametrize(("kind", "surface"), LATTICES)
def test_flat_film_has_the_thickness_of_its_layers_and_the_volume_of_its_sites(kind, surface):
    lattice = box(kind, surface)
    sites = np.full(lattice.shape, LIQUID, dtype=np.uint8)
    sites[0], sites[1:4] = ELECTRODE, LEDC
    values = observe(sites, TABLE, lattice)
    assert values["thickness"] == pytest.approx(3 * lattice.layer_height)
    assert values["thickness_esmaeilpour"] == pytest.approx(3 * lattice.layer_height)
    n_film = 3 * lattice.shape[1] * lattice.shape[2]
    assert values["equivalent_thickness"] == pytest.approx(n_film * 95.8e-6 / AVOGADRO / lattice.area)
    assert values["volume_porosity"] == pytest.approx(1 - 95.8e-6 / AVOGADRO / lattice.site_volume)
    assert values["lithium"] == pytest.approx(2 * n_film / AVOGADRO / lattice.area)
    assert values["mean_porosity"] == 0.0
    assert values["roughness"] < 1e-12 * SPACING


# --- files ---


@pytest.fixture(scope="module", params=[("fcc", 111), ("hexagonal", None)], ids=["fcc", "hexagonal"])
def film(request, tmp_path_factory):
    lattice = box(*request.param, shape=(20, 9, 10))
    path = tmp_path_factory.mktemp("film") / "results.h5"
    _, states = write_film(path, lattice, heights=(0.0, 3.0, 6.0))
    return path, lattice, states


def test_xarray_reads_the_lattice_vectors_and_what_the_coordinates_are(film):
    path, lattice, _ = film
    with xarray.open_dataset(path, decode_timedelta=False) as data:
        found = data["lattice_vectors"]
        assert found.dims == ("vector", "direction")
        np.testing.assert_array_equal(found.values, lattice.vectors)
        assert found.attrs["units"] == "m"
        assert data["z"].values == pytest.approx((np.arange(20) - 0.5) * lattice.layer_height)
        assert data["x"].values == pytest.approx((np.arange(10) + 0.5) * SPACING)
        assert data["lattice"].attrs["periodic"].tolist() == [0, 1, 1]


def test_vtk_puts_every_cell_where_the_site_is(film):
    """Centres of the cells as VTK works them out, against positions from the lattice vectors of the file."""
    path, lattice, states = film
    modules = {name: importlib.import_module(f"vtkmodules.{name}") for name in ("vtkIOHDF", "vtkFiltersCore")}
    from vtkmodules.util.numpy_support import vtk_to_numpy

    reader = modules["vtkIOHDF"].vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    reader.SetStep(len(states) - 1)
    centres = modules["vtkFiltersCore"].vtkCellCenters()
    centres.SetInputConnection(reader.GetOutputPort())
    centres.Update()
    output = centres.GetOutput()
    k, j, i = np.indices(lattice.shape).reshape(3, -1) + 0.5
    with Result(path) as result:
        a1, a2, a3 = result.lattice_vectors
    expected = np.outer(i, a1) + np.outer(j, a2) + np.outer(k - 1, a3)
    found = vtk_to_numpy(output.GetPoints().GetData())
    np.testing.assert_allclose(found, expected, atol=1e-6 * SPACING * 20)
    np.testing.assert_array_equal(
        vtk_to_numpy(output.GetPointData().GetArray("lattice")), states[-1].ravel()
    )


def test_area_of_a_result_is_that_of_the_lattice(film):
    path, lattice, _ = film
    with Result(path) as result:
        assert result.area == pytest.approx(lattice.area, rel=1e-14)
        growth, data = last_half(result), result.data
        passed = growth.current * growth.duration * lattice.area / ELEMENTARY_CHARGE
        assert passed == pytest.approx(growth.electrons)
        assert data["charge"].values[-1] == pytest.approx(
            data["electrons"].values[-1] * ELEMENTARY_CHARGE / lattice.area
        )


# --- pictures ---


def section_of(path, k=0):
    with Result(path) as result:
        figure = film_figure(result, legend_of(result))
        return figure.axes[k], figure, result.film.values.copy()


def colour_at(axes, x, z):
    """Colour that a picture shows at a place [nm]."""
    (image,) = axes.images
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array()
    row, column = (z - bottom) / (top - bottom) * pixels.shape[0], (x - left) / (right - left) * pixels.shape[1]
    return tuple(np.asarray(pixels[int(row), int(column)], dtype=float))


def test_section_shows_every_site_where_it_is_in_space(film):
    """fcc 111 leans by half a site per layer; the colour at the place of each site is that of its species."""
    path, lattice, _ = film
    axes, _, sites = section_of(path)
    a1, _, a3 = lattice.vectors * NM
    row = sites[:, sites.shape[1] // 2]
    with Result(path) as result:
        colours = legend_of(result).colours
    for k, i in np.ndindex(row.shape):
        if row[k, i] in (LEDC, CARBONATE):
            x = ((i + 0.5) * a1[0] + (k - 0.5) * a3[0]) % (a1[0] * row.shape[1])
            assert colour_at(axes, x, (k - 0.5) * a3[2]) == tuple(colours[row[k, i]])


def test_map_of_a_sheared_box_is_sheared(film):
    path, lattice, _ = film
    _, figure, _ = section_of(path)
    meshes = [axes.collections[0] for axes in figure.axes if axes.get_xlabel() == "x (nm)" and not axes.images]
    corners = np.asarray(meshes[0].get_coordinates())
    assert corners[-1, -1] == pytest.approx((10 * lattice.vectors[0] + 9 * lattice.vectors[1])[:2] * NM)
    assert corners[-1, 0] == pytest.approx((9 * lattice.vectors[1])[:2] * NM)


def test_box_with_walls_leans_in_its_picture(tmp_path):
    lattice = box("bcc", 110, (14, 8, 10), (False, False, False))
    write_film(tmp_path / "results.h5", lattice, heights=(0.0, 4.0))
    axes, _, sites = section_of(tmp_path / "results.h5")
    a1, _, a3 = lattice.vectors * NM
    highest = np.argwhere(np.isin(sites[:, 4], [LEDC, CARBONATE])).max(axis=0)[0]
    for i in (0, 9):
        x, z = (i + 0.5) * a1[0] + (highest - 0.5) * a3[0], (highest - 0.5) * a3[2]
        assert axes.get_xlim()[0] < x < axes.get_xlim()[1]
        assert colour_at(axes, x, z) != (1.0, 1.0, 1.0)
    outside = (highest - 0.5) * a3[0] - a1[0] / 4
    assert colour_at(axes, outside, (highest - 0.5) * a3[2]) == (1.0, 1.0, 1.0)

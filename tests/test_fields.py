# SPDX-License-Identifier: BSD-3-Clause
"""Fields of hand-made films, worked out on paper, and of random ones against a plain search."""

from collections import deque

import numpy as np
import pytest
from films import CARBONATE, ELECTRODE, HOST, LEDC, LIQUID, MECHANISM, SPACING, Growth, box

from kmc.constants import AVOGADRO
from kmc.fields import find_film, layer_count, observe, pore_fractions, species_table
from kmc.film import connected
from kmc.lattice import Lattice

TABLE = species_table(MECHANISM)
X_Y_PERIODIC = (False, True, True)
SYMBOLS = {"#": ELECTRODE, ".": LIQUID, "L": LEDC, "C": CARBONATE, "H": HOST}


def section(*rows):
    """A square lattice from a drawing, top row first."""
    return np.array([[[SYMBOLS[c] for c in row]] for row in reversed(rows)], dtype=np.uint8)


def fields(*rows, periodic=(False, False, True)):
    sites = section(*rows)
    return observe(sites, TABLE, Lattice("square", SPACING, sites.shape, periodic))


def film(*rows, periodic=(False, False, True)):
    return find_film(section(*rows), TABLE, periodic)


def flood(mask, seeds, periodic):
    """The film by the plainest search there is."""
    reached = np.zeros_like(mask)
    queue = deque(map(tuple, np.argwhere(mask & seeds)))
    for site in queue:
        reached[site] = True
    while queue:
        site = queue.popleft()
        for axis in range(3):
            for step in (-1, 1):
                other = list(site)
                other[axis] += step
                if periodic[axis]:
                    other[axis] %= mask.shape[axis]
                other = tuple(other)
                if 0 <= other[axis] < mask.shape[axis] and mask[other] and not reached[other]:
                    reached[other] = True
                    queue.append(other)
    return reached


def test_bare_electrode_has_no_film():
    empty = fields("....", "....", "####")
    assert (
        empty["thickness"] == empty["roughness"] == empty["equivalent_thickness"] == empty["coverage"] == 0.0
    )
    assert empty["porosity"].tolist() == [0.0, 1.0, 1.0]
    for name in (
        "mean_porosity",
        "open_porosity",
        "closed_porosity",
        "volume_porosity",
        "thickness_esmaeilpour",
        "porosity_esmaeilpour",
    ):
        assert np.isnan(empty[name])


def test_box_without_an_electrode_has_no_film():
    lone = fields("....", "LLLL", "CCCC")
    assert lone["thickness"] == 0.0
    assert lone["unsupported"] == 8


def test_box_that_is_all_electrode_is_not_an_error():
    assert fields("###", "###")["thickness"] == 0.0


@pytest.mark.parametrize("periodic", [(False, False, True), (True, False, True)])
def test_solid_that_lies_within_the_electrode_is_no_film(periodic):
    below = fields("....", "....", "....", "####", "####", "#L##", periodic=periodic)
    assert below["count"][LEDC] == 1
    assert below["film_count"].sum() == below["thickness"] == below["coverage"] == 0
    assert below["unsupported"] == 1


def test_flat_film_is_flat():
    flat = fields("....", "....", "LLLL", "CCCC", "####")
    assert flat["thickness"] == pytest.approx(2 * SPACING)
    assert flat["roughness"] == 0.0
    assert flat["coverage"] == 1.0
    assert flat["mean_porosity"] == flat["open_porosity"] == flat["closed_porosity"] == 0.0
    assert flat["porosity"].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert flat["film_count"].tolist() == [0, 0, 0, 4, 4, 0]


def test_film_that_fills_the_box_has_no_pores():
    full = fields("LLL", "LLL", "###")
    assert full["thickness"] == pytest.approx(2 * SPACING)
    assert full["mean_porosity"] == 0.0


def test_thickness_is_the_mean_of_columns_and_roughness_their_deviation():
    steps = fields("....", "L...", "LL..", "LLL.", "####")
    assert (steps["thickness_map"] / SPACING).tolist() == [[3.0, 2.0, 1.0, 0.0]]
    assert steps["thickness"] == pytest.approx(1.5 * SPACING)
    assert steps["roughness"] == pytest.approx(np.sqrt(1.25) * SPACING)
    assert steps["coverage"] == 0.75


def test_thickness_is_measured_from_the_electrode_surface():
    assert fields("...", "LLL", "###", "###", "###")["thickness"] == pytest.approx(SPACING)


def test_overhang_counts_with_open_pores_below_it():
    hood = fields("......", ".LLL..", ".L....", ".L....", "######")
    assert (hood["thickness_map"] / SPACING).tolist() == [[0.0, 3.0, 3.0, 3.0, 0.0, 0.0]]
    assert hood["mean_porosity"] == hood["open_porosity"] == pytest.approx(4 / 9)
    assert hood["closed_porosity"] == 0.0


def test_cavity_is_a_closed_pore():
    hollow = fields("......", ".LLL..", ".L.L..", ".LLL..", "######")
    assert hollow["closed_porosity"] == pytest.approx(1 / 9)
    assert hollow["open_porosity"] == 0.0


def test_pore_opens_through_faces_and_not_through_edges():
    edge = fields("......", ".LL...", ".L.L..", ".LLL..", "######")
    face = fields("......", ".LL...", ".L....", ".LLL..", "######")
    assert (edge["open_porosity"], edge["closed_porosity"]) == (0.0, pytest.approx(1 / 8))
    assert (face["open_porosity"], face["closed_porosity"]) == (pytest.approx(1 / 7), 0.0)


def test_uncovered_pit_is_roughness_and_no_pore():
    pit = fields("......", "LL.LLL", "LL.LLL", "LLLLLL", "######")
    assert pit["mean_porosity"] == 0.0
    assert pit["roughness"] > 0.0


def test_pore_opens_across_a_periodic_side_only_where_there_is_one():
    rows = ("......", "LLLL..", ".LLL..", "LLLL..", "######")
    across = fields(*rows, periodic=(False, False, True))
    walled = fields(*rows, periodic=(False, False, False))
    assert across["open_porosity"] == pytest.approx(1 / 12)
    assert walled["closed_porosity"] == pytest.approx(1 / 12)


def test_floating_island_is_not_film():
    island = fields("....", "LL..", "....", "..C.", "####")
    assert (island["thickness_map"] / SPACING).tolist() == [[0.0, 0.0, 1.0, 0.0]]
    assert island["unsupported"] == 2
    assert island["count"][LEDC] == 2
    assert island["film_count"][LEDC] == 0
    assert island["porosity"][3] == 0.5


def test_diagonal_contact_supports_nothing():
    assert fields("....", ".L..", "L...", "####", periodic=(False, False, False))["unsupported"] == 1


def test_unsupported_solid_in_a_pore_is_closed_and_blocks_it():
    plugged = fields("LLLL.", "L..L.", "L.C..", "L..L.", "L..L.", "#####", periodic=(False, False, False))
    free = fields("LLLL.", "L..L.", "L....", "L..L.", "L..L.", "#####", periodic=(False, False, False))
    assert plugged["mean_porosity"] == free["mean_porosity"]
    assert plugged["unsupported"] == 1
    assert plugged["closed_porosity"] > free["closed_porosity"] == 0.0


def test_support_reaches_across_periodic_sides_only():
    rows = ("....", "L..L", "...L", "####")
    assert film(*rows, periodic=(False, False, True)).mask.sum() == 3
    assert film(*rows, periodic=(False, False, False)).mask.sum() == 2
    turned = section(*rows).swapaxes(1, 2)
    assert find_film(turned, TABLE, (False, True, False)).mask.sum() == 3


def test_support_reaches_across_a_periodic_top():
    hanging = section("L..", "...", "###")
    assert find_film(hanging, TABLE, (True, False, False)).mask.sum() == 1
    assert find_film(hanging, TABLE, (False, False, False)).mask.sum() == 0


def test_electrode_on_top_supports_nothing():
    assert fields("####", ".LL.", "....", "..C.", "####")["unsupported"] == 2


def test_equivalent_thickness_comes_from_molar_volumes():
    flat = fields("....", "LCHC", "####")
    volume = (95.8e-6 + 3 * 2 * 35.0e-6) / AVOGADRO
    assert flat["equivalent_thickness"] == pytest.approx(volume / (4 * SPACING**2), rel=1e-12)


def test_volume_porosity_follows_from_molar_volumes_and_site_porosity():
    porous = fields("....", "LCHC", "L.H.", "####")
    assert porous["volume_porosity"] == pytest.approx(1 - porous["equivalent_thickness"] / porous["thickness"])
    matter = (2 * 95.8e-6 + 4 * 2 * 35.0e-6) / 6 / AVOGADRO / SPACING**3
    assert 1 - porous["volume_porosity"] == pytest.approx((1 - porous["mean_porosity"]) * matter)


def test_lithium_counts_the_interstitials():
    assert fields("...", "LCH", "###")["lithium"] == pytest.approx((2 + 4 + 5) / (AVOGADRO * 3 * SPACING**2))


def test_volume_fractions_sum_to_one_in_every_layer():
    growth = Growth(box(10, 9, 12))
    growth.grow(5.0)
    values = observe(growth.sites, TABLE, growth.lattice)
    np.testing.assert_allclose(values["volume_fraction"].sum(axis=1), 1.0, rtol=1e-14)
    solid = values["volume_fraction"][:, [ELECTRODE, LEDC, CARBONATE, HOST]].sum(axis=1)
    np.testing.assert_allclose(values["porosity"], 1.0 - solid, atol=1e-14)
    assert values["count"].sum() == growth.sites.size


def test_esmaeilpour_porosity_looks_at_the_lower_half():
    # mean height 4 sites: half is 2 rows, so row 1 alone lies below it; 1 of its 4 sites is free; norm 4
    # columns x 2 rows
    published = fields("....", "LLLL", "L..L", "L..L", "LLL.", "####")
    assert published["thickness_esmaeilpour"] == pytest.approx(4 * SPACING)
    assert published["porosity_esmaeilpour"] == pytest.approx(1 / 8)


@pytest.mark.parametrize("seed", range(20))
def test_film_and_pores_equal_those_of_a_plain_search(seed):
    random = np.random.default_rng(seed)
    shape = tuple(random.integers((4, 1, 1), (12, 9, 9)))
    periodic = tuple(random.integers(0, 2, 3) == 1)
    lattice = random.choice([LIQUID, LEDC, CARBONATE], size=shape, p=[0.55, 0.25, 0.2]).astype(np.uint8)
    lattice[: random.integers(1, 3)] = ELECTRODE
    found = find_film(lattice, TABLE, periodic)
    solid = np.isin(lattice, [LEDC, CARBONATE])
    electrode = lattice == ELECTRODE
    np.testing.assert_array_equal(found.mask, flood(solid | electrode, electrode, periodic) & solid)
    layers = np.arange(shape[0])[:, None, None]
    envelope = (layers >= found.surface) & (layers < found.surface + found.height)
    free = ~solid & ~electrode
    reached = flood(free, free & ~envelope, (False, *periodic[1:]))
    n = max(1, envelope.sum())
    expected = ((envelope & ~found.mask & reached).sum() / n, (envelope & ~found.mask & ~reached).sum() / n)
    if envelope.any():
        assert pore_fractions(found, periodic) == pytest.approx(expected)


@pytest.mark.parametrize("periodic", [(False, False, False), (True, True, True), (False, True, True)])
def test_connected_agrees_with_a_plain_search(periodic):
    random = np.random.default_rng(7)
    mask = random.random((9, 8, 7)) < 0.4
    seeds = mask & (random.random(mask.shape) < 0.03)
    np.testing.assert_array_equal(connected(mask, seeds, periodic), flood(mask, seeds, periodic))


def test_seed_outside_the_mask_reaches_nothing():
    mask = np.ones((3, 3, 3), dtype=bool)
    mask[0] = False
    seeds = ~mask
    assert not connected(mask, seeds, X_Y_PERIODIC).any()


def test_layer_count_counts():
    lattice = section("L.", "C#", "##")
    assert layer_count(lattice, TABLE.n_species)[1].tolist() == [1, 0, 0, 0, 1, 0]

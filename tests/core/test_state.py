# SPDX-License-Identifier: BSD-3-Clause
"""LatticeState finds the neighbours that a slow search in coordinates finds."""

from itertools import product

import numpy as np
import pytest
from kmc_core.state import LatticeState

OFFSETS = [offset for offset in product((-2, -1, 0, 1, 2), repeat=3) if 0 < sum(c * c for c in offset) <= 5]
CUBIC = [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
NEAREST = [offset for offset in OFFSETS if sum(c * c for c in offset) == 1]


def neighbours_by_search(shape, periodic, site, offsets):
    """Neighbours from coordinates, one at a time."""
    found, here = [], np.unravel_index(site, shape)
    for offset in offsets:
        place = [int(c + o) for c, o in zip(here, offset, strict=True)]
        inside = all(wraps or 0 <= c < n for c, n, wraps in zip(place, shape, periodic, strict=True))
        wrapped = [c % n for c, n in zip(place, shape, strict=True)]
        found.append(int(np.ravel_multi_index(wrapped, shape)) if inside else int(np.prod(shape)))
    return found


@pytest.mark.parametrize("periodic", list(product((True, False), repeat=3)))
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 2, 3), (3, 1, 2), (2, 2, 2), (5, 4, 3), (4, 1, 6), (2, 7, 1)]
)
def test_neighbours_equal_those_found_by_search(shape, periodic):
    state = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, OFFSETS, 1)
    for site in range(state.n_sites):
        assert state.neighbours_of(site).tolist() == neighbours_by_search(shape, periodic, site, OFFSETS)


@pytest.mark.parametrize(
    "shape", [(1, 65537, 7), (7, 65537, 1), (3, 5, 65521), (1, 1, 2**21 + 7), (127, 129, 131)]
)
def test_division_by_multiplication_is_exact_in_large_boxes(shape):
    state = LatticeState(np.zeros(shape, dtype=np.uint8), (False, True, False), NEAREST, 1)
    n = state.n_sites
    nx = shape[2]
    edges = [0, 1, n - 1, nx - 1, nx, n - nx, n - nx - 1, n // 2, shape[1] * nx - 1, shape[1] * nx % n]
    sites = np.random.Generator(np.random.PCG64(4)).integers(0, n, 1500).tolist()
    for site in sorted({*edges, *sites} & set(range(n))):
        assert state.neighbours_of(site).tolist() == neighbours_by_search(
            shape, (False, True, False), site, NEAREST
        )


@pytest.mark.parametrize("periodic", list(product((True, False), repeat=3)))
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (2, 2, 2), (5, 4, 3), (4, 1, 6), (2, 7, 1)])
def test_neighbours_of_a_neighbour_follow_from_the_rows_of_the_site(shape, periodic):
    state = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, CUBIC, 1)
    for site in range(state.n_sites):
        for position, other in enumerate(neighbours_by_search(shape, periodic, site, CUBIC)):
            if other < state.n_sites:
                found = state.neighbours_beside(site, position).tolist()
                assert found == neighbours_by_search(shape, periodic, other, CUBIC)


def test_a_box_of_one_site_is_its_own_neighbour():
    state = LatticeState(np.zeros((1, 1, 1), dtype=np.uint8), (True, True, True), NEAREST, 1)
    assert state.neighbours_of(0).tolist() == [0] * 6


def test_occupation_is_live_and_read_only():
    state = LatticeState(np.arange(6, dtype=np.uint8).reshape(1, 2, 3), (True, True, True), NEAREST, 9)
    assert state.occupation.tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="read-only"):
        state.occupation[0] = 1


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 4), (4,), (2, 0, 2)])
def test_a_box_without_sites_or_of_another_dimension_is_refused(shape):
    with pytest.raises(ValueError, match=r"species must have shape \(nz, ny, nx\)"):
        LatticeState(np.zeros(shape, dtype=np.uint8), (True, True, True), NEAREST, 1)


@pytest.mark.parametrize("offsets", [[(0, 0, 1)], [(0, 0, 0)], [(0, 0, 1), (0, 0, -1), (0, 0, 1)]])
def test_offsets_that_are_not_closed_under_inversion_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets must be distinct, non-zero and closed under inversion"):
        LatticeState(np.zeros((2, 2, 2), dtype=np.uint8), (True, True, True), offsets, 1)


def test_too_many_offsets_are_refused():
    many = [offset for offset in product(range(-4, 5), repeat=3) if any(offset)]
    with pytest.raises(ValueError, match="728 neighbour positions; at most 512"):
        LatticeState(np.zeros((2, 2, 2), dtype=np.uint8), (True, True, True), many, 1)


def test_a_lattice_may_have_no_sites_at_all():
    assert LatticeState(np.zeros((0, 0, 0), dtype=np.uint8), (True, True, False), NEAREST, 1).n_sites == 0

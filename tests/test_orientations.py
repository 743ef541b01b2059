# SPDX-License-Identifier: BSD-3-Clause
"""Processes on lattices: orientations, symmetry numbers, hops, narrow boxes, molecules on several sites."""

import numpy as np
import pytest
from boxes import EVERY, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, A, lattice
from chemistry import FAST, HEAD, ROOM, SPACING, compiled, refused

from kmc import bravais
from kmc.patterns import Pattern, placements, symmetry_number
from kmc.reversibility import like_placements

# --- orientations of processes ---


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_two_terms_without_geometry_are_all_nearest_neighbours(kind, surface):
    found = lattice(kind, surface)
    (process,) = _compiled(kind, surface, ("2 RO => 2 LiEC", FAST))
    pattern = Pattern.of(process, None, found)
    assert [each[1] for each in placements(pattern, found)] == found.shell(1)
    assert symmetry_number(pattern, found) == like_placements(process, found) == 2


def test_hexagonal_neighbours_in_and_between_layers_are_two_kinds():
    in_layer, between = lattice("hexagonal").neighbour_orbits()
    assert {dz for dz, _, _ in in_layer} == {0}
    assert len(in_layer) == 6
    assert between == [(-1, 0, 0), (1, 0, 0)]


@pytest.mark.parametrize(
    ("kind", "surface", "number", "ways"),
    [
        ("simple cubic", None, 24, 2),
        ("square", None, 8, 2),
        ("fcc", 111, 48, 6),
        ("fcc", 100, 48, 6),
        ("bcc", 110, 24, 2),
    ],
)
def test_orientations_of_a_triangle_are_those_of_the_point_group(kind, surface, number, ways):
    """Corner trimer of three sites: first the anchor, then two of its neighbours at the smallest angle.

    Ordered pairs of neighbours at that angle: sc 6 x 4 at 90 degrees, square 4 x 2, fcc 12 x 4 at 60 degrees, bcc 8 x 3
    at 70.5 degrees. The three sites of fcc are all neighbours and can be exchanged in 6 ways, the others in 2.
    """
    found = lattice(kind, surface)
    shell = found.shell(1)
    steps = found.displacement(shell)
    angles = steps @ steps[0]
    smallest = np.sort(angles)[::-1][1]
    other = shell[int(np.flatnonzero(np.isclose(angles, smallest))[0])]
    pattern = Pattern((A, A, A), (1, 1, 1), ((0, 0, 0), shell[0], other))
    assert len(placements(pattern, found)) == number
    assert symmetry_number(pattern, found) == ways


def _brute_symmetry(pattern, found):
    """Placements on one set of sites."""
    sites = frozenset(pattern.geometry)
    count = 0
    for image in placements(pattern, found):
        for corner in pattern.geometry:
            moved = frozenset(tuple(a + b for a, b in zip(corner, each, strict=True)) for each in image)
            count += moved == sites
    return count


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_symmetry_number_counts_the_placements_on_one_set_of_sites(kind, surface):
    found = lattice(kind, surface)
    first, second = found.shell(1)[0], found.shell(2)[-1]
    for geometry in (((0, 0, 0), first), ((0, 0, 0), first, second), ((0, 0, 0), first, tuple(2 * c for c in first))):
        pattern = Pattern((A,) * len(geometry), (1,) * len(geometry), geometry)
        assert symmetry_number(pattern, found) == _brute_symmetry(pattern, found)


@pytest.mark.parametrize("found", [ORTHORHOMBIC, TETRAGONAL, MONOCLINIC])
def test_anisotropic_lattices_keep_directions_apart(found):
    along = {axis: Pattern((A, A), (1, 1), ((0, 0, 0), axis)) for axis in ((0, 0, 1), (0, 1, 0), (1, 0, 0))}
    numbers = [len(placements(pattern, found)) for pattern in along.values()]
    assert numbers == ([4, 4, 2] if found is TETRAGONAL else [2, 2, 2])


# --- hops ---


@pytest.mark.parametrize(
    ("kind", "surface", "squared", "dimension"),
    [
        ("simple cubic", None, 6, 3),
        ("square", None, 4, 2),
        *(("fcc", surface, 12, 3) for surface in bravais.SURFACES),
        *(("bcc", surface, 8, 3) for surface in bravais.SURFACES),
    ],
)
def test_hop_length_makes_hops_diffuse_with_the_diffusivity(kind, surface, squared, dimension):
    """a^2 = sum |dx|^2/(2 d), and the tensor of the hops is D in every direction that they reach."""
    found = lattice(kind, surface)
    length = found.hop_length(found.shell(1))
    assert length**2 == pytest.approx(squared / (2 * dimension))
    steps = found.displacement(found.shell(1))
    tensor = steps.T @ steps / length**2 / 2
    assert np.linalg.eigvalsh(tensor)[-dimension:] == pytest.approx(np.ones(dimension))


def test_hops_of_a_triangular_layer_and_between_layers_have_lengths_of_their_own():
    found = lattice("hexagonal")
    in_layer, between = (found.hop_length(orbit) for orbit in found.neighbour_orbits())
    assert in_layer**2 == pytest.approx(3 / 2)
    assert between == pytest.approx(1)
    assert found.hop_length(found.shell(1)) is None


def _head(kind, surface=None, size="[6, 6, 6]"):
    kind = kind if surface is None else f"{kind}\n  surface: {surface}"
    return HEAD.replace("type: simple cubic", f"type: {kind}").replace("[6, 6, 6]", size)


def _compiled(kind, surface, *steps, size="[6, 6, 6]"):
    size = "[6, 6]" if kind == "square" else size
    return compiled(*steps, head=_head(kind, surface, size)).processes


HOP = ("RO + LiEC => LiEC + RO", "{law: diffusion, diffusivity: 1e-14 m^2/s}")


@pytest.mark.parametrize(
    ("kind", "surface", "more", "factor"),
    [
        ("simple cubic", None, (), 1),
        ("square", None, (), 1),
        ("fcc", 110, (), 1 / 2),
        ("bcc", 111, (), 3 / 4),
        ("hexagonal", None, ("geometry: [[0, 0, 0], [1, 0, 0]]",), 2 / 3),
        ("hexagonal", None, ("geometry: [[0, 0, 0], [0, 0, 1]]",), 1),
        ("simple cubic", None, ("geometry: [[0, 0, 0], [1, 1, 0]]",), 1 / 4),
        ("simple cubic", None, ("geometry: [[0, 0, 0], [1, 1, 0]]", "orientations: given"), 1 / 2),
    ],
)
def test_diffusion_law_gives_the_rate_of_one_hop(kind, surface, more, factor):
    """Gamma = 2 d D/sum |dx|^2 with the hops of the process, from the deck through the mechanism."""
    size = "[6, 6]" if kind == "square" else "[6, 6, 6]"
    mechanism = compiled((*HOP, *more), head=_head(kind, surface, size))
    assert mechanism.rate_constants(ROOM, 0.0, SPACING) == pytest.approx([factor * 1e-14 / SPACING**2])


@pytest.mark.parametrize(
    ("equation", "geometry", "factor"),
    [
        ("RO + LiEC + LEDC => LiEC + RO + LEDC", "[[0, 0, 0], [1, 0, 0], [0, 1, 0]]", 1 / 2),
        ("RO + LEDC + LiEC => LiEC + LEDC + RO", "[[0, 0, 0], [1, 0, 0], [1, -1, 0]]", 1 / 2),
        ("RO => LiEC", None, 1),
        ("3 RO => 3 LiEC", "[[0, 0, 0], [1, 0, 0], [0, 1, 0]]", 1),
    ],
)
def test_hop_is_between_the_two_terms_that_change_whatever_else_is_looked_at(equation, geometry, factor):
    """On fcc 111; steps that do not change just two sites have no hop, and keep D/a^2."""
    more = () if geometry is None else (f"geometry: {geometry}",)
    mechanism = compiled((equation, HOP[1], *more), head=_head("fcc", 111))
    assert mechanism.rate_constants(ROOM, 0.0, SPACING) == pytest.approx([factor * 1e-14 / SPACING**2])


def test_diffusion_to_neighbours_that_are_not_equivalent_is_refused():
    (problem,) = refused(HOP, head=_head("hexagonal"))
    assert "its hops lead to neighbours that are not equivalent" in problem.message
    assert "one process for each kind of neighbour" in problem.hint
    assert problem.excerpt.strip().startswith("equation:")


# --- narrow boxes ---


@pytest.mark.parametrize(
    ("kind", "surface", "size", "equation", "places", "enough"),
    [
        ("simple cubic", None, "[4, 6, 6]", "2 RO => 2 LiEC", "[[0, 0, 0], [2, 0, 0]]", "5 along x"),
        ("fcc", 111, "[6, 4, 6]", "RO + LEDC => LiEC + LEDC", "[[0, 0, 0], [0, 2, 0]]", "5 along y"),
        ("hexagonal", None, "[3, 6, 6]", "3 RO => 3 LiEC", "[[0, 0, 0], [1, 0, 0], [2, 0, 0]]", "5 along x"),
        ("bcc", 110, "[3, 6, 6]", "4 RO => 4 LiEC", "[[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]]", "7 along x"),
    ],
)
def test_process_on_a_periodic_box_that_is_too_narrow_for_it_is_refused(
    kind, surface, size, equation, places, enough
):
    (problem,) = refused((equation, FAST, f"geometry: {places}"), head=_head(kind, surface, size))
    assert "is too narrow: its sites would not all be different ones" in problem.message
    assert enough in problem.hint
    assert problem.excerpt.strip().startswith("geometry:")


def test_process_whose_two_sites_are_one_is_refused_even_in_one_orientation():
    step = ("RO + LEDC => LiEC + LEDC", FAST, "geometry: [[0, 0, 0], [3, 0, 0]]", "orientations: given")
    (problem,) = refused(step, head=_head("fcc", 100, "[3, 6, 6]"))
    assert "is too narrow" in problem.message
    assert compiled(step, head=_head("fcc", 100, "[4, 6, 6]")).processes


def test_trimer_may_go_almost_around_the_box():
    """On a ring of 4 sites three in a row still are one set of sites and two placements, as without an end."""
    step = ("3 RO => 3 LiEC", FAST, "geometry: [[0, 0, 0], [1, 0, 0], [2, 0, 0]]")
    assert compiled(step, head=_head("hexagonal", size="[4, 4, 6]")).processes


def test_neighbours_that_would_count_twice_are_refused():
    step = ("RO => LiEC", FAST, "neighbours: [{species: [LiEC], energy: 0.1 eV, shell: 4}]")
    (problem,) = refused(step, head=_head("simple cubic", size="[4, 6, 6]"))
    assert "a neighbour of shell 4 would count twice" in problem.message
    assert "enough sites are 5 along x" in problem.hint
    assert compiled(step, head=_head("simple cubic", size="[5, 5, 6]")).processes


def test_walls_need_no_width():
    step = ("2 RO => 2 LiEC", FAST, "geometry: [[0, 0, 0], [2, 0, 0]]")
    head = _head("simple cubic", size="[4, 3, 3]").replace("fill:", "boundaries: {x: walls, y: walls}\n  fill:")
    assert compiled(step, head=head).processes


# --- molecules on several sites ---


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_dimers_and_trimers_have_as_many_places_as_the_lattice_has_pairs_and_angles(kind, surface):
    """A head with one tail, and a head with two on opposite sides: ordered neighbours, and straight lines."""
    found = lattice(kind, surface)
    shell = found.shell(1)
    lined = [tuple(-c for c in offset) for offset in shell]
    assert sorted(lined) == shell
    for orbit in found.neighbour_orbits():
        dimer = Pattern((A, A), (1, 2), ((0, 0, 0), orbit[0]))
        trimer = Pattern((A, A, A), (1, 2, 2), ((0, 0, 0), orbit[0], tuple(-c for c in orbit[0])))
        assert len(placements(dimer, found)) == len(orbit)
        # The same set of three sites is met from both ends, but with the anchor in the middle always.
        assert len(placements(trimer, found)) == len(orbit)
        assert symmetry_number(trimer, found) == _brute_symmetry(trimer, found)


def test_process_in_the_given_orientation_has_no_other():
    """A hop along x and its way back, which is the same swap of two species, but not in the same orientation."""
    rate = FAST.replace("1e6 1/s", "1e6 1/s, reaction-free-energy: 0 eV")
    step = ("RO + LiEC <=> LiEC + RO", rate, "geometry: [[0, 0, 0], [1, 0, 0]]")
    found = lattice("simple cubic")
    forward, backward = (
        Pattern.of(process, None, found)
        for process in compiled((*step, "orientations: given"), head=_head("simple cubic")).processes
    )
    assert placements(forward, found) == placements(backward, found) == [((0, 0, 0), (0, 0, 1))]
    (problem,) = refused(step, head=_head("simple cubic"))
    assert "is its own reverse" in problem.message


def test_like_sites_in_one_orientation_have_one_placement():
    more = "geometry: [[0, 0, 0], [1, 0, 0]]", "orientations: given"
    (process,) = _compiled("fcc", 111, ("2 RO => 2 LiEC", FAST, *more))
    assert like_placements(process, lattice("fcc", 111)) == 1

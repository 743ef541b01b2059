# SPDX-License-Identifier: BSD-3-Clause
"""Lattices: vectors, shells, point groups, contacts, orientations of processes, hops, and boxes that are too narrow."""

import re
from itertools import permutations, product

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write
from chemistry import FAST, HEAD, ROOM, SPACING, TESTS, compiled, refused

from kmc import bravais
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.lattice import Lattice, lattice_of
from kmc.mechanism import compile_mechanism
from kmc.patterns import Pattern, placements, symmetry_number
from kmc.reversibility import like_placements

PERIODIC = (True, True, True)
CUBIC = [("fcc", surface) for surface in bravais.SURFACES] + [("bcc", surface) for surface in bravais.SURFACES]
EVERY = [("simple cubic", None), ("square", None), ("hexagonal", None), *CUBIC]
A = frozenset({0})


def lattice(kind, surface=None, shape=(9, 9, 9), periodic=PERIODIC):
    return Lattice(kind, 1.0, (shape[0], 1, shape[2]) if kind == "square" else shape, periodic, surface)


def cell(*vectors, shape=(9, 9, 9)):
    vectors = tuple(tuple(float(c) for c in vector) for vector in vectors)
    return Lattice("cell", min(np.linalg.norm(vector) for vector in vectors), shape, PERIODIC, cell=vectors)


ORTHORHOMBIC = cell((1, 0, 0), (0, 1.2, 0), (0, 0, 1.5))
TETRAGONAL = cell((1, 0, 0), (0, 1, 0), (0, 0, 1.5))
MONOCLINIC = cell((1, 0, 0), (0.3, 1.2, 0), (0, 0, 1.5))
TRICLINIC = cell((1, 0, 0), (0.3, 1.2, 0), (0.2, 0.1, 1.5))
RHOMBOHEDRAL = cell((1, 0, 0), (0.5, 3**0.5 / 2, 0), (0.5, 3**0.5 / 6, 1.3))


# --- vectors ---


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_nearest_neighbours_are_one_spacing_away(kind, surface):
    found = lattice(kind, surface)
    lengths = np.linalg.norm(found.displacement(found.shell(1)), axis=1)
    assert lengths == pytest.approx(np.ones(len(lengths)), rel=1e-14)
    assert found.displacement((0, 0, 1)) == pytest.approx(found.vectors[0])
    assert found.displacement((1, 0, 0)) == pytest.approx(found.vectors[2])


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_surface_lies_at_z_0_and_the_next_layer_above(kind, surface):
    found = lattice(kind, surface)
    assert found.vectors[:2, 2].tolist() == [0.0, 0.0]
    assert found.layer_height > 0
    assert found.site_volume == pytest.approx(abs(np.linalg.det(found.vectors)))


@pytest.mark.parametrize(
    ("kind", "surface", "area", "height"),
    [
        # Cube edges sqrt(2) and 2/sqrt(3); atoms per area and distance of planes of the cubic crystals, as in Kittel,
        # Introduction to Solid State Physics, chapter 1.
        ("fcc", 100, 2 / 2, 2**0.5 / 2),
        ("fcc", 110, 2**0.5, 0.5),
        ("fcc", 111, 3**0.5 / 2, (2 / 3) ** 0.5),
        ("bcc", 100, 4 / 3, 1 / 3**0.5),
        ("bcc", 110, 4 / 3 / 2**0.5, (2 / 3) ** 0.5),
        ("bcc", 111, 4 / 3 * 3**0.5, 1 / 3),
        ("hexagonal", None, 3**0.5 / 2, 1.0),
    ],
)
def test_site_area_and_layer_height_are_those_of_the_crystal_surface(kind, surface, area, height):
    found = lattice(kind, surface, (4, 5, 6))
    assert found.site_area == pytest.approx(area, rel=1e-14)
    assert found.layer_height == pytest.approx(height, rel=1e-14)
    assert found.area == pytest.approx(30 * area)
    assert found.extent[2] == pytest.approx(4 * height)


def test_cubic_lattices_are_to_the_last_bit_what_they_were():
    found = Lattice("simple cubic", SPACING, (7, 5, 6), PERIODIC)
    assert found.area == 30 * SPACING**2
    assert found.layer_height == SPACING
    assert found.shell(1) == [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    assert lattice("square").shell(1) == [(-1, 0, 0), (0, 0, -1), (0, 0, 1), (1, 0, 0)]


def test_positions_are_steps_from_the_first_site():
    found = lattice("fcc", 111, (2, 3, 4))
    a1, a2, a3 = found.vectors
    places = found.positions()
    assert places.shape == (2, 3, 4, 3)
    assert places[0, 0, 0].tolist() == [0.0, 0.0, 0.0]
    assert places[1, 2, 3] == pytest.approx(3 * a1 + 2 * a2 + a3)


def test_only_boxes_at_right_angles_are_called_orthogonal():
    assert lattice("simple cubic").is_orthogonal
    assert ORTHORHOMBIC.is_orthogonal
    assert not any(each.is_orthogonal for each in (lattice("hexagonal"), lattice("fcc", 100), MONOCLINIC))


# --- shells and symmetry ---


@pytest.mark.parametrize(
    ("kind", "numbers", "distances"),
    [
        # Coordination numbers: Kittel, Introduction to Solid State Physics, chapter 1; the last two by counting.
        ("simple cubic", [6, 12, 8, 6, 24, 24], [1, 2, 3, 4, 5, 6]),
        ("fcc", [12, 6, 24, 12, 24, 8], [1, 2, 3, 4, 5, 6]),
        ("bcc", [8, 6, 12, 24, 8, 6], [1, 4 / 3, 8 / 3, 11 / 3, 4, 16 / 3]),
        ("square", [4, 4, 4, 8, 4, 4], [1, 2, 4, 5, 8, 9]),
        ("hexagonal", [8, 12, 6, 20], [1, 2, 3, 4]),
    ],
)
def test_shells_have_the_known_coordination_numbers_and_distances(kind, numbers, distances):
    for surface in bravais.SURFACES if kind in ("fcc", "bcc") else (None,):
        found = lattice(kind, surface)
        shells = [found.shell(n + 1) for n in range(len(numbers))]
        assert [len(shell) for shell in shells] == numbers
        for shell, squared in zip(shells, distances, strict=True):
            assert shell == sorted(shell)
            assert (found.displacement(shell) ** 2).sum(axis=1) == pytest.approx(np.full(len(shell), squared))


def test_shells_of_one_lattice_do_not_depend_on_the_surface():
    for kind in ("fcc", "bcc"):
        grams = []
        for surface in bravais.SURFACES:
            found = lattice(kind, surface)
            steps = found.displacement(found.shell(3))
            grams.append(np.sort((steps @ steps.T).ravel()))
        assert grams[0] == pytest.approx(grams[1], abs=1e-12)
        assert grams[0] == pytest.approx(grams[2], abs=1e-12)


def test_shells_are_complete_for_a_skewed_choice_of_vectors():
    """(1, 0, 0), (3, 1, 0), (2, 5, 1) span the simple cubic lattice, too."""
    skewed = cell((1, 0, 0), (3, 1, 0), (2, 5, 1))
    assert [len(skewed.shell(n)) for n in (1, 2, 3, 4)] == [6, 12, 8, 6]
    assert len(skewed.operations()) == 48
    assert len(skewed.contacts) == 6


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (lattice("simple cubic"), 48),
        (lattice("square"), 8),
        (lattice("hexagonal"), 24),
        *((lattice(*each), 48) for each in CUBIC),
        (ORTHORHOMBIC, 8),
        (TETRAGONAL, 16),
        (MONOCLINIC, 4),
        (TRICLINIC, 2),
        (RHOMBOHEDRAL, 12),
    ],
    ids=lambda each: f"{each.kind} {each.surface}" if isinstance(each, Lattice) else str(each),
)
def test_point_groups_have_the_known_orders_and_are_groups_of_isometries(found, order):
    operations = found.operations()
    basis = found.vectors[::-1]
    gram = basis @ basis.T
    assert len(operations) == order
    members = {each.tobytes() for each in operations}
    assert len(members) == order
    assert np.eye(3, dtype=np.int64).tobytes() in members
    assert {(a @ b).tobytes() for a, b in product(operations, repeat=2)} == members
    for each in operations:
        assert each.T @ gram @ each == pytest.approx(gram, abs=1e-12)


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_point_group_maps_every_shell_onto_itself(kind, surface):
    found = lattice(kind, surface)
    for n in (1, 2, 3):
        shell = found.shell(n)
        for operation in found.operations():
            assert sorted(map(tuple, (np.array(shell) @ operation.T).tolist())) == shell


@pytest.mark.parametrize(
    ("found", "number"),
    [
        (lattice("simple cubic"), 6),
        (lattice("square"), 4),
        (lattice("hexagonal"), 8),
        *((lattice(kind, surface), 12 if kind == "fcc" else 14) for kind, surface in CUBIC),
        (ORTHORHOMBIC, 6),
        (MONOCLINIC, 8),
        (TRICLINIC, 14),
    ],
    ids=lambda each: f"{each.kind} {each.surface}" if isinstance(each, Lattice) else str(each),
)
def test_contacts_are_the_faces_of_the_space_that_is_nearest_to_a_site(found, number):
    """A face towards v: the point v/2 is nearer to 0 and v than to any other site (brute force as the reference)."""
    sites = np.array(list(product(range(-5, 6), repeat=3)))
    sites = sites[sites[:, 1] == 0] if found.kind == "square" else sites
    places = found.displacement(sites)
    faces = []
    for site, place in zip(sites.tolist(), places, strict=True):
        distance = np.linalg.norm(places - place / 2, axis=1)
        if any(site) and (distance < np.linalg.norm(place) / 2 + 1e-6).sum() == 2:
            faces.append(tuple(site))
    assert list(found.contacts) == sorted(faces)
    assert len(found.contacts) == number


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


# --- decks ---


def deck(text, size="[5, 5, 6]"):
    lines = [
        "run: {duration: 1 s}",
        f"lattice: {{{text}, size: {size}, fill: A}}",
        "protocol: {temperature: 300 K, potential: 0 V}",
        "species: {A: {phase: liquid}, B: {phase: liquid}}",
        "processes: [{name: flip, equation: A => B, rate: {law: constant, rate-constant: 1 1/s}}]",
    ]
    return parse_deck("\n".join(lines))


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_lattice_of_a_deck_is_as_it_says(kind, surface):
    text = f"type: {kind}, spacing: 0.5 nm" + ("" if surface is None else f", surface: {surface}")
    found = lattice_of(deck(text, "[5, 6]" if kind == "square" else "[4, 5, 6]"))
    assert (found.kind, found.surface, found.spacing) == (kind, surface, 0.5e-9)
    assert found.shape == ((6, 1, 5) if kind == "square" else (6, 5, 4))
    assert found.periodic == (False, True, True)


def test_cell_of_a_deck_has_its_vectors_and_the_shortest_distance_as_spacing():
    text = "type: cell, cell: {vectors: [[0.4 nm, 0 nm, 0 nm], [0.1 nm, 0.5 nm, 0 nm], [0 nm, 0 nm, 3 angstrom]]}"
    found = lattice_of(deck(text))
    assert found.vectors == pytest.approx(np.array([[4e-10, 0, 0], [1e-10, 5e-10, 0], [0, 0, 3e-10]]))
    assert found.spacing == pytest.approx(3e-10)
    assert found.shell(1) == [(-1, 0, 0), (1, 0, 0)]
    assert found.layer_height == pytest.approx(3e-10)


def test_fault_of_a_cell_is_shown_at_the_component():
    with pytest.raises(DeckError) as caught:
        deck("type: cell, cell: {vectors: [[4 nm, 0 nm, 0 nm], [1 nm, 5 nm, 0 nm], [0 nm, 0 nm, -3 nm]]}")
    (problem,) = caught.value.problems
    assert problem.excerpt[problem.column - 1 :].startswith("-3 nm")


def test_numbers_of_the_page_on_lattices_are_those_of_the_code():
    page = (TESTS.parent / "docs" / "deck.md").read_text(encoding="utf-8").split("## Lattices")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.split("\n") if line.startswith("| `")]
    for row, (kind, surface) in zip(rows[1 : len(EVERY) + 1], EVERY, strict=True):
        found = lattice(kind, surface)
        assert row[0] == (f"`{kind}`" if surface is None else f"`{kind}`, `surface: {surface}`")
        numbers = [sum(int(word) for word in cell.split() if word.isdigit()) for cell in row[3:]]
        assert numbers == [len(found.shell(1)), len(found.operations()), len(found.contacts)]


def test_examples_of_the_page_on_lattices_are_decks(tmp_path):
    write(tmp_path / "li2o.cif", bulk("Cu", "fcc", a=3.61))
    page = (TESTS.parent / "docs" / "deck.md").read_text(encoding="utf-8").split("## Lattices")[1]
    block, process = (each.split("```")[0] for each in page.split("```yaml\n")[1:3])
    rest = "run: {duration: 1 s}\nprotocol: {temperature: 300 K, potential: 0 V}\nspecies:\n"
    rest += "".join(f"  {name}: {{phase: liquid}}\n" for name in ("electrolyte", "empty", "head-x", "tail-x"))
    kinds = []
    for section in re.split("^(?=lattice)", block, flags=re.MULTILINE)[1:]:
        deck = parse_deck(f"{section}{rest}processes:\n{process}", directory=tmp_path)
        kinds.append(lattice_of(deck).kind)
        assert compile_mechanism(deck).processes[1].oriented
    assert kinds == ["fcc", "cell", "cell"]


def test_permutations_of_axes_are_no_symmetry_of_a_lattice_that_tells_them_apart():
    """The cubic group would exchange x and y; the group of an orthorhombic lattice must not."""
    swap = np.eye(3, dtype=np.int64)[[0, 2, 1]]
    assert not any((each == swap).all() for each in ORTHORHOMBIC.operations())
    assert any((each == swap).all() for each in TETRAGONAL.operations())
    assert len(list(permutations(range(3)))) * 8 == len(lattice("simple cubic").operations())

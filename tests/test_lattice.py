# SPDX-License-Identifier: BSD-3-Clause
"""Lattices: vectors, shells, point groups, contacts, orientations of processes, hops, and boxes that are too narrow."""

import re
from itertools import permutations, product

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write
from boxes import CUBIC, EVERY, MONOCLINIC, ORTHORHOMBIC, PERIODIC, RHOMBOHEDRAL, TETRAGONAL, TRICLINIC, cell, lattice
from chemistry import SPACING, TESTS

from kmc import bravais
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.lattice import Lattice, lattice_of
from kmc.mechanism import compile_mechanism

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

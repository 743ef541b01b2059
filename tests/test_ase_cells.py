# SPDX-License-Identifier: BSD-3-Clause
"""Lattices out of structure files: what ASE writes is read back, and cells that are no lattice of sites are refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, make_supercell
from ase.io import write
from ase.spacegroup import crystal

from kmc.ase_cells import MAX_ATOMS, n_copies
from kmc.deck import load_deck
from kmc.errors import DeckError
from kmc.lattice import lattice_of
from kmc.mechanism import compile_mechanism
from kmc.provenance import tables

DECK = """\
run: {{duration: 1 s}}
lattice: {{type: cell, cell: {{file: {file}}}, size: [5, 5, 6], fill: A}}
protocol: {{temperature: 300 K, potential: 0 V}}
species: {{A: {{phase: liquid}}, B: {{phase: liquid}}}}
processes:
- name: flip
  equation: A => B
  rate: {{law: constant, rate-constant: 1 1/s}}
"""


def li2o(primitive):
    """Antifluorite; one formula unit in the primitive cell, four in the cubic one."""
    return crystal(
        ("Li", "O"),
        [(0.25, 0.25, 0.25), (0, 0, 0)],
        spacegroup=225,
        cellpar=[4.62, 4.62, 4.62, 90, 90, 90],
        primitive_cell=primitive,
    )


def slab():
    found = fcc111("Cu", (1, 1, 4), vacuum=8)
    found.info.clear()
    return found


def deck_with(directory, atoms, name="cell.extxyz", **options):
    if atoms is not None:
        write(directory / name, atoms, **options)
    path = directory / "deck.yaml"
    path.write_text(DECK.format(file=name), encoding="utf-8")
    return load_deck(path)


def refusal(directory, atoms, name="cell.extxyz"):
    with pytest.raises(DeckError) as caught:
        deck_with(directory, atoms, name)
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.excerpt[problem.column - 1 :].startswith(name)
    return problem.message


@pytest.mark.parametrize("name", ["cell.extxyz", "cell.cif", "POSCAR", "cell.traj", "cell.json"])
def test_primitive_cell_of_a_metal_gives_its_lattice_whatever_the_format(tmp_path, name):
    """The primitive cell of copper: (111) planes of fcc, 3.61 angstrom / sqrt(2) between atoms."""
    options = {"direct": True} if name == "POSCAR" else {}
    found = lattice_of(deck_with(tmp_path, bulk("Cu", "fcc", a=3.61), name, **options))
    assert found.spacing == pytest.approx(3.61e-10 / 2**0.5, rel=1e-6)
    assert [len(found.shell(n)) for n in (1, 2, 3)] == [12, 6, 24]
    assert len(found.operations()) == 48
    assert found.site_volume == pytest.approx(3.61e-10**3 / 4, rel=1e-6)
    assert found.vectors[0, 1:].tolist() == [0.0, 0.0]
    assert found.layer_height == pytest.approx(3.61e-10 / 3**0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("atoms", "order", "neighbours"),
    [
        (bulk("Fe", "bcc", a=2.87), 48, 8),
        (bulk("Po", "sc", a=3.35), 48, 6),
        (Atoms("Li", cell=[3.0, 3.0, 4.9, 90, 90, 120], pbc=True), 24, 6),
        (Atoms("Li", cell=[3.0, 3.3, 4.9, 90, 90, 90], pbc=True), 8, 2),
        (Atoms("Li", cell=[3.0, 3.3, 4.9, 90, 100, 90], pbc=True), 4, 2),
    ],
    ids=["bcc", "simple cubic", "hexagonal", "orthorhombic", "monoclinic"],
)
def test_cell_keeps_its_symmetry_and_is_turned_into_the_plane(tmp_path, atoms, order, neighbours):
    turned = atoms.copy()
    turned.rotate(37, (1, 2, 3), rotate_cell=True)
    for each in (atoms, turned):
        found = lattice_of(deck_with(tmp_path, each))
        assert len(found.operations()) == order
        assert len(found.shell(1)) == neighbours
        assert found.vectors[:2, 2].tolist() == [0.0, 0.0]
        assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(atoms.cell.lengths() * 1e-10, rel=1e-6)


def test_left_handed_cell_is_as_good_as_its_mirror_image(tmp_path):
    atoms = Atoms("Li", cell=[[3, 0, 0], [0, 4, 0], [0.5, 0.2, -5]], pbc=True)
    found = lattice_of(deck_with(tmp_path, atoms))
    assert found.vectors == pytest.approx(np.array([[3, 0, 0], [0, 4, 0], [0.5, 0.2, 5]]) * 1e-10)


def test_last_image_of_a_trajectory_is_taken(tmp_path):
    images = [bulk("Cu", "sc", a=length) for length in (2.0, 3.0)]
    assert lattice_of(deck_with(tmp_path, images, "cell.traj")).spacing == pytest.approx(3e-10)


def test_primitive_cell_of_a_compound_is_one_site_with_a_note(tmp_path):
    deck = deck_with(tmp_path, li2o(primitive=True))
    found = lattice_of(deck)
    assert [len(found.shell(n)) for n in (1, 2)] == [12, 6]
    assert found.spacing == pytest.approx(4.62e-10 / 2**0.5, rel=1e-6)
    notes = compile_mechanism(deck).notes
    assert "lattice: the cell of cell.extxyz holds 3 atoms; a site stands for all of them, Li2O" in notes


def test_cell_of_one_atom_needs_no_note(tmp_path):
    deck = deck_with(tmp_path, bulk("Cu", "fcc", a=3.61))
    assert not any("cell.extxyz" in note for note in compile_mechanism(deck).notes)


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (bulk("Cu", "fcc", a=3.61, cubic=True), "holds its motif 4 times"),
        (li2o(primitive=False), "holds its motif 4 times"),
        (bulk("Cu", "fcc", a=3.61) * (1, 1, 3), "holds its motif 3 times"),
        (make_supercell(bulk("Fe", "bcc", a=2.87), [[1, 1, 0], [0, 1, 0], [0, 0, 2]]), "holds its motif 2 times"),
        (slab(), "is not periodic along its third vector"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 1]]), "has no cell: its first vector is missing"),
        (Atoms("Li", cell=[[1, 0, 0], [1, 1, 0], [2, 1, 0]], pbc=True), "has a cell without volume"),
        (Atoms("Li", cell=[3, 3, 400], pbc=True), "the longest vector has more than 100 times"),
        (Atoms("Li", cell=[[3, 0, 0], [3, 0.1, 0], [0, 0, 3]], pbc=True), "the vectors lie nearly in one plane"),
        (Atoms(f"Li{MAX_ATOMS + 1}", np.random.default_rng(1).random((MAX_ATOMS + 1, 3)), cell=[9] * 3, pbc=True),
         "holds 501 atoms"),
    ],
    ids=["cubic cell", "compound", "stack", "sheared", "slab", "molecule", "flat", "long", "nearly flat", "large"],
)
def test_cell_that_is_no_primitive_cell_of_a_lattice_is_refused_where_the_deck_names_it(tmp_path, atoms, message):
    assert message in refusal(tmp_path, atoms)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cell.cif", b"", "cannot be read by ASE"),
        ("cell.cif", b"data_x\n_cell_length_a 3\n", "cannot be read by ASE"),
        ("POSCAR", b"only a title\n", "cannot be read by ASE"),
        ("cell.extxyz", b"1\nLattice=\"1 0 0\"\nLi 0 0 0\n", "cannot be read by ASE"),
        ("cell.json", b"\x89HDF", "cannot be read by ASE"),
        ("cell.unknown", b"abc", "cannot be read by ASE"),
    ],
)
def test_file_that_ase_cannot_read_is_refused_where_the_deck_names_it(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in refusal(tmp_path, None, name)


def test_copies_are_counted_through_the_sides_of_the_cell_and_with_rounded_positions():
    cell = np.diag([6.0, 3.0, 3.0])
    places = np.array([[0.999, 0.0, 0.0], [0.4992, 0.0, 0.0], [0.25, 0.5, 0.5], [0.75, 0.5, 0.5]])
    assert n_copies(places, np.array([3, 3, 8, 8]), cell) == 2
    assert n_copies(places, np.array([3, 3, 8, 9]), cell) == 1
    assert n_copies(places[:3], np.array([3, 3, 8]), cell) == 1


def test_file_is_found_beside_the_deck_that_names_it_and_kept_with_the_results(tmp_path):
    (tmp_path / "base").mkdir()
    deck_with(tmp_path / "base", bulk("Cu", "fcc", a=3.61))
    path = tmp_path / "above.yaml"
    path.write_text("extends: base/deck.yaml\nrun: {duration: 2 s}\n", encoding="utf-8")
    deck = load_deck(path)
    assert lattice_of(deck).spacing == pytest.approx(3.61e-10 / 2**0.5, rel=1e-6)
    kept = tables(deck, compile_mechanism(deck))
    assert kept["tables"]["file"] == ["cell.extxyz"]
    assert (tmp_path / "base/cell.extxyz").read_text() in kept["tables"]["text"]
    assert kept["parameters"]["name"].count("cell a3 z") == 1
    assert kept["parameters"]["source"][kept["parameters"]["name"].index("cell a3 z")] == "cell.extxyz"


def test_deck_that_builds_on_a_cell_may_give_a_spacing_and_the_other_way_round(tmp_path):
    deck_with(tmp_path, bulk("Cu", "fcc", a=3.61))
    path = tmp_path / "above.yaml"
    path.write_text("extends: deck.yaml\nlattice: {type: simple cubic, spacing: 1 nm}\n", encoding="utf-8")
    assert lattice_of(load_deck(path)).kind == "simple cubic"
    below = tmp_path / "further.yaml"
    below.write_text("extends: above.yaml\nlattice: {type: cell, cell: {file: cell.extxyz}}\n", encoding="utf-8")
    assert lattice_of(load_deck(below)).kind == "cell"
    vectors = "[[1 nm, 0 nm, 0 nm], [0 nm, 1 nm, 0 nm], [0 nm, 0 nm, 2 nm]]"
    path.write_text(f"extends: deck.yaml\nlattice: {{cell: {{vectors: {vectors}}}}}\n", encoding="utf-8")
    assert lattice_of(load_deck(path)).layer_height == pytest.approx(2e-9)

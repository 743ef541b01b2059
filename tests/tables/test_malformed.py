# SPDX-License-Identifier: BSD-3-Clause
"""Malformed tables of every kind are refused: with the file, the place in it, and what would be right."""

import json
import sqlite3

import numpy as np
import pytest
from barrier_tables import (
    LATTICE_COLUMNS,
    NETWORK_COLUMNS,
    frozen,
    reference,
    small_band,
    write_ase,
    write_cathub,
    write_images,
    write_network,
    write_sources,
    write_vasp,
)

from kmc.barriers import HEADER, Tables
from kmc.cli import main
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism

GOOD = (0.0, 0.4, 0.1)


def cut(path, part=0.6):
    """Take away the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


def damage(path):
    """Overwrite everything after the first page of an SQLite file."""
    content = bytearray(path.read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    path.write_bytes(bytes(content))
    return path


def text(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def changed(path, *commands):
    """An SQLite file after some commands."""
    connection = sqlite3.connect(path)
    for command in commands:
        connection.execute(command)
    connection.commit()
    connection.close()
    return path


def band(folder, name="hop.traj", energies=GOOD, **info):
    return write_images(folder / name, small_band(energies, **info))


# Each maker gets an empty folder, and the relaxed hop; it returns the table.
CSV = {
    "no unit": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,,DFT,a paper,,\n"),
        "barrier of 'hop': no unit; expected one such as 'eV'",
    ),
    "of another dimension": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,V,DFT,a paper,,\n"),
        "'V' is a potential; expected an energy",
    ),
    "no source": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,eV,DFT,,,\n"),
        "barrier of 'hop' has no source",
    ),
    "not finite": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,inf,,eV,DFT,a paper,,\n"),
        "value 'inf' is no finite number",
    ),
    "two values": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\n" + "hop,barrier,0.4,,eV,DFT,a paper,,\n" * 2),
        "a second barrier of 'hop', first in line 2",
    ),
    "semicolons": (lambda f, h: text(f / "t.csv", "id;quantity\n"), "separates its columns by something else"),
    "range with uncertainty": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4 .. 0.5,0.1,eV,DFT,a paper,,\n"),
        "a range or a list takes no uncertainty",
    ),
    "range reversed": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.5 .. 0.4,,eV,DFT,a paper,,\n"),
        "is no range: its first value is not below its second",
    ),
    "not text": (lambda f, h: text(f / "t.csv", b"id\xff"), "is not UTF-8 text"),
}
ASE = {
    "cut off": (lambda f, h: cut(states(f / "t.db")), "is cut off: it holds"),
    "damaged": (lambda f, h: damage(states(f / "t.db")), "database"),
    "other database": (
        lambda f, h: changed(f / "t.db", "CREATE TABLE things (a)"),
        "is an SQLite database, but not of ASE, CatHub, HiPRGen or RNMC; it has the tables things",
    ),
    "being written": (
        lambda f, h: text(states(f / "t.db").with_name("t.db-journal"), "x").with_name("t.db"),
        "t.db-journal stands beside it",
    ),
    "no process": (
        lambda f, h: write_ase(f / "t.json", [(small_band([0.0])[0], {"functional": "PBE"})]),
        "has no row with the key 'process'",
    ),
    "gap": (
        lambda f, h: write_ase(f / "t.json", images(f, (0, 0.0), (1, 0.4), (3, 0.1))),
        "process 'hop': incomplete band: no image 2",
    ),
    "below the final state": (
        lambda f, h: write_ase(f / "t.json", [bare(Ea=0.3, dE=0.5)]),
        "process 'hop': its barrier of 0.3 eV lies below its reaction energy of 0.5 eV",
    ),
    "negative barrier": (lambda f, h: write_ase(f / "t.json", [bare(Ea=-0.3)]), "its barrier is -0.3 eV"),
    "zpe of one state": (
        lambda f, h: states(f / "t.json", IS={"zpe": 0.1}),
        "IS has a zero-point energy (zpe), but TS has none",
    ),
    "zpe and frequencies": (
        lambda f, h: states(f / "t.json", IS=modes(0.1) | {"zpe": 0.1}, TS=modes(0.1j) | {"zpe": 0.1}),
        "both zpe and vib_energies",
    ),
    "one state with frequencies": (
        lambda f, h: states(f / "t.json", IS=modes(0.1)),
        "IS has vibrations, but TS has none",
    ),
    "unstable initial state": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.1j), TS=modes(0.1, 0.1j)),
        "IS has 1 imaginary mode; a minimum has none",
    ),
    "no unstable mode": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.1), TS=modes(0.1, 0.1)),
        "TS has no imaginary modes; a transition state has exactly one",
    ),
    "different numbers of modes": (
        lambda f, h: states(f / "t.json", IS=modes(0.1), TS=modes(0.1, 0.1j)),
        "IS has 1 modes and TS 2",
    ),
    "modes at rest": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.0), TS=modes(0.1, 0.1j)),
        "a vibrational energy of IS is zero: leave out translations",
    ),
    "modes are text": (
        lambda f, h: states(f / "t.json", IS={"data": {"vib_energies": "many"}}, TS=modes(0.1j)),
        "the vibrational energies of IS are no list of numbers",
    ),
}
TRAJECTORY = {
    "cut off": (lambda f, h: cut(band(f)), "is a damaged ASE trajectory, perhaps cut off"),
    "empty": (lambda f, h: text(f / "hop.traj", b""), "is no ASE trajectory"),
    "text": (lambda f, h: text(f / "hop.traj", "energies"), "is no ASE trajectory"),
    "two images": (lambda f, h: band(f, energies=(0.0, 0.4)), "band 'hop': incomplete band: 2 images, at least 3"),
    "no energy": (lambda f, h: band(f, energies=(0.0, None, 0.1)), "band 'hop': image 1 has no energy"),
    "not finite": (lambda f, h: band(f, energies=(0.0, np.nan, 0.1)), "energy of image 1 is nan, no finite number"),
    "no summit": (lambda f, h: band(f, energies=(0.0, 0.1, 0.4)), "no image lies above both ends"),
    "other atoms": (
        lambda f, h: write_images(f / "hop.traj", [*small_band((0.0, 0.4)), other_atom(0.1)]),
        "its images differ in their atoms: image 2 is He, image 0 is H",
    ),
    "process of some": (
        lambda f, h: write_images(f / "hop.traj", [*small_band((0.0, 0.4), process="hop"), *small_band((0.1,))]),
        "image 2 has no key 'process', which image 0 has",
    ),
    "uncertainties": (lambda f, h: band(f, uncertainty=-0.1), "its uncertainty is negative"),
    "bands that share no ends": (
        lambda f, h: write_images(
            f / "hop.traj", [*small_band((0.0, 0.3, 0.4, 0.1)), *moved(small_band((0.0, 0.3, 0.4, 0.1)))]
        ),
        "image 4 lies 1.41 angstrom from the image before, and the ends only 1.61: this is no single band",
    ),
    "without a cell": (lambda f, h: write_images(f / "hop.traj", flat(h.images)), "band 'hop': its images cannot"),
    "directory without a band": (lambda f, h: f, "is a directory without a band"),
    "two of one name": (
        lambda f, h: band(f).parent if band(f, "hop.xyz") else None,
        "two bands have the name 'hop'",
    ),
    "source of a stranger": (
        lambda f, h: write_sources(band(f).parent / "sources.csv", "hip,,,,a paper,,").parent,
        "'hip' is no row of the table beside this list, did you mean 'hop'?",
    ),
    "two sources": (
        lambda f, h: write_sources(band(f, source="one").parent / "hop.sources.csv", "hop,,,,another,,").with_name(
            "hop.traj"
        ),
        "its images say one source and sources.csv another",
    ),
}
EXTENDED_XYZ = {
    "cut off": (lambda f, h: without_last_line(band(f, "hop.xyz")), "image 2 has 1 atoms, but 0 lines follow"),
    "no number of atoms": (
        lambda f, h: text(f / "hop.xyz", "many\nenergy=1\nH 0 0 0\n"),
        "'many' is no number of atoms, with which image 0 has to begin",
    ),
    "no atoms": (lambda f, h: text(f / "hop.xyz", "0\nenergy=1\n"), "image 0 has 0 atoms"),
    "place is text": (
        lambda f, h: text(f / "hop.xyz", "1\nenergy=1\nH 0 0 0\n1\nenergy=2\nH 0 x 0\n"),
        "image 1 is no extended XYZ: ValueError",
    ),
    "unknown element": (
        lambda f, h: text(f / "hop.xyz", "1\nenergy=1\nQq 0 0 0\n"),
        "image 0 is no extended XYZ: KeyError: 'Qq'",
    ),
    "energy is text": (
        lambda f, h: text(
            f / "hop.xyz", "".join(f"1\nenergy={e}\nH {i} 0 0\n" for i, e in enumerate(("0", "low", "0")))
        ),
        "energy of image 1 is 'low', no finite number",
    ),
    "plain xyz": (
        lambda f, h: text(f / "hop.xyz", "".join(f"1\nan image\nH {i} 0 0\n" for i in range(3))),
        "band 'hop': image 0 has no energy",
    ),
    "empty": (lambda f, h: text(f / "hop.xyz", "\n\n"), "holds no image"),
    "not text": (lambda f, h: text(f / "hop.xyz", b"1\n\xff\n"), "is not UTF-8 text"),
}
VASP = {
    "no OUTCAR of an end": (
        lambda f, h: removed(f / "hop", h, "00/OUTCAR"),
        "band 'hop': image 00 has no OUTCAR; copy there the one of the relaxation",
    ),
    "no OUTCAR of an image": (
        lambda f, h: removed(f / "hop", h, "02/OUTCAR"),
        "band 'hop': image 02 has no OUTCAR",
    ),
    "no structure": (
        lambda f, h: removed(f / "hop", h, "02/CONTCAR"),
        "image 02 has neither CONTCAR nor POSCAR",
    ),
    "no folder": (lambda f, h: removed(f / "hop", h, "02"), "incomplete band: no folder 02"),
    "no beginning": (lambda f, h: removed(f / "hop", h, "00"), "incomplete band: it starts with 01, not 00"),
    "cut in the loop": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old[: old.index("  FREE ENERGIE")]),
        "02/OUTCAR ends inside an electronic loop",
    ),
    "cut at the start": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old[:200]),
        "02/OUTCAR holds no energy",
    ),
    "stars for an energy": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", stars),
        "02/OUTCAR has the energy '****************', no number",
    ),
    "no bands": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old.replace("NBANDS=", "NBANDS?")),
        "the OUTCAR of image 02 is not whole, pymatgen cannot read it",
    ),
    "no structure in POSCAR": (
        lambda f, h: edited(f / "hop", h, "00/POSCAR", lambda old: old[:60]),
        "00/POSCAR is no POSCAR",
    ),
    "other atoms": (
        lambda f, h: edited(f / "hop", h, "02/CONTCAR", lambda old: old.replace("Au", "Ag")),
        "its images differ in their atoms: 02 is",
    ),
    "other functional": (
        lambda f, h: edited(f / "hop", h, "00/OUTCAR", lambda old: old.replace("GGA     =    --", "GGA     =    RP")),
        "its images were calculated with different functionals: RPBE in 00, PBE in 04",
    ),
    "no summit": (
        lambda f, h: write_vasp(f / "hop", [frozen(image, energy=i / 10) for i, image in enumerate(h.images)]),
        "no image lies above both ends",
    ),
    "source of a stranger": (
        lambda f, h: write_sources(write_vasp(f / "hop", h.images) / "sources.csv", "hip,,,,a paper,,").parent,
        "'hip' is no row of the table beside this list",
    ),
}
CATHUB = {
    "cut off": (lambda f, h: cut(write_cathub(f / "c.db", [{}])), "is cut off"),
    "no publication table": (
        lambda f, h: changed(write_cathub(f / "c.db", [{}]), "DROP TABLE publication"),
        "has no table 'publication', so it is no such database of CatHub",
    ),
    "no column": (
        lambda f, h: changed(write_cathub(f / "c.db", [{}]), "ALTER TABLE reaction DROP COLUMN activation_energy"),
        "table 'reaction' has no column 'activation_energy', which CatHub writes",
    ),
    "no reactions": (lambda f, h: write_cathub(f / "c.db", []), "holds no reaction"),
    "two of one id": (lambda f, h: write_cathub(f / "c.db", [{}, {"id": 1}]), "two reactions have the id 1"),
    "no id": (lambda f, h: write_cathub(f / "c.db", [{}, {"id": None}]), "row 2 of table 'reaction' has no id"),
    "below the final state": (
        lambda f, h: write_cathub(f / "c.db", [{"reaction_energy": 0.9}]),
        "reaction 1: its barrier of 0.4 eV lies below its reaction energy of 0.9 eV",
    ),
    "not finite": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": np.inf}]),
        "reaction 1: activation_energy is inf, no finite number",
    ),
    "text": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": "high"}]),
        "reaction 1: activation_energy is 'high', no finite number",
    ),
    "no energies": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": None, "reaction_energy": None}]),
        "reaction 1: it has neither an activation energy nor a reaction energy",
    ),
    "no publication": (
        lambda f, h: write_cathub(f / "c.db", [{"pub_id": None}]),
        "reaction 1: it names no publication (pub_id), so its values have no source",
    ),
    "unknown publication": (
        lambda f, h: write_cathub(f / "c.db", [{"pub_id": "Skip2021"}]),
        "its publication 'Skip2021' is missing in the table 'publication'",
    ),
    "reactants are text": (
        lambda f, h: write_cathub(f / "c.db", [{"reactants": "Cu*"}]),
        "reactants is 'Cu*'; expected JSON such as",
    ),
    "no products": (
        lambda f, h: write_cathub(f / "c.db", [{"products": json.dumps({"star": 0})}]),
        "reaction 1: it has no products",
    ),
}


def network(*rows, **options):
    return lambda f, h: write_network(f / "rn.sqlite", [{}, *rows], **options)


def lattice(**row):
    return network(row, good=LATTICE_COLUMNS)


NETWORK = {
    "cut off": (lambda f, h: cut(network()(f, h)), "is cut off"),
    "damaged": (lambda f, h: damage(network(*({} for _ in range(500)))(f, h)), "is a damaged SQLite database"),
    "no metadata": (
        lambda f, h: changed(network()(f, h), "DROP TABLE metadata"),
        "has no table 'metadata', so it is no such database of HiPRGen or RNMC",
    ),
    "empty metadata": (network(metadata=[]), "table 'metadata' has 0 rows; expected one"),
    "fewer rows": (network(metadata=[(3, 5)]), "table 'reactions' has 1 rows, but metadata says 5 reactions"),
    "no species": (network(metadata=[(0, 1)]), "metadata: 0 species and 1 reactions; expected at least one"),
    "metadata is text": (
        network(metadata=[("three", 1)]),
        "metadata: number_of_species is 'three'; expected a whole number",
    ),
    "no column": (
        lambda f, h: changed(network()(f, h), "ALTER TABLE reactions DROP COLUMN rate"),
        "table 'reactions' has no column 'rate'",
    ),
    "half a lattice": (
        network(good=NETWORK_COLUMNS | {"type": "L"}),
        "table 'reactions' has no columns phase_reactant_1, phase_reactant_2",
    ),
    "missing value": (network({"rate": None}), "reaction_id 1: rate is missing (NULL); expected a finite number"),
    "not finite": (network({"dG": np.inf}), "reaction_id 1: dG is inf; expected a finite number"),
    "negative": (network({"rate": -1.0}), "reaction_id 1: rate is -1.0; expected 0 or more"),
    "two of one id": (network({}, {"reaction_id": 1}), "reaction_id 1: stands there twice"),
    "gap in the ids": (network({"reaction_id": 7}), "reaction_id 7: is outside of 0 ... 1"),
    "no id": (network({"reaction_id": None}), "row 2 of reactions: reaction_id is missing (NULL)"),
    "unknown species": (network({"product_1": 3}), "reaction_id 1: product_1 is 3, none of the 3 species"),
    "three reactants": (
        network({"number_of_reactants": 3}),
        "reaction_id 1: number_of_reactants is 3; expected 0, 1 or 2",
    ),
    "a reactant too many": (
        network({"reactant_2": 2}),
        "reaction_id 1: reactant_2 is 2, but number_of_reactants is 1; expected -1",
    ),
    "neither side": (
        network({"number_of_reactants": 0, "reactant_1": -1, "number_of_products": 0, "product_1": -1}),
        "reaction_id 1: neither reactants nor products",
    ),
    "redox": (network({"is_redox": 2}), "reaction_id 1: is_redox is 2; expected 0 or 1"),
    "phase": (lattice(phase_product_1="G"), "reaction_id 1: phase_product_1 is 'G'; expected L or S"),
    "type": (lattice(type="X"), "reaction_id 1: type is 'X'; expected one of O, R, F, L, S, D, A"),
    "initial state": (
        lambda f, h: changed(f / "rn.sqlite", "CREATE TABLE initial_state (a)"),
        "is the initial state of a network; the table is the database with its reactions",
    ),
}
# Right for the program that wrote them, but not what a deck means by the name.
NETWORK_VALUES = {
    "of a redox reaction": (network(), {"is_redox": 1}, "it is a redox reaction, whose barrier there leaves out"),
    "below the reaction energy": (
        network(),
        {"dG": 0.9},
        "its barrier of 0.4 eV lies below its reaction energy of 0.9 eV; a transition state lies above both ends; "
        "a network writes so where there is no barrier: use its rate-constant",
    ),
    "negative": (network(), {"dG": -0.5, "dG_barrier": -0.5}, "its barrier is -0.5 eV"),
    "placeholder": (network(), {"dG_barrier": 100.0}, "its barrier is 100 eV, which stands for an unknown one"),
}
ROWS = {"CATHUB": "1", "NETWORK": "1"}
CASES = {
    f"{kind} {name}": (make, ROWS.get(kind, "hop"), message)
    for kind, cases in {
        "CSV": CSV,
        "ASE": ASE,
        "TRAJECTORY": TRAJECTORY,
        "EXTENDED_XYZ": EXTENDED_XYZ,
        "VASP": VASP,
        "CATHUB": CATHUB,
        "NETWORK": NETWORK,
    }.items()
    for name, (make, message) in cases.items()
}


def images(folder, *pairs):
    return [
        (atoms, {"process": "hop", "image": index})
        for (index, _), atoms in zip(pairs, small_band([energy for _, energy in pairs]), strict=True)
    ]


def bare(**keys):
    from ase import Atoms

    return Atoms(), {"process": "hop", **keys}


def states(path, **more):
    keys = ({"process": "hop", "state": name} | more.get(name, {}) for name in ("IS", "TS"))
    return write_ase(path, zip(small_band((0.0, 0.4)), keys, strict=True))


def modes(*energies):
    return {"data": {"vib_energies": np.array(energies)}}


def other_atom(energy):
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms("He")
    atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return atoms


def moved(band):
    copies = [frozen(image, forces=False) for image in band]
    for image, copy in zip(band, copies, strict=True):
        copy.calc.atoms.positions += 0.1
        copy.positions += 0.1
        assert copy.get_potential_energy() == image.get_potential_energy()
    return copies


def flat(band):
    """The band in a cell without volume that calls itself periodic."""
    copies = [frozen(image) for image in band]
    for image in copies:
        for atoms in (image, image.calc.atoms):
            atoms.cell = np.array([[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 5.0, 0.0]])
    return copies


def without_last_line(path):
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    return path


def removed(folder, hop, what):
    import shutil

    path = write_vasp(folder, hop.images) / what
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def edited(folder, hop, what, change):
    path = write_vasp(folder, hop.images) / what
    path.write_text(change(path.read_text()))
    return folder


def stars(old):
    start = old.rindex("energy(sigma->0) =") + len("energy(sigma->0) =")
    return old[:start] + " " + "*" * 16 + "\n"


def problems_of(path, row, quantity="barrier"):
    """Everything that a deck that refers to one value would tell."""
    tables = Tables({"t": path})
    found = list(tables.problems)
    try:
        tables.value(reference(row, quantity))
    except DeckError as error:
        found += error.problems
    return [*found, *tables.problems]


@pytest.mark.parametrize("case", CASES)
def test_a_malformed_table_is_refused_with_its_place(tmp_path, hop, case):
    make, row, message = CASES[case]
    path = make(tmp_path, hop)
    with np.errstate(all="ignore"):
        problems = problems_of(path, row)
    matching = [problem for problem in problems if message in problem.message]
    assert matching, [str(problem) for problem in problems]
    assert str(path) in matching[0].file or matching[0].file.endswith("sources.csv")


def test_every_kind_has_at_least_five_malformed_files():
    for cases in (CSV, ASE, TRAJECTORY, EXTENDED_XYZ, VASP, CATHUB, NETWORK):
        assert len(cases) >= 5


@pytest.mark.parametrize("case", NETWORK_VALUES)
def test_a_number_of_a_network_that_a_deck_would_misunderstand_is_refused_where_it_is_asked_for(tmp_path, case):
    _, row, message = NETWORK_VALUES[case]
    path = write_network(tmp_path / "rn.sqlite", [{}, row])
    (problem,) = problems_of(path, 1)
    assert problem.message.startswith("reaction 1: ")
    assert message in problem.message
    assert not problems_of(path, 0)
    assert not problems_of(path, 1, "rate-constant")


LINES = {
    "EXTENDED_XYZ place is text": 4,
    "EXTENDED_XYZ cut off": 7,
    "EXTENDED_XYZ not text": 2,
    "CSV no unit": 2,
    "CSV two values": 3,
    "TRAJECTORY source of a stranger": None,
}


@pytest.mark.parametrize("case", LINES)
def test_text_files_are_refused_with_the_line(tmp_path, hop, case):
    make, row, message = CASES[case]
    problem = next(each for each in problems_of(make(tmp_path, hop), row) if message in each.message)
    assert problem.line == LINES[case]


def test_a_thousand_wrong_rows_are_told_as_twenty(tmp_path):
    path = write_network(tmp_path / "rn.sqlite", [{"rate": None}] * 1000)
    problems = dict.fromkeys(problems_of(path, 1))
    assert len(problems) == 21
    assert "and 980 more faults of this kind" in {problem.message for problem in problems}


DECK = """\
title: nothing right
tables: {tables}
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [4, 5], fill: A}}
protocol: {{temperature: 300 K, potential: 0 V}}
species: {{A: {{phase: liquid}}, B: {{phase: liquid}}}}
processes:
"""
PROCESS = "- name: {name}\n  equation: A => B\n  rate: {{law: eyring, barrier: {name}#{row}}}\n"
ONE_OF_EACH = {
    "csv": CSV["no unit"],
    "ase": ASE["gap"],
    "traj": TRAJECTORY["no summit"],
    "xyz": EXTENDED_XYZ["place is text"],
    "vasp": VASP["no folder"],
    "cathub": CATHUB["no publication"],
    "network": NETWORK["missing value"],
}


@pytest.fixture
def deck_of_seven(tmp_path, hop):
    tables = {}
    text_of = ""
    for name, (make, _) in ONE_OF_EACH.items():
        folder = tmp_path / name
        folder.mkdir()
        tables[name] = make(folder, hop).relative_to(tmp_path).as_posix()
        text_of += PROCESS.format(name=name, row=1 if name in ("cathub", "network") else "hop")
    path = tmp_path / "deck.yaml"
    path.write_text(DECK.format(tables="{" + ", ".join(f"{k}: {v}" for k, v in tables.items()) + "}") + text_of)
    return path


def test_a_deck_tells_the_faults_of_all_its_tables_at_once(deck_of_seven):
    deck = parse_deck(deck_of_seven.read_text(), "deck.yaml", deck_of_seven.parent)
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck)
    messages = [problem.message for problem in caught.value.problems]
    for _, message in ONE_OF_EACH.values():
        assert any(message in each for each in messages), message


def test_the_command_refuses_them_without_a_traceback(deck_of_seven, capsys):
    assert main(["check", str(deck_of_seven)]) == 2
    shown = "".join(capsys.readouterr())
    assert "Traceback" not in shown
    for name, (_, message) in ONE_OF_EACH.items():
        assert message in shown, name


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("t: nowhere", "no such file 'nowhere'"),
        ("t: hop.csvs", "'hop.csvs' is no table; expected a .csv file, an ASE database"),
        ("t: hop.treaj", "'hop.treaj' is no table; expected"),
        ("t: hip.traj", "no such file 'hip.traj', did you mean 'hop.traj'?"),
        ("t: note.txt", "'note.txt' is no table; expected"),
    ],
)
def test_a_path_that_is_no_table_is_refused_in_the_deck(tmp_path, entry, message):
    band(tmp_path)
    (tmp_path / "note.txt").write_text("no table")
    with pytest.raises(DeckError) as caught:
        parse_deck(DECK.format(tables=f"{{{entry}}}") + PROCESS.format(name="t", row="hop"), "d.yaml", tmp_path)
    (problem,) = caught.value.problems
    assert problem.message.startswith(message)
    assert problem.line == 2

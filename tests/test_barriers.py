# SPDX-License-Identifier: BSD-3-Clause
"""Values out of CSV tables and ASE databases, and how faults in them are told."""

import json
import sqlite3
from math import exp
from pathlib import Path

import numpy as np
import pytest

from kmc.barriers import HEADER, QUANTITIES, Tables
from kmc.errors import DeckError
from kmc.quantity import Location, TableReference
from kmc.rates import RATE_LAWS

TABLE = Path(__file__).parent / "tables" / "sei.csv"
FIRST = ",".join(HEADER)
GOOD = "G2,barrier,0.477,0.1,eV,DFT,a paper,,"
FAULTY_LINES = {
    "G2,barrier,0.4,0.1,eV,DFT,,,": "barrier of 'G2' has no source",
    "G2,barrier,,0.1,eV,DFT,a paper,,": "barrier of 'G2': no value",
    "G2,barrier,0.4x,0.1,eV,DFT,a paper,,": "barrier of 'G2': value '0.4x' is no finite number",
    "G2,barrier,nan,0.1,eV,DFT,a paper,,": "barrier of 'G2': value 'nan' is no finite number",
    "G2,barrier,inf,0.1,eV,DFT,a paper,,": "barrier of 'G2': value 'inf' is no finite number",
    "G2,barrier,1_0,0.1,eV,DFT,a paper,,": "barrier of 'G2': value '1_0' is no finite number",
    "G2,barrier,0.4,-0.1,eV,DFT,a paper,,": "barrier of 'G2': an uncertainty cannot be negative",
    "G2,barrier,0.4,much,eV,DFT,a paper,,": "barrier of 'G2': uncertainty 'much' is no finite number",
    "G2,barrier,0.4,0.1,V,DFT,a paper,,": "barrier of 'G2': 'V' is a potential; expected an energy",
    "G2,barrier,0.4,0.1,,DFT,a paper,,": "barrier of 'G2': no unit; expected one such as 'eV'",
    "G2,barrier,0.4,0.1,evo,DFT,a paper,,": "barrier of 'G2': unknown unit 'evo'",
    "G2,barier,0.4,0.1,eV,DFT,a paper,,": "unknown quantity 'barier', did you mean 'barrier'?",
    ",barrier,0.4,0.1,eV,DFT,a paper,,": "no id",
    "G#2,barrier,0.4,0.1,eV,DFT,a paper,,": "id 'G#2' holds a '#'",
    "G2,barrier,0.4,0.1,eV,DFT,a paper,": "8 columns; expected 9 (a text with a comma stands in quotes)",
}
FAULTY_FILES = {
    "": "has no column 'id'",
    "id;quantity;value\n": "separates its columns by something else than commas",
    FIRST.replace(",doi", "") + "\n": "has no column 'doi'",
    FIRST + ",more\n": "has a column 'more'",
    FIRST.replace("id,quantity", "quantity,id") + "\n": "has its columns in another order",
    FIRST + "\n\n": "holds no values",
    FIRST + '\nG2,"barrier': "is no CSV",
}


def reference(row, quantity="barrier", table="t"):
    return TableReference(table, row, quantity, Location("deck.yaml", 7, 9))


def write(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(tables, *args, **kwargs):
    with pytest.raises(DeckError) as caught:
        tables.value(reference(*args, **kwargs))
    return caught.value.problems[0]


def test_values_come_out_in_internal_units_with_uncertainty_source_and_line():
    tables = Tables({"t": TABLE})
    assert not tables.problems
    barrier = tables.value(reference("G2"))
    assert barrier.value == pytest.approx(0.47696, rel=1e-4)
    assert barrier.uncertainty == pytest.approx(0.0995, rel=1e-3)
    assert barrier.source == "Wang et al., J. Am. Chem. Soc. 123, 11708 (2001), doi:10.1021/ja0164529"
    assert barrier.method == "DFT with implicit solvent"
    assert barrier.where == Location(str(TABLE), 4)
    assert tables.value(reference("G2", "reaction-free-energy")).where.line == 6
    assert tables.value(reference("alpha", "transfer-coefficient")).where.line == 8
    assert tables.value(reference("G1", "inner-reorganization-energy")).value == pytest.approx(1.1313)
    assert tables.value(reference("walk", "diffusivity")).value == pytest.approx(1e-10)
    assert tables.value(reference("contact", "energy")).uncertainty == pytest.approx(0.02)


def test_every_parameter_of_every_law_can_stand_in_a_table():
    assert {name for law in RATE_LAWS.values() for name in law.parameters} <= set(QUANTITIES)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + f"{FIRST}\r\n{GOOD}\r\n".encode())
    assert Tables({"t": path}).value(reference("G2")).where.line == 2


@pytest.mark.parametrize("line", FAULTY_LINES)
def test_a_faulty_line_is_told_with_file_and_line(tmp_path, line):
    path = write(tmp_path, f"{FIRST}\n{GOOD.replace('G2', 'G3')}\n{line}\n")
    (problem,) = Tables({"t": path}).problems
    assert problem.message.startswith(FAULTY_LINES[line])
    assert (problem.file, problem.line) == (str(path), 3)


@pytest.mark.parametrize("text", FAULTY_FILES)
def test_a_file_that_is_no_table_is_refused(tmp_path, text):
    tables = Tables({"t": write(tmp_path, text)})
    (problem,) = tables.problems
    assert problem.message.startswith(FAULTY_FILES[text])
    assert refusal(tables, "G2") == problem


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    tables = Tables({"t": write(tmp_path, f"{FIRST}\n{GOOD}\n".encode() + b"\xff\xfe")})
    assert (tables.problems[0].message, tables.problems[0].line) == ("is not UTF-8 text", 3)


def test_a_missing_file_is_refused(tmp_path):
    tables = Tables({"t": tmp_path / "none.csv", "d": tmp_path / "none.db"})
    assert "cannot be read" in tables.problems[0].message
    assert "cannot be read" in refusal(tables, "G2", table="d").message
    assert not (tmp_path / "none.db").exists()


def test_a_second_value_of_one_quantity_is_refused_with_both_lines(tmp_path):
    path = write(tmp_path, f"{FIRST}\n{GOOD}\n{GOOD}\n")
    (problem,) = Tables({"t": path}).problems
    assert problem.message == "a second barrier of 'G2', first in line 2"
    assert problem.line == 3


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    path = write(tmp_path, FIRST + "\n" + "\n".join(FAULTY_LINES) + "\n")
    assert len(Tables({"t": path}).problems) >= len(FAULTY_LINES) - 1


def test_a_reference_to_nothing_says_where_it_stands_and_what_there_is():
    tables = Tables({"t": TABLE})
    missing = refusal(tables, "g2")
    assert missing.message == "sei.csv has no row 'g2', did you mean 'G2'?"
    assert (missing.file, missing.line, missing.column) == ("deck.yaml", 7, 9)
    assert refusal(tables, "G2", "prefactor").message == (
        "row 'G2' of sei.csv has no prefactor; it has barrier, reaction-free-energy"
    )
    assert refusal(tables, "G2", table="tt").message == "no table 'tt', did you mean 't'?"


# --- ASE databases ---


@pytest.fixture(scope="module")
def band():
    """Relaxed band of a gold atom that hops on Al(100), five images, effective medium theory."""
    from ase.build import add_adsorbate, fcc100
    from ase.calculators.emt import EMT
    from ase.constraints import FixAtoms
    from ase.mep import NEB
    from ase.optimize import FIRE, QuasiNewton

    initial = fcc100("Al", size=(2, 2, 3))
    add_adsorbate(initial, "Au", 1.7, "hollow")
    initial.center(axis=2, vacuum=4.0)
    initial.set_constraint(FixAtoms(mask=[atom.tag > 1 for atom in initial]))
    final = initial.copy()
    final[-1].x += final.get_cell()[0, 0] / 2
    for end in (initial, final):
        end.calc = EMT()
        QuasiNewton(end, logfile=None).run(fmax=0.05)
    images = [initial, *(initial.copy() for _ in range(3)), final]
    for image in images[1:-1]:
        image.calc = EMT()
    neb = NEB(images, method="improvedtangent")
    neb.interpolate()
    FIRE(neb, logfile=None).run(fmax=0.05, steps=100)
    for image in images:
        image.get_forces()
    return images


def store(path, rows):
    from ase.db import connect

    with connect(str(path), serial=True) as database:
        for atoms, keys in rows:
            database.write(atoms, **keys)
    return path


def state(energy, **keys):
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms("H", positions=[(keys.get("image", 0) * 0.5, 0, 0)])
    if energy is not None:
        atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return atoms, {"process": "hop", **keys}


def bare(**keys):
    from ase import Atoms

    return Atoms(), {"process": "hop", **keys}


@pytest.mark.parametrize("name", ["neb.db", "neb.json"])
def test_a_band_gives_the_barrier_and_the_rate_of_ases_own_analysis(tmp_path, band, name):
    from ase import units
    from ase.mep import NEBTools

    rows = [
        (image, {"process": "hop", "image": i, "functional": "EMT", "doi": "10.1/x"})
        for i, image in enumerate(band)
    ]
    rows.reverse()  # the order in the file does not matter
    tables = Tables({"t": store(tmp_path / name, rows)})
    barrier, energy = tables.value(reference("hop")), tables.value(reference("hop", "reaction-free-energy"))
    expected, difference = NEBTools(band).get_barrier()
    assert barrier.value == pytest.approx(expected, rel=1e-9)
    assert energy.value == pytest.approx(difference, abs=1e-9)
    assert 0.3 < barrier.value < 0.45
    assert barrier.method == "nudged elastic band of 5 images, cubic fit through energies and forces, EMT"
    assert barrier.source == "doi:10.1/x"
    thermal = units.kB * 298.15
    by_ase = thermal * units._e / units._hplanck * exp(-expected / thermal)
    ours = RATE_LAWS["eyring"].rate_constant({"barrier": barrier.value}, temperature=298.15)
    assert ours == pytest.approx(by_ase, rel=2e-5)  # ASE has the constants of CODATA 2014


def test_a_database_is_not_touched_by_reading(tmp_path):
    path = store(tmp_path / "t.db", [bare(Ea=0.3)])
    before = path.read_bytes(), sorted(tmp_path.iterdir())
    Tables({"t": path}).value(reference("hop"))
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_a_band_without_forces_gives_its_highest_image(tmp_path):
    rows = [state(energy, image=i + 1) for i, energy in enumerate([1.0, 1.2, 1.5, 1.3, 0.9])]
    tables = Tables({"t": store(tmp_path / "t.json", rows)})
    assert tables.value(reference("hop")).value == pytest.approx(0.5)
    assert tables.value(reference("hop", "reaction-energy")).value == pytest.approx(-0.1)
    assert "highest image" in tables.value(reference("hop")).method


def test_states_give_barrier_and_reaction_energy(tmp_path):
    rows = [state(energy, state=name) for name, energy in (("TS", 0.4), ("IS", -0.2), ("FS", -0.5))]
    tables = Tables({"t": store(tmp_path / "t.json", rows)})
    assert tables.value(reference("hop")).value == pytest.approx(0.6)
    assert tables.value(reference("hop", "reaction-energy")).value == pytest.approx(-0.3)


def test_without_a_final_state_there_is_no_reaction_energy(tmp_path):
    rows = [state(energy, state=name) for name, energy in (("TS", 0.4), ("IS", -0.2))]
    tables = Tables({"t": store(tmp_path / "t.json", rows)})
    assert tables.value(reference("hop")).value == pytest.approx(0.6)
    assert refusal(tables, "hop", "reaction-energy").message.endswith("it has barrier")


def test_a_bare_row_gives_barrier_energy_uncertainty_and_source(tmp_path):
    row = bare(Ea=0.35, dE=-0.1, uncertainty=0.05, source="a paper", doi="10.1/y", functional="PBE")
    tables = Tables({"t": store(tmp_path / "t.json", [row, (row[0], {"process": "other", "Ea": 1.0})])})
    barrier = tables.value(reference("hop"))
    assert (barrier.value, barrier.uncertainty, barrier.source) == (0.35, 0.05, "a paper, doi:10.1/y")
    assert barrier.method == "ASE database, bare value, PBE"
    assert tables.value(reference("hop", "reaction-energy")).value == -0.1
    assert tables.value(reference("other")).source is None
    assert refusal(tables, "hip").message == "t.json has no row 'hip', did you mean 'hop'?"


FAULTY_PROCESSES = {
    "incomplete band: no image 2": lambda: [state(e, image=i) for i, e in ((0, 0.0), (1, 0.3), (3, 0.1))],
    "incomplete band: it starts with image 2": lambda: [
        state(e, image=i) for i, e in ((2, 0.0), (3, 0.3), (4, 0.1))
    ],
    "incomplete band: 2 images, at least 3 are needed": lambda: [state(0.0, image=0), state(0.3, image=1)],
    "image 1 twice": lambda: [state(e, image=i) for i, e in ((0, 0.0), (1, 0.3), (1, 0.2), (2, 0.1))],
    "image 0.5 of row": lambda: [state(0.1, image=0.5)],
    "image 1 (row 2) has no energy": lambda: [state(e, image=i) for i, e in enumerate((0.0, None, 0.1))],
    "no image lies above both ends": lambda: [state(e, image=i) for i, e in enumerate((0.3, 0.2, 0.1))],
    "the transition state lies 0.1 eV below IS": lambda: [state(0.1, state="IS"), state(0.0, state="TS")],
    "the transition state lies 0.2 eV below FS": lambda: [
        state(0.0, state="IS"),
        state(0.1, state="TS"),
        state(0.3, state="FS"),
    ],
    "no row with state TS": lambda: [state(0.0, state="IS"), state(0.3, state="FS")],
    "two rows with state IS": lambda: [state(0.0, state="IS"), state(0.3, state="IS")],
    "state 'ts' of row 1; expected IS, TS, FS": lambda: [state(0.0, state="ts")],
    "TS (row 2) has no energy": lambda: [state(0.0, state="IS"), state(None, state="TS")],
    "2 rows with Ea; one is needed": lambda: [bare(Ea=0.1), bare(Ea=0.2)],
    "its uncertainty is negative": lambda: [bare(Ea=0.1, uncertainty=-0.1)],
    "they have Ea and state": lambda: [bare(Ea=0.1), state(0.0, state="IS")],
    "they have none of them": lambda: [bare(functional="PBE")],
    "Ea of row 1 is True, no finite number": lambda: [bare(Ea=True)],
}


@pytest.mark.parametrize("message", FAULTY_PROCESSES)
def test_rows_that_give_no_barrier_are_told(tmp_path, message):
    tables = Tables({"t": store(tmp_path / "t.json", FAULTY_PROCESSES[message]())})
    problem = refusal(tables, "hop")
    assert problem.message.startswith("process 'hop': ")
    assert message in problem.message
    assert problem.file.endswith("t.json")


def sqlite_of_another_kind(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE things (a)")
    connection.commit()
    connection.close()


def damaged(path):
    store(path, [bare(Ea=0.1 + i) for i in range(200)])
    content = bytearray(path.read_bytes())
    content[len(content) // 3 :] = b"\x00" * (len(content) - len(content) // 3)
    path.write_bytes(bytes(content))


FAULTY_DATABASES = {
    "empty.db": (lambda path: path.write_bytes(b""), "is not an SQLite database"),
    "text.db": (lambda path: path.write_text("not a database"), "is not an SQLite database"),
    "half.db": (damaged, "database"),
    "foreign.db": (sqlite_of_another_kind, "is an SQLite database, but not of ASE"),
    "empty.json": (lambda path: path.write_bytes(b""), "is not JSON"),
    "text.json": (lambda path: path.write_text("{"), "is not JSON"),
    "list.json": (lambda path: path.write_text("[1]"), "has no 'ids', so it is no ASE database"),
    "rows.json": (
        lambda path: path.write_text(json.dumps({"ids": [1], "1": {}})),
        "cannot be read as an ASE database",
    ),
    "keys.json": (
        lambda path: store(path, [(bare()[0], {"functional": "PBE"})]),
        "has no row with the key 'process'",
    ),
}


@pytest.mark.parametrize("name", FAULTY_DATABASES)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, name):
    make, message = FAULTY_DATABASES[name]
    path = tmp_path / name
    make(path)
    before = path.read_bytes()
    tables = Tables({"t": path})
    assert message in refusal(tables, "hop").message
    assert message in tables.problems[0].message
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_images_that_coincide_are_refused(tmp_path):
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    rows = []
    for i, energy in enumerate((0.0, 0.5, 0.1)):
        atoms = Atoms("H", positions=[(0, 0, 0)])
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=np.zeros((1, 3)))
        rows.append((atoms, {"process": "hop", "image": i}))
    tables = Tables({"t": store(tmp_path / "t.json", rows)})
    with np.errstate(all="ignore"):
        assert "fit" in refusal(tables, "hop").message

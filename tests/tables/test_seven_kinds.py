# SPDX-License-Identifier: BSD-3-Clause
"""One nudged elastic band, written in all seven kinds of table, gives one barrier, and that is ASE's."""

import hashlib
from math import exp
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from barrier_tables import (
    DOI,
    FULL_SOURCE,
    SOURCE,
    frozen,
    reference,
    value,
    write_ase,
    write_cathub,
    write_csv,
    write_images,
    write_network,
    write_sources,
    write_vasp,
)

from kmc import provenance
from kmc.barriers import READERS, Tables
from kmc.deck import parse_deck
from kmc.mechanism import compile_mechanism
from kmc.rates import RATE_LAWS
from kmc.table_kinds import kind_of

TEMPERATURE = 298.15
KEYS = {"source": SOURCE, "doi": DOI, "functional": "EMT"}


def csv(folder, hop):
    return write_csv(folder / "hop.csv", hop.barrier, hop.reaction)


def ase_sqlite(folder, hop):
    rows = [(image, {"process": "hop", "image": i} | KEYS) for i, image in enumerate(hop.images)]
    return write_ase(folder / "neb.db", rows[::-1])


def ase_json(folder, hop):
    rows = [(image, {"process": "hop", "image": i + 1} | KEYS) for i, image in enumerate(hop.images)]
    return write_ase(folder / "neb.json", rows)


def trajectory(folder, hop):
    images = [frozen(image, **KEYS) for image in hop.images]
    return write_images(folder / "hop.traj", images)


def extended_xyz(folder, hop):
    images = [frozen(image, process="hop", **KEYS) for image in hop.images]
    return write_images(folder / "bands.extxyz", images)


def directory_of_bands(folder, hop):
    write_images(folder / "bands" / "hop.xyz", [frozen(image) for image in hop.images])
    write_images(folder / "bands" / "other.traj", [frozen(image) for image in hop.images])
    write_sources(folder / "bands" / "sources.csv", f'hop,,,EMT,"{SOURCE}",{DOI},', '*,,,,"another, paper",,')
    return folder / "bands"


def vasp(folder, hop):
    write_vasp(folder / "hop", hop.images)
    write_sources(folder / "hop" / "sources.csv", f'hop,,,,"{SOURCE}",{DOI},')
    return folder / "hop"


def cathub(folder, hop):
    good = {"id": "hop", "activation_energy": hop.barrier, "reaction_energy": hop.reaction}
    return write_cathub(folder / "cathub.db", [{"id": 3}, good | {"id": 17}])


def network(folder, hop):
    path = write_network(folder / "rn.sqlite", [{"rate": 1.0}, {"dG": hop.reaction, "dG_barrier": hop.barrier}])
    write_sources(folder / "rn.sources.csv", f'1,,,EMT,"{SOURCE}",{DOI},')
    return path


KINDS = {
    csv: ("csv", "hop"),
    ase_sqlite: ("ase", "hop"),
    ase_json: ("ase", "hop"),
    trajectory: ("bands", "hop"),
    extended_xyz: ("bands", "hop"),
    directory_of_bands: ("bands", "hop"),
    vasp: ("vasp", "hop"),
    cathub: ("cathub", "17"),
    network: ("network", "1"),
}
# VASP writes 8 decimals, extended XYZ 8 for places; the spline of pymatgen is another curve than ASE's cubics.
TOLERANCES = {vasp: 1e-4, extended_xyz: 1e-7, directory_of_bands: 1e-7}


@pytest.fixture(scope="module", params=KINDS, ids=lambda write: write.__name__)
def table(request, tmp_path_factory, hop):
    kind, row = KINDS[request.param]
    path = request.param(tmp_path_factory.mktemp("table"), hop)
    return SimpleNamespace(path=path, kind=kind, row=row, tolerance=TOLERANCES.get(request.param, 1e-9))


def test_every_kind_is_recognised(table):
    assert kind_of(table.path) == table.kind


def test_all_readers_are_tried_here():
    assert {kind for kind, _ in KINDS.values()} == set(READERS)


def test_barrier_and_reaction_energy_are_those_of_ases_own_analysis(table, hop):
    assert 0.35 < hop.barrier < 0.45
    assert value(table.path, table.row).value == pytest.approx(hop.barrier, abs=table.tolerance)
    name = "reaction-free-energy" if table.kind == "network" else "reaction-energy"
    assert value(table.path, table.row, name).value == pytest.approx(hop.reaction, abs=max(table.tolerance, 2e-8))


def test_the_rate_constant_is_that_of_ases_constants(table, hop):
    from ase import units

    thermal = units.kB * TEMPERATURE
    by_ase = thermal * units._e / units._hplanck * exp(-hop.barrier / thermal)
    barrier = value(table.path, table.row).value
    ours = RATE_LAWS["eyring"].rate_constant({"barrier": barrier}, temperature=TEMPERATURE)
    # ASE has the constants of CODATA 2014: 2e-5. What the barrier may be off by counts in units of kT.
    assert ours == pytest.approx(by_ase, rel=2e-5 + table.tolerance / thermal)


def test_every_value_keeps_its_source_method_and_file(table):
    found = value(table.path, table.row)
    assert found.dimension == "energy"
    assert found.method
    assert Path(found.where.file).name in (table.path.name, "hop.xyz")
    expected = "Author, Author, J. Test 1, 2 (2020), doi:10.1000/test" if table.kind == "cathub" else FULL_SOURCE
    assert found.source == expected


def test_reading_leaves_everything_as_it_was(table):
    files = [table.path] if table.path.is_file() else sorted(table.path.rglob("*"))
    before = {file: file.read_bytes() for file in files if file.is_file()}
    beside = sorted(table.path.parent.iterdir())
    value(table.path, table.row)
    assert {file: file.read_bytes() for file in before} == before
    assert sorted(table.path.parent.iterdir()) == beside
    assert table.path.is_file() or sorted(table.path.rglob("*")) == files


DECK = """\
title: a hop
tables: {{t: {path}}}
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [4, 5], fill: A}}
protocol: {{temperature: 300 K, potential: 0 V}}
species: {{A: {{phase: liquid}}, B: {{phase: liquid}}}}
processes:
- name: flip
  equation: A => B
  rate: {{law: eyring, barrier: t#{row}}}
"""


def test_a_deck_takes_its_barrier_from_the_table_and_keeps_the_table(table, hop):
    folder = table.path.parent
    deck = parse_deck(DECK.format(path=table.path.name, row=table.row), "deck.yaml", folder)
    mechanism = compile_mechanism(deck)
    assert mechanism.processes[0].parameters["barrier"].value == pytest.approx(hop.barrier, abs=table.tolerance)
    kept = provenance.tables(deck, mechanism)["tables"]
    for file, encoding, digest, text in zip(kept["file"], kept["encoding"], kept["sha256"], kept["text"], strict=True):
        content = (folder / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert encoding == "base64" or text.encode() == content
    names = {Path(file).name for file in kept["file"]}
    expected = {
        "vasp": {"OUTCAR", "POSCAR", "CONTCAR", "sources.csv"},
        "network": {"rn.sqlite", "rn.sources.csv"},
    }
    assert names == expected.get(table.kind, names)
    assert len(kept["file"]) == (11 if table.kind == "vasp" else len(names))


def test_a_large_file_is_kept_by_its_hash_alone(tmp_path, hop, monkeypatch):
    path = trajectory(tmp_path, hop)
    deck = parse_deck(DECK.format(path=path.name, row="hop"), "deck.yaml", tmp_path)
    monkeypatch.setattr(provenance, "_KEPT_BYTES", 1000)
    kept = provenance.tables(deck, compile_mechanism(deck))["tables"]
    assert (kept["encoding"], kept["text"]) == (["omitted"], [""])
    assert kept["sha256"] == [hashlib.sha256(path.read_bytes()).hexdigest()]


# --- harmonic transition-state theory ---


@pytest.fixture(scope="module", params=["states.db", "states.json"])
def states(request, tmp_path_factory, hop):
    """Initial, transition and final state with the vibrations of the adatom."""
    initial, saddle, final = hop.images[0], hop.images[2], hop.images[-1]
    data = {"IS": {"vib_energies": hop.initial}, "TS": {"vib_energies": hop.saddle}, "FS": {}}
    rows = [
        (atoms, {"process": "hop", "state": name, "data": data[name]} | KEYS)
        for name, atoms in (("IS", initial), ("TS", saddle), ("FS", final))
    ]
    return write_ase(tmp_path_factory.mktemp("states") / request.param, rows)


def harmonic(path, temperature):
    names = ("barrier", "initial-frequencies", "saddle-frequencies")
    tables = Tables({"t": path})
    values = {name: tables.value(reference("hop", name)).value for name in names}
    return float(RATE_LAWS["harmonic"].rate_constant(values, temperature=temperature))


def test_vibrations_of_a_database_give_vineyards_rate_constant(states, hop):
    from ase import units

    real = np.array([each.real for each in hop.saddle if each.real > 0])
    assert (len(hop.initial), len(real)) == (3, 2)
    frequencies = hop.initial.real.prod() / real.prod() * units._e / units._hplanck
    by_ase = frequencies * exp(-hop.barrier / (units.kB * TEMPERATURE))
    assert harmonic(states, TEMPERATURE) == pytest.approx(by_ase, rel=2e-5)


def test_vineyards_rate_constant_is_the_classical_limit_of_ases_harmonic_thermochemistry(states, hop):
    """The quantum correction is (h nu/kT)^2/24 per mode, 3e-4 in all at 2000 K."""
    from ase import units
    from ase.thermochemistry import HarmonicThermo

    temperature = 2000.0
    real = [each.real for each in hop.saddle if each.real > 0]
    free = [
        HarmonicThermo(modes, potentialenergy=energy).get_helmholtz_energy(temperature, verbose=False)
        for modes, energy in ((real, hop.barrier), (list(hop.initial.real), 0.0))
    ]
    thermal = units.kB * temperature
    by_ase = thermal * units._e / units._hplanck * exp(-(free[0] - free[1]) / thermal)
    assert harmonic(states, temperature) == pytest.approx(by_ase, rel=1e-3)


def test_frequencies_carry_unit_and_source(states):
    found = value(states, "hop", "initial-frequencies")
    assert found.source == FULL_SOURCE
    assert found.dimension == "frequency"
    assert 2.5e12 < found.value[0] < 3.5e12


def test_a_deck_takes_barrier_and_frequencies_from_one_row(states, hop):
    law = "{law: harmonic, barrier: t#hop, initial-frequencies: t#hop, saddle-frequencies: t#hop}"
    text = DECK.format(path=states.name, row="hop").replace("{law: eyring, barrier: t#hop}", law)
    deck = parse_deck(text, "deck.yaml", states.parent)
    mechanism = compile_mechanism(deck)
    (found,) = mechanism.rate_constants(TEMPERATURE, 0.0, 1e-9)
    assert found == pytest.approx(harmonic(states, TEMPERATURE), rel=1e-12)
    kept = provenance.tables(deck, mechanism)["parameters"]
    frequencies = value(states, "hop", "initial-frequencies").value
    assert set(frequencies) <= set(kept["value"])
    assert kept["source"].count(FULL_SOURCE) == 6


def test_zero_point_energies_change_the_barrier_and_are_named(tmp_path, hop):
    zero_points = {"IS": 0.03, "TS": 0.02, "FS": 0.035}
    images = {"IS": hop.images[0], "TS": hop.images[2], "FS": hop.images[-1]}
    rows = [(images[name], {"process": "hop", "state": name, "zpe": zpe}) for name, zpe in zero_points.items()]
    path = write_ase(tmp_path / "zpe.json", rows)
    raw = hop.images[2].get_potential_energy() - hop.images[0].get_potential_energy()
    assert value(path, "hop").value == pytest.approx(raw - 0.01)
    assert value(path, "hop", "reaction-energy").value == pytest.approx(hop.reaction + 0.005)
    assert value(path, "hop").method.endswith("with zero-point energies")

# SPDX-License-Identifier: BSD-3-Clause
"""Nudged elastic bands in files: which images count, how they are fitted, and what MPI must not wait for."""

from types import SimpleNamespace

import numpy as np
import pytest
from barrier_tables import (
    frozen,
    reference,
    small_band,
    value,
    write_ase,
    write_images,
    write_sources,
    write_vasp,
)

from kmc.barriers import HEADER, Tables
from kmc.errors import DeckError
from kmc.rates import RATE_LAWS
from kmc.table_csv import LISTS

NAMES = ["hop.traj", "hop.extxyz"]


@pytest.mark.parametrize("name", NAMES)
def test_the_last_band_of_an_optimisation_counts(tmp_path, hop, name):
    earlier = [
        frozen(image, energy=image.get_potential_energy() + (0.2 if 0 < i < 4 else 0.0))
        for i, image in enumerate(hop.images)
    ]
    for image in earlier[1:-1]:
        for atoms in (image, image.calc.atoms):
            atoms.positions[-1, 2] += 0.1
    path = write_images(tmp_path / name, [*earlier, *earlier, *hop.images])
    found = value(path, "hop")
    assert found.value == pytest.approx(hop.barrier, abs=1e-6)
    assert found.method.endswith("last of 3 bands")


@pytest.mark.parametrize("name", NAMES)
def test_atoms_that_were_wrapped_to_the_other_side_do_not_change_the_fit(tmp_path, hop, name):
    """Without the image at the summit, so that the slopes beside it make the barrier."""
    from ase.mep import NEBTools

    images = [hop.images[index] for index in (0, 1, 3, 4)]
    expected, _ = NEBTools(images).get_barrier()
    assert expected > images[1].get_potential_energy() - images[0].get_potential_energy() + 0.05
    wrapped = [frozen(image) for image in images]
    for image in wrapped[2:]:
        for atoms in (image, image.calc.atoms):
            atoms.positions[-1] -= image.cell[0]
    assert value(write_images(tmp_path / name, wrapped), "hop").value == pytest.approx(expected, abs=1e-6)


def test_without_all_forces_the_highest_image_counts(tmp_path, hop):
    images = [frozen(image, forces=index != 1) for index, image in enumerate(hop.images)]
    found = value(write_images(tmp_path / "hop.traj", images), "hop")
    expected = hop.images[2].get_potential_energy() - hop.images[0].get_potential_energy()
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.method == "nudged elastic band of 5 images, highest image"


def test_a_band_in_changing_cells_is_not_fitted(tmp_path, hop):
    images = [frozen(image) for image in hop.images]
    for atoms in (images[2], images[2].calc.atoms):
        atoms.cell[2, 2] += 0.1
    assert "highest image" in value(write_images(tmp_path / "hop.traj", images), "hop").method


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_hold_several_processes(tmp_path, name):
    images = [*small_band((0.0, 0.4, 0.1), process="up"), *small_band((0.1, 0.4, 0.0), process="down")]
    path = write_images(tmp_path / name, images)
    assert value(path, "up").value == pytest.approx(0.4)
    assert value(path, "down").value == pytest.approx(0.3)
    assert value(path, "down", "reaction-energy").value == pytest.approx(-0.1)


@pytest.mark.parametrize("name", NAMES)
def test_a_band_keeps_uncertainty_and_functional(tmp_path, name):
    images = small_band((0.0, 0.4, 0.1), uncertainty=0.05, functional="PBE", source="a paper", doi="10.1/x")
    found = value(write_images(tmp_path / name, images), "hop")
    assert (found.uncertainty, found.source) == (0.05, "a paper, doi:10.1/x")
    assert found.method.endswith("highest image, PBE")
    assert found.distribution.kind == "normal"


def test_images_of_a_long_path_are_one_band(tmp_path):
    energies = np.sin(np.linspace(0.0, np.pi, 25)) + np.linspace(0.0, 0.1, 25)
    found = value(write_images(tmp_path / "hop.traj", small_band(energies.tolist())), "hop")
    assert found.value == pytest.approx(max(energies))


def test_a_wrong_row_is_told_whatever_is_asked_of_it(tmp_path):
    path = write_images(tmp_path / "hop.traj", small_band((0.0, None, 0.1)))
    with pytest.raises(DeckError, match="image 1 has no energy"):
        value(path, "hop", "initial-frequencies")


# --- directories ---


def test_a_directory_holds_bands_of_every_kind(tmp_path, hop):
    write_images(tmp_path / "bands" / "one.traj", hop.images)
    write_images(tmp_path / "bands" / "two.xyz", hop.images)
    write_vasp(tmp_path / "bands" / "three", hop.images)
    (tmp_path / "bands" / "README").write_text("not a band")
    (tmp_path / "bands" / ".hidden.traj").write_text("not a band")
    found = [value(tmp_path / "bands", name).value for name in ("one", "two", "three")]
    assert found == pytest.approx([hop.barrier] * 3, abs=1e-4)


def test_a_wrong_band_does_not_spoil_its_neighbours(tmp_path, hop):
    write_images(tmp_path / "bands" / "right.traj", hop.images)
    (tmp_path / "bands" / "wrong.traj").write_text("nothing")
    tables = Tables({"t": tmp_path / "bands"})
    assert tables.value(reference("right")).value == pytest.approx(hop.barrier)
    assert not tables.problems
    with pytest.raises(DeckError, match="is no ASE trajectory"):
        tables.value(reference("wrong"))


def test_a_list_of_sources_gives_uncertainty_method_and_source(tmp_path):
    write_images(tmp_path / "hop.traj", small_band((0.0, 0.4, 0.1)))
    write_sources(tmp_path / "hop.sources.csv", '*,5,kJ/mol,PBE,"Author, 2020",https://doi.org/10.1/x,checked')
    found = value(tmp_path / "hop.traj", "hop")
    assert found.uncertainty == pytest.approx(0.05182, rel=1e-4)
    assert found.source == "Author, 2020, doi:10.1/x"
    assert found.method.endswith("highest image, PBE")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hop,,,,,,", "'hop' has no source"),
        ("hop,0.1,,,a paper,,", "no unit; expected one such as 'eV'"),
        ("hop,-0.1,eV,,a paper,,", "an uncertainty cannot be negative"),
        ("hop,0.1,V,,a paper,,", "'V' is a potential; expected an energy"),
        ("hop,0.1,eV,a paper", "4 columns; expected 7"),
        (",,,,a paper,,", "no id"),
    ],
)
def test_a_wrong_line_of_a_list_of_sources_is_told(tmp_path, line, message):
    write_images(tmp_path / "hop.traj", small_band((0.0, 0.4, 0.1)))
    write_sources(tmp_path / "hop.sources.csv", line)
    tables = Tables({"t": tmp_path / "hop.traj"})
    tables.value(reference("hop"))
    (problem,) = tables.problems
    assert message in problem.message
    assert (problem.file, problem.line) == (str(tmp_path / "hop.sources.csv"), 2)


# --- VASP ---


def test_the_ends_may_lie_where_their_relaxations_ran(tmp_path, hop):
    folder = write_vasp(tmp_path / "hop", hop.images)
    for place, name in (("00", "initial"), ("04", "final")):
        (folder / name).mkdir()
        (folder / place / "OUTCAR").rename(folder / name / "OUTCAR")
    assert value(folder, "hop").value == pytest.approx(hop.barrier, abs=1e-4)
    assert value(folder, "hop", "reaction-energy").value == pytest.approx(hop.reaction, abs=1e-7)


def test_vasp_is_analysed_as_pymatgen_does_it_and_in_electronvolts(tmp_path, hop):
    from pymatgen.analysis.transition_state import NEBAnalysis

    folder = write_vasp(tmp_path / "hop", hop.images)
    expected = max(height for _, height in NEBAnalysis.from_dir(str(folder)).get_extrema()[1])
    found = value(folder, "hop")
    assert found.value == pytest.approx(expected / 1000.0, rel=1e-12)
    assert found.method == "nudged elastic band of 5 images, spline through energies, vasp.6.3.2, PBE"


def test_single_points_on_the_images_give_the_highest_one(tmp_path, hop):
    folder = write_vasp(tmp_path / "hop", hop.images)
    for file in folder.glob("*/OUTCAR"):
        lines = [line for line in file.read_text().splitlines() if "NEB:" not in line]
        file.write_text("\n".join(lines).replace("LHFCALC =     F", "LHFCALC =     T"))
    found = value(folder, "hop")
    assert found.value == pytest.approx(hop.barrier, abs=1e-3)
    assert found.method == "nudged elastic band of 5 images, highest image, vasp.6.3.2, hybrid over PBE"


# --- what else a CSV table takes ---


def csv(folder, *lines):
    path = folder / "t.csv"
    path.write_text("\n".join([",".join(HEADER), *lines]) + "\n")
    return path


def test_a_csv_value_may_be_a_range(tmp_path):
    found = value(csv(tmp_path, "hop,barrier,0.40 .. 0.685,,eV,several,three papers,,"), "hop")
    assert found.value == pytest.approx(0.5425)
    assert (found.distribution.kind, found.distribution.parameters) == ("uniform", (0.40, 0.685))
    assert found.uncertainty == pytest.approx(0.285 / np.sqrt(12))


def test_a_csv_value_may_be_a_list_where_the_law_takes_one(tmp_path):
    assert {"initial-frequencies", "saddle-frequencies", "radii"} <= LISTS
    path = csv(
        tmp_path,
        "hop,initial-frequencies,5 4;3,,THz,phonons,a paper,,",
        "hop,saddle-frequencies,4 2,,THz,phonons,a paper,,",
        "hop,barrier,0.4,,eV,DFT,a paper,,",
    )
    values = {name: value(path, "hop", name).value for name in ("initial-frequencies", "saddle-frequencies", "barrier")}
    assert values["initial-frequencies"] == pytest.approx((5e12, 4e12, 3e12))
    rate = RATE_LAWS["harmonic"].rate_constant(values | {"barrier": 0.0}, temperature=300.0)
    assert rate == pytest.approx(60.0 / 8.0 * 1e12)


# --- under MPI ---


class OneOfTwoRanks(SimpleNamespace):
    """A communicator of which the other rank never comes."""

    def __getattr__(self, name):
        raise AssertionError(f"ASE waits for other ranks in '{name}'")


@pytest.mark.parametrize("name", ["neb.db", "neb.json", "hop.traj", "hop.extxyz", "hop"])
def test_reading_waits_for_no_other_rank(tmp_path, hop, monkeypatch, name):
    import ase.parallel

    if name.startswith("neb"):
        path = write_ase(tmp_path / name, [(im, {"process": "hop", "image": i}) for i, im in enumerate(hop.images)])
    elif name == "hop":
        path = write_vasp(tmp_path / name, hop.images)
    else:
        path = write_images(tmp_path / name, hop.images)
    monkeypatch.setattr(ase.parallel.world, "comm", OneOfTwoRanks(rank=1, size=2))
    assert value(path, "hop").value == pytest.approx(hop.barrier, abs=1e-4)


def test_ase_does_wait_without_that_care(tmp_path, hop, monkeypatch):
    import ase.parallel
    from ase.io import read

    path = write_images(tmp_path / "hop.traj", hop.images)
    monkeypatch.setattr(ase.parallel.world, "comm", OneOfTwoRanks(rank=1, size=2))
    with pytest.raises(AssertionError, match="waits"):
        read(str(path), index=":")

# SPDX-License-Identifier: BSD-3-Clause
"""The digest of a results file sees every number and nothing of how it was written."""

import shutil

import h5py
import numpy as np
import pytest
from films import write_film

import kmc
from kmc import schema
from kmc.cli import EXIT_FINISHED, EXIT_REFUSED, main
from kmc.errors import KmcError


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "results.h5"
    write_film(path)
    return path


def rewritten(source, target, change=lambda name, data: data):
    """The datasets of a file in another order, layout and byte order, with other attributes."""
    with h5py.File(source) as old, h5py.File(target, "w", libver="latest") as new:
        new.attrs["format_version"] = "1"
        for name in sorted((each for each in old if isinstance(old[each], h5py.Dataset)), reverse=True):
            data = change(name, old[name][()])
            if data is None:
                continue
            dtype = old[name].dtype if data.dtype.kind == "O" else data.dtype.newbyteorder(">")
            new.create_dataset(name, data=data, dtype=dtype)
    return target


def test_layout_order_and_provenance_do_not_enter(film, tmp_path):
    assert kmc.digest(rewritten(film, tmp_path / "r.h5")) == kmc.digest(film) == kmc.digest(film.parent)
    assert len(kmc.digest(film)) == 64


def test_copies_in_memory_and_on_the_disk_are_the_same(film, tmp_path):
    write_film(tmp_path / "r.h5", copy_limit=0)
    assert kmc.digest(tmp_path / "r.h5") == kmc.digest(film)


@pytest.mark.parametrize("variable", [v for v in schema.VARIABLES if v.name not in schema.OF_VOLUME],
                         ids=lambda each: each.name)
def test_every_dataset_enters_but_those_of_the_machine(variable, film, tmp_path):
    def change(name, data):
        if name == variable.name:
            flat = data.reshape(-1)
            if data.dtype.kind == "O":
                flat[-1] += b"x"
            else:
                flat[-1] = 7 if flat[-1] != 7 else 8
        return data

    changed = rewritten(film, tmp_path / "r.h5", change)
    assert (kmc.digest(changed) != kmc.digest(film)) == variable.in_digest


@pytest.mark.parametrize("change", [
    lambda name, data: data[:-1] if name == "charge" else data,
    lambda name, data: None if name == "charge" else data,
    lambda name, data: data.astype(np.float32) if name == "charge" else data,
    lambda name, data: data.reshape(-1, 1) if name == "charge" else data,
])
def test_shape_type_and_absence_enter(change, film, tmp_path):
    assert kmc.digest(rewritten(film, tmp_path / "r.h5", change)) != kmc.digest(film)


def test_a_dataset_of_another_name_enters_unless_it_says_otherwise(film, tmp_path):
    path = tmp_path / "r.h5"
    shutil.copy(film, path)
    with h5py.File(path, "r+") as file:
        file["idle/seconds"] = [1.0, 2.0]
    with_it = kmc.digest(path)
    with h5py.File(path, "r+") as file:
        file["idle/seconds"].attrs["in_digest"] = 0
    assert with_it != kmc.digest(path) == kmc.digest(film)


def test_two_kinds_of_nan_are_one_and_two_zeros_are_two(tmp_path):
    digests = []
    for value in (np.nan, -np.nan, 0.0, -0.0):
        with h5py.File(tmp_path / "r.h5", "w") as file:
            file.attrs["format_version"] = "1"
            file["time"] = np.array([value])
        digests.append(kmc.digest(tmp_path / "r.h5"))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_the_command_prints_one_line_per_file(film, tmp_path, capsys):
    other = str(shutil.copy(film, tmp_path / "other.h5"))
    assert main(["digest", str(film)]) == EXIT_FINISHED
    assert capsys.readouterr().out == f"{kmc.digest(film)}\n"
    assert main(["digest", str(film.parent), other]) == EXIT_FINISHED
    assert capsys.readouterr().out == f"{kmc.digest(film)}  {film}\n{kmc.digest(film)}  {other}\n"


def test_what_is_no_results_file_is_refused(tmp_path, capsys):
    (tmp_path / "text.h5").write_text("no HDF5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["a"] = [1]
    for name in ("text.h5", "foreign.h5"):
        with pytest.raises(KmcError, match="not a results file"):
            kmc.digest(tmp_path / name)
        assert main(["digest", str(tmp_path / name)]) == EXIT_REFUSED
        assert "not a results file" in capsys.readouterr().err

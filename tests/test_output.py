# SPDX-License-Identifier: BSD-3-Clause
"""The results file as its readers see it: xarray, VTK, h5py; whole, growing, and after the writer was
killed."""

import errno
import hashlib
import importlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import xarray
from films import MECHANISM, SPACING, box, write_film

import kmc
from kmc import schema
from kmc.errors import InternalError, KmcError, OutputError
from kmc.output import Writer
from kmc.result import Result, output_files

WITHOUT_VOLUME = schema.variables(has_volume=False)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Path, values of every output and snapshots of one film."""
    path = tmp_path_factory.mktemp("film") / "results.h5"
    return path, *write_film(path, snapshots=(0, 2, -1))


@pytest.fixture(scope="module")
def opened(film):
    """The film as plain xarray opens it."""
    with xarray.open_dataset(film[0], engine="h5netcdf", decode_timedelta=False) as data:
        yield data


def vtk_reader(path):
    vtk = importlib.import_module("vtkmodules.vtkIOHDF")
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    return reader


def vtk_lattice(reader):
    from vtkmodules.util.numpy_support import vtk_to_numpy

    reader.Update()
    image = reader.GetOutput()
    n_x, n_y, n_z = (n - 1 for n in image.GetDimensions())
    return vtk_to_numpy(image.GetCellData().GetArray("lattice")).reshape(n_z, n_y, n_x)


def test_file_holds_exactly_the_datasets_of_the_schema(film):
    with h5py.File(film[0]) as file:
        datasets = {name for name, item in file.items() if isinstance(item, h5py.Dataset)}
        assert datasets == {variable.name for variable in WITHOUT_VOLUME}


@pytest.mark.parametrize("variable", WITHOUT_VOLUME, ids=lambda variable: variable.name)
def test_dataset_is_as_the_schema_says(opened, variable):
    found = opened[variable.name]
    assert found.dims == variable.dims
    assert found.attrs["long_name"] == variable.long_name
    assert found.attrs["comment"] == variable.definition
    assert found.attrs.get("units", "") == variable.unit
    assert found.dtype.kind == ("U" if variable.dtype == "str" else np.dtype(variable.dtype).kind)


def test_xarray_reads_what_was_written(film):
    path, outputs, _ = film
    with xarray.open_dataset(path) as data:
        for variable in (variable for variable in WITHOUT_VOLUME if variable.is_series):
            expected = np.array([output[variable.name] for output in outputs])
            found = (
                data[variable.name].values[..., : expected.shape[-1]]
                if expected.ndim > 1
                else data[variable.name]
            )
            np.testing.assert_array_equal(found, expected, err_msg=variable.name)


def test_xarray_reads_times_as_numbers(film):
    with xarray.open_dataset(film[0]) as data:
        assert data["time"].dtype == data["snapshot_time"].dtype == np.float64
        assert data["snapshot_time"].values.tolist() == data["time"].values[[0, 2, 3]].tolist()


def test_amounts_of_the_solution_follow_those_of_the_lattice(film):
    path, outputs, _ = film
    data = Result(path).data
    assert data["species"].values.tolist() == [s.name for s in (*MECHANISM.species, *MECHANISM.solution)]
    assert data["count"].sel(species="LiEC+").values.tolist() == [o["solution_count"][0] for o in outputs]
    assert data["gas"].sel(gas_species="C2H4").values[-1] > 0
    assert float(data["volume_fraction"].sum("species").min()) == pytest.approx(1.0)
    assert float(data["volume_fraction"].sel(species="C2H4").max()) == 0.0


def test_heights_are_measured_from_the_electrode_surface(film):
    z = Result(film[0]).data["z"].values
    np.testing.assert_allclose(z[:3], [-SPACING / 2, SPACING / 2, 1.5 * SPACING])


def test_vtk_reads_the_same_lattice_at_the_same_times(film):
    path, _, snapshots = film
    reader = vtk_reader(path)
    assert reader.GetNumberOfSteps() == 3
    for step, expected in enumerate(snapshots):
        reader.SetStep(step)
        np.testing.assert_array_equal(vtk_lattice(reader), expected)
    key = reader.GetExecutive().TIME_STEPS()
    times = Result(path).data["snapshot_time"].values
    np.testing.assert_array_equal(reader.GetOutputInformation(0).Get(key), times)
    np.testing.assert_allclose(reader.GetOutput().GetOrigin(), [0, 0, -SPACING])
    np.testing.assert_allclose(reader.GetOutput().GetSpacing(), SPACING)


def test_vtk_and_xarray_share_one_copy_of_the_lattice(film):
    with h5py.File(film[0]) as file:
        assert file["VTKHDF/CellData/lattice"] == file["lattice"]
        assert list(file["VTKHDF/CellData"]) == ["lattice"]


def test_flags_name_the_species_in_single_words(tmp_path):
    names = {"LEDC": "Li2 EDC(s)"}
    renamed = tuple(
        SimpleNamespace(**vars(s) | {"name": names.get(s.name, s.name)}) for s in MECHANISM.species
    )
    mechanism = SimpleNamespace(species=renamed, solution=MECHANISM.solution, processes=MECHANISM.processes)
    Writer(tmp_path / "r.h5", mechanism, box(), 1)
    with h5py.File(tmp_path / "r.h5") as file:
        attributes = file["lattice"].attrs
        assert attributes["flag_values"].tolist() == list(range(6))
        assert attributes["flag_values"].dtype == np.uint8
        words = "electrode electrolyte LiEC Li2_EDC_s_ Li2CO3 Li2CO3.Li"
        assert attributes["flag_meanings"] == words


def test_file_that_exists_is_not_overwritten(film):
    path = film[0]
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(KmcError, match=r"results\.h5 exists already"):
        Writer(path, MECHANISM, box(), 1)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_file_is_overwritten_when_told(tmp_path):
    write_film(tmp_path / "r.h5", heights=(0.0, 2.0))
    write_film(tmp_path / "r.h5", heights=(0.0,), overwrite=True)
    assert Result(tmp_path / "r.h5").n_outputs == 1


def test_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KmcError, match="cannot write"):
        Writer(tmp_path / "file" / "r.h5", MECHANISM, box(), 1)


class FullDisk(io.BytesIO):
    """A file into which nothing fits."""

    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch):
    """A function after whose call no part of a results file can be written any more."""

    def fill():
        opened = Path.open

        def open_(self, *arguments, **options):
            if self.name.endswith(".part"):
                opened(self, *arguments, **options).close()
                return FullDisk()
            return opened(self, *arguments, **options)

        monkeypatch.setattr(Path, "open", open_)
        monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=1000))

    return fill


def _append_and_flush(writer, output, snapshot):
    writer.append(output, snapshot)
    writer.flush()


@pytest.mark.parametrize("copy_limit", [0, 2**30])
def test_full_disk_leaves_the_file_as_it_was_and_no_part_of_another(tmp_path, full_disk, copy_limit, capfd):
    outputs, snapshots = write_film(tmp_path / "other.h5")
    writer = Writer(tmp_path / "r.h5", MECHANISM, box(), 1, copy_limit=copy_limit)
    writer.append(outputs[0], snapshots[0])
    writer.flush()
    before = (tmp_path / "r.h5").read_bytes()
    full_disk()
    with pytest.raises(OutputError, match=r"r\.h5: No space left on device"):
        _append_and_flush(writer, outputs[1], snapshots[1])
    assert Result(tmp_path / "r.h5").data["lattice"].values.shape[0] == 1
    assert (tmp_path / "r.h5").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.h5", "r.h5"]
    assert capfd.readouterr().err == ""


def test_full_disk_at_the_start_keeps_the_results_that_were_there(tmp_path, full_disk):
    write_film(tmp_path / "r.h5", heights=(0.0, 2.0))
    full_disk()
    with pytest.raises(OutputError):
        Writer(tmp_path / "r.h5", MECHANISM, box(), 1, overwrite=True)
    assert Result(tmp_path / "r.h5").n_outputs == 2
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]


@pytest.mark.parametrize("name", ["r.h5", f"new/{'x' * 300}/r.h5", f"{'x/' * 3000}r.h5"])
def test_path_that_cannot_be_a_file_is_refused_before_anything_is_made(tmp_path, name):
    (tmp_path / "r.h5").mkdir()
    with pytest.raises(KmcError, match="cannot write") as caught:
        Writer(tmp_path / name, MECHANISM, box(), 1, overwrite=True)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 300
    assert [path.name for path in tmp_path.rglob("*")] == ["r.h5"]


def test_files_that_cannot_all_be_written_are_refused_before_the_first(tmp_path):
    (tmp_path / "b.png").mkdir()
    (tmp_path / "file").touch()
    for directory, names in ((tmp_path, ("a.png", "b.png")), (tmp_path / "file", ("a.png",))):
        with pytest.raises(KmcError, match="cannot write") as caught:
            output_files(directory, names)
        assert caught.value.exit_code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.png", "file"]


def test_missing_value_is_named(tmp_path):
    writer = Writer(tmp_path / "r.h5", MECHANISM, box(), 1)
    with pytest.raises(InternalError, match=r"no value for time, thickness, "):
        writer.append({"charge": 0.0})


def test_wrong_shape_is_named_and_leaves_the_file_as_it_was(tmp_path):
    outputs, _ = write_film(tmp_path / "r.h5", heights=(0.0,))
    writer = Writer(tmp_path / "s.h5", MECHANISM, box(), 1)
    writer.append(outputs[0])
    with pytest.raises(InternalError, match=r"thickness_map has shape \(3, 3\)"):
        writer.append(outputs[0] | {"thickness_map": np.zeros((3, 3))})
    assert Result(tmp_path / "s.h5").n_outputs == 1


def test_large_file_copied_on_the_disk_holds_the_same(film, tmp_path):
    path = film[0]
    write_film(tmp_path / "r.h5", snapshots=(0, 2, -1), copy_limit=0)
    with Result(path) as in_memory, Result(tmp_path / "r.h5") as on_disk:
        assert in_memory.data.equals(on_disk.data)


@pytest.mark.parametrize("copy_limit", [0, 2**30])
def test_open_reader_neither_stops_the_run_nor_is_disturbed(tmp_path, copy_limit):
    path = tmp_path / "r.h5"
    outputs, snapshots = write_film(tmp_path / "other.h5")
    writer = Writer(path, MECHANISM, box(), 1, copy_limit=copy_limit)
    for n, output in enumerate(outputs):
        with Result(path) as reader:
            assert reader.n_outputs == n
            writer.append(output, snapshots[-1])
            writer.flush()
            assert reader.data["thickness"].values.tolist() == [o["thickness"] for o in outputs[:n]]
            assert reader.refresh().n_outputs == n + 1


def test_killed_writer_leaves_a_readable_file(tmp_path):
    code = (
        "import sys, itertools, films\n"
        "outputs, states = films.write_film(sys.argv[1] + '.other')\n"
        "writer = films.Writer(sys.argv[1], films.MECHANISM, films.box(), 1)\n"
        "for n in itertools.count():\n"
        "    writer.append(outputs[-1] | {'time': float(n)}, states[-1])\n"
        "    n == 3 and print('going', flush=True)\n"
    )
    path = tmp_path / "r.h5"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout.readline() == b"going\n"
        child.send_signal(signal.SIGKILL)
    data = Result(path).data.load()
    assert data.sizes["time"] == data.sizes["snapshot_time"] >= 4
    assert data["time"].values.tolist() == list(range(data.sizes["time"]))
    assert vtk_reader(path).GetNumberOfSteps() == data.sizes["time"]


def test_square_lattice_and_a_mechanism_without_gas_make_a_file_too(tmp_path):
    mechanism = SimpleNamespace(species=MECHANISM.species, solution=(), processes=MECHANISM.processes[2:3])
    lattice = box(10, 1, 8, square=True)
    Writer(tmp_path / "r.h5", mechanism, lattice, 1)
    data = Result(tmp_path / "r.h5").data
    assert data.sizes["gas_species"] == 0
    assert data.sizes["y"] == 1


def test_file_without_outputs_opens(tmp_path):
    Writer(tmp_path / "r.h5", MECHANISM, box(), 1)
    with kmc.open(tmp_path / "r.h5") as result:
        assert result.n_outputs == 0
        assert "no output yet" in repr(result)


def test_result_opens_a_directory_and_sums_up(film):
    with kmc.open(film[0].parent) as result:
        assert result.thickness.values[-1] == film[1][-1]["thickness"]
        assert result.porosity.dims == ("time", "z")
        np.testing.assert_array_equal(result.film, film[2][-1])
        assert "4 outputs to t = 0.001 s" in repr(result)
        html = result._repr_html_()
        assert "a film for the tests" in html
        assert "xarray.Dataset" in html


def test_result_says_what_is_not_there(tmp_path):
    with pytest.raises(KmcError, match="no results there"):
        kmc.open(tmp_path)
    (tmp_path / "r.h5").write_text("not HDF5")
    with pytest.raises(KmcError, match="not a results file"):
        _ = kmc.open(tmp_path / "r.h5").data


def test_result_knows_why_the_run_stopped(tmp_path):
    writer = Writer(tmp_path / "r.h5", MECHANISM, box(), 1)
    assert not kmc.open(tmp_path / "r.h5").finished
    writer.set_attributes({"finished": 1, "stop_reason": "the end"})
    result = kmc.open(tmp_path / "r.h5")
    assert result.finished
    assert result.stop_reason == "the end"


def test_schema_table_lists_every_dataset():
    text = schema.table()
    assert all(f"| `{v.name}` |" in text for v in schema.VARIABLES)


def test_names_units_and_dimensions_keep_the_contract():
    contract = {
        "thickness": (("time",), "m"),
        "thickness_map": (("time", "y", "x"), "m"),
        "roughness": (("time",), "m"),
        "equivalent_thickness": (("time",), "m"),
        "porosity": (("time", "z"), "1"),
        "mean_porosity": (("time",), "1"),
        "volume_porosity": (("time",), "1"),
        "film_charge": (("time",), "C m-2"),
        "tunnels": (("process",), "1"),
        "volume_fraction": (("time", "z", "species"), "1"),
        "count": (("time", "species"), "1"),
        "charge": (("time",), "C m-2"),
        "current_density": (("time",), "A m-2"),
        "gas": (("time", "gas_species"), "mol m-2"),
        "potential": (("time",), "V"),
        "temperature": (("time",), "K"),
        "event_count": (("time", "process"), "1"),
        "lattice": (("snapshot_time", "z", "y", "x"), "1"),
        "species": (("species",), ""),
    }
    table = schema.by_name()
    assert {name: (table[name].dims, table[name].unit) for name in contract} == contract
    assert all(v.long_name and v.definition.endswith((".", ")")) for v in schema.VARIABLES)

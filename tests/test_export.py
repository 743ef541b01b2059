# SPDX-License-Identifier: BSD-3-Clause
"""What leaves the program: tables that say their units, and parameters that a PyBaMM cell runs with."""

import csv
import importlib
import inspect
import json

import numpy as np
import pytest
from films import MECHANISM, SPACING, box, write_film

from kmc import handover
from kmc.constants import AVOGADRO
from kmc.errors import KmcError
from kmc.export import export, pybamm_parameters
from kmc.output import Writer
from kmc.result import Result

TIMES = np.array([0.0, 1e-6, 1e-5, 4e-4, 6e-4, 1e-3])
HEIGHTS = (0.0, 2.0, 4.0, 5.0, 6.0, 7.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Path and the values of every output."""
    path = tmp_path_factory.mktemp("film") / "results.h5"
    return path, write_film(path, times=TIMES, heights=HEIGHTS)[0]


@pytest.fixture(scope="module")
def result(film):
    return Result(film[0])


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_carry_units_and_every_output(film, tmp_path):
    files = {file.stem: rows(file) for file in export(film[0], "csv", tmp_path)}
    assert {file.name for file in (tmp_path / "csv").iterdir()} == {f"{name}.csv" for name in files}
    series = files["time_series"]
    assert [float(row["thickness [m]"]) for row in series] == [output["thickness"] for output in film[1]]
    assert [float(row["time [s]"]) for row in series] == TIMES.tolist()
    assert all("[" in header for header in series[0])
    assert len(files["profiles"]) == len(TIMES) * 24
    assert sum(
        float(v) for k, v in files["profiles"][5].items() if k.startswith("volume_fraction")
    ) == pytest.approx(1)
    assert len(files["amounts"]) == len(TIMES) * 10
    assert files["gas"][-2]["gas_species"] == "C2H4"
    assert float(files["gas"][-2]["gas [mol m-2]"]) == film[1][-1]["gas"][0]
    assert {row["species"]: row["molar_volume [m3 mol-1]"] for row in files["species"]}["LEDC"] == "9.58e-05"
    assert any(row["source"] == "a guess" for row in files["parameters"])


def test_export_goes_beside_the_results_by_default(film):
    assert export(film[0].parent, "pybamm") == [film[0].parent / "pybamm.json"]


def test_unknown_format_is_refused(film, tmp_path):
    with pytest.raises(KmcError, match="unknown format 'xls'; known: csv, pybamm"):
        export(film[0], "xls", tmp_path)


@pytest.mark.parametrize("to", ["csv", "pybamm"])
def test_file_without_outputs_is_refused(to, tmp_path):
    Writer(tmp_path / "r.h5", MECHANISM, box(), 1)
    with pytest.raises(KmcError, match="no output yet"):
        export(tmp_path / "r.h5", to)


def test_bare_electrode_has_nothing_to_hand_over(tmp_path):
    write_film(tmp_path / "r.h5", heights=(0.0, 0.0))
    with pytest.raises(KmcError, match="no film to hand over"):
        export(tmp_path / "r.h5", "pybamm")


def test_volume_and_thickness_give_the_formula_units_of_the_film(result):
    parameters = pybamm_parameters(result)
    last = result.data.isel(time=-1)
    sites = dict(zip(last["species"].values.tolist(), last["film_count"].values.tolist(), strict=True))
    units = sites["LEDC"] + 2 * (sites["Li2CO3"] + sites["Li2CO3.Li"])
    area = 12 * 12 * SPACING**2
    moles = parameters[handover.THICKNESS] / parameters[handover.VOLUME]
    assert moles == pytest.approx(units / (AVOGADRO * area), rel=1e-12)
    lithium = 2 * sites["LEDC"] + 4 * sites["Li2CO3"] + 5 * sites["Li2CO3.Li"]
    assert parameters[handover.RATIO] == pytest.approx(lithium / units, rel=1e-12)
    assert parameters[handover.THICKNESS] == float(last["thickness"])


def test_barrier_factor_is_that_of_the_film(result):
    last = result.data.isel(time=-1)
    sites = dict(zip(last["species"].values.tolist(), last["film_count"].values.tolist(), strict=True))
    share = sites["LEDC"] / sum(sites.values())
    barrier = next(p for p in handover.describe(result) if p.name == handover.BARRIER)
    assert barrier.value == pytest.approx(10e9 * share + 12e9 * (1 - share))
    assert barrier.uncertainty == pytest.approx(2e9 * share)
    assert barrier.unit == "m-1"


def test_barrier_factor_comes_with_what_the_run_itself_says(tmp_path):
    times, heights = np.geomspace(1e-6, 1e-3, 13), np.linspace(1.0, 12.0, 13)
    write_film(tmp_path / "r.h5", times=times, heights=heights)
    barrier = next(p for p in handover.describe(Result(tmp_path / "r.h5")) if p.name == handover.BARRIER)
    assert "The run itself has -d ln j/dL = " in barrier.how
    assert barrier.how.endswith("tunnelled electrons)")


def test_no_charge_at_the_end_means_no_exchange_current(tmp_path):
    write_film(tmp_path / "r.h5", times=[0.0, 1.0, 2.0, 4.0], heights=(0.0, 3.0, 0.0, 0.0))
    described = {p.name: p for p in handover.describe(Result(tmp_path / "r.h5"))}
    assert described[handover.EXCHANGE].value is None
    assert "no charge passed after t = 2 s" in described[handover.EXCHANGE].how
    assert handover.sei_option(pybamm_parameters(Result(tmp_path / "r.h5"))) == "constant"


def test_every_parameter_says_how_or_why_not(film, tmp_path):
    (path,) = export(film[0], "pybamm", tmp_path)
    document = json.loads(path.read_text())
    assert document["options"] == {"SEI": "constant"}
    assert set(document["parameters"]) == set(document["how"])
    assert not set(document["parameters"]) & set(document["not given"])
    assert all(entry["how"] and entry["unit"] for entry in document["how"].values())
    assert "pores (mean porosity" in document["how"][handover.VOLUME]["how"]
    assert "several temperatures" in document["not given"]["SEI growth activation energy [J.mol-1]"]
    assert document["run"]["seed"] == 1


def test_names_are_those_of_pybamm():
    module = importlib.import_module("pybamm.parameters.lithium_ion_parameters")
    text = inspect.getsource(module)
    given = [handover.BARRIER, handover.EXCHANGE, handover.RATIO, handover.THICKNESS, handover.VOLUME]
    given += [handover.DIFFUSIVITY, handover.CONCENTRATION]
    assert [name for name in [*handover.NOT_GIVEN, *given] if name not in text] == []

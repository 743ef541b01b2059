# SPDX-License-Identifier: BSD-3-Clause
"""Results in the formats of others: CSV tables, and parameters for a PyBaMM cell (floor 80).

In: a results file. Out: files that say what they hold: every column and every parameter with its unit, every
parameter with how it was obtained, and a reason in place of each that the run cannot give.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kmc import schema
from kmc.errors import KmcError
from kmc.handover import describe, mean_current, pybamm_parameters, sei_option
from kmc.result import Result, output_files

__all__ = ["export", "pybamm_parameters"]


def export(
    results_path: str | os.PathLike, to: str, directory: str | os.PathLike | None = None
) -> list[Path]:
    """Write the results of a run in another format.

    Parameters
    ----------
    results_path : path
        A results.h5, or the directory that holds one.
    to : str
        ``csv``: a folder ``csv`` of tables. ``pybamm``: ``pybamm.json``, parameters under PyBaMM's names.
    directory : path, optional
        Where the files go; beside the results by default.

    Returns
    -------
    files : list of Path

    Raises
    ------
    KmcError
        If the format is unknown, or there are no results, or no film to hand over.
    """
    formats = {"csv": _to_csv, "pybamm": _to_pybamm}
    if to not in formats:
        raise KmcError(f"unknown format '{to}'; known: {', '.join(formats)}")
    with Result(results_path) as result:
        if result.n_outputs == 0:
            raise KmcError(f"{result.path} holds no output yet")
        directory = Path(directory) if directory is not None else result.path.parent
        return formats[to](result, directory)


def _to_pybamm(result: Result, directory: Path) -> list[Path]:
    """Parameters of PyBaMM as JSON."""
    if not result.has_lattice:
        raise KmcError(f"{result.path}: a run without lattice has no film to hand over to PyBaMM; --to csv works")
    described = describe(result)
    parameters = {p.name: p.value for p in described if p.value is not None}
    current = mean_current(result)
    document = {
        "about": "SEI parameters for PyBaMM from a kinetic Monte Carlo film. Load: "
        "parameter_values.update(json.load(open('pybamm.json'))['parameters'], check_already_exists=False)",
        "run": {
            name: result.provenance.get(name, "")
            for name in ("title", "deck_name", "seed", "kmc_version", "git_commit")
        }
        | {"time [s]": float(result.time.values[-1])},
        "options": {"SEI": sei_option(parameters)},
        "parameters": parameters,
        "how": {
            p.name: {"value": p.value, "uncertainty": p.uncertainty, "unit": p.unit, "how": p.how}
            for p in described
            if p.value is not None
        },
        "measured": {
            current.name: {"value": current.value, "uncertainty": current.uncertainty, "how": current.how}
        },
        "not given": {p.name: p.how for p in described if p.value is None},
    }
    [path] = output_files(directory, ["pybamm.json"])
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [path]


def _to_csv(result: Result, directory: Path) -> list[Path]:
    """One table per kind of data, one observation per row, units in the headers."""
    with_film = ("film_count",) if result.has_lattice else ()
    tables = {
        "time_series": _time_series(result),
        "amounts": _long(result, "species", ("count", *with_film)),
        "events": _long(result, "process", ("event_count",)),
        "species": _species(result),
        "parameters": _provenance(
            result, ("owner", "name", "value", "uncertainty", "unit", "source", "method", "where")
        ),
    }
    if result.has_lattice:
        tables |= {"profiles": _profiles(result), "gas": _long(result, "gas_species", ("gas",))}
    if "concentration" in result.data:
        tables["concentrations"] = _long(result, "solution_species", ("concentration",))
    files = output_files(directory / "csv", [f"{name}.csv" for name in tables])
    for path, rows in zip(files, tables.values(), strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return files


def _header(name: str) -> str:
    """Name of a dataset with its unit."""
    unit = schema.by_name()[name].unit
    return f"{name} [{unit}]" if unit else name


def _time_series(result: Result) -> Iterator[Iterable]:
    """Every number that an output has one of."""
    there = (v for v in schema.SERIES if v.dims == ("time",) and v.name in result.data)
    names = ["time", *(v.name for v in there if v.name != "time")]
    yield [_header(name) for name in names]
    yield from zip(*(result.data[name].values.tolist() for name in names), strict=True)


def _profiles(result: Result) -> Iterator[Iterable]:
    """Porosity and composition of every layer at every output."""
    data = result.data
    on_lattice = data["compartment"].values == "lattice"
    species = data["species"].values[on_lattice].tolist()
    yield [
        _header("time"),
        _header("z"),
        _header("porosity"),
        *(f"volume_fraction {name} [1]" for name in species),
    ]
    z, porosity = data["z"].values.tolist(), data["porosity"].values.tolist()
    fraction = data["volume_fraction"].values[:, :, on_lattice].tolist()
    for n, time in enumerate(data["time"].values.tolist()):
        for k, height in enumerate(z):
            yield [time, height, porosity[n][k], *fraction[n][k]]


def _long(result: Result, dimension: str, names: tuple[str, ...]) -> Iterator[Iterable]:
    """One row per output and entry of a dimension."""
    data = result.data
    yield [_header("time"), dimension, *(_header(name) for name in names)]
    entries = data[dimension].values.tolist()
    values = [data[name].values.tolist() for name in names]
    for n, time in enumerate(data["time"].values.tolist()):
        for k, entry in enumerate(entries):
            yield [time, entry, *(value[n][k] for value in values)]


def _species(result: Result) -> Iterator[Iterable]:
    """What is known of every species."""
    names = ["species", *(v.name for v in schema.CONSTANTS if v.dims == ("species",))]
    yield [_header(name) for name in names]
    yield from zip(*(result.data[name].values.tolist() for name in names), strict=True)


def _provenance(result: Result, columns: tuple[str, ...]) -> Iterator[Iterable]:
    """Every number used, with its source."""
    table = result.table("parameters")
    yield columns
    yield from zip(*(table[name].values.tolist() for name in columns), strict=True)

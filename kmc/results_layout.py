# SPDX-License-Identifier: BSD-3-Clause
"""The datasets of results.h5: made, appended to and cut back; the only module that creates them (floor 6).

In: the mechanism and lattice, then values under the names of `kmc.schema`. Out: an open HDF5 file that xarray (netCDF4
dimension scales), ParaView (VTKHDF ImageData, sharing the lattice's storage through a hard link) and h5py read. When
and where the file is written is the matter of `kmc.output`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import h5py
import numpy as np

from kmc import schema
from kmc.errors import InternalError

if TYPE_CHECKING:
    from kmc.lattice import Lattice
    from kmc.mechanism import Mechanism

# Values per chunk of a series: a chunk of a few kB, so that a short run makes a small file.
_CHUNK_VALUES = 512
# Of compression: while one rank writes, all others wait. All outputs of the main deck on 400 x 400 sites take a quarter
# less time than on level 4, and a fifth more room.
_LEVEL = 2


def create(
    file: h5py.File,
    variables: tuple[schema.Variable, ...],
    mechanism: Mechanism,
    lattice: Lattice,
    surface: int,
    attributes: Mapping[str, object],
    tables: Mapping[str, Mapping[str, list]],
) -> None:
    """Make all datasets of an empty file.

    Parameters
    ----------
    file : h5py.File
    variables : tuple of Variable
        Datasets that the file has.
    mechanism : Mechanism
    lattice : Lattice
    surface : int
        Index of the first layer above the electrode surface.
    attributes : mapping of str to str or number
        Root attributes.
    tables : mapping
        Tables of the group ``/provenance``: name to columns, each a name and a list.
    """
    _write_coordinates(file, variables, mechanism, lattice, surface)
    _write_constants(file, mechanism)
    for variable in variables:
        if variable.is_series and variable.name != "time":
            _create(file, variable, shape=(0, *(len(file[name]) for name in variable.dims[1:])))
    if schema.SNAPSHOT in variables:
        _create_snapshots(file, mechanism, lattice, surface)
    _write_provenance(file, attributes, tables)


def append(file: h5py.File, values: Mapping[str, object], snapshot: np.ndarray | None = None) -> None:
    """One more output.

    Parameters
    ----------
    file : h5py.File
    values : mapping of str to array
        A value for every dataset along time.
    snapshot : uint8, shape (nz, ny, nx), optional
        State of the lattice to keep.

    Raises
    ------
    InternalError
        If a value has the wrong shape.
    """
    # Datasets are opened once: where outputs are frequent, finding them takes as long as filling them.
    datasets = {variable.name: file[variable.name] for variable in schema.SERIES if variable.name in file}
    kept = {} if snapshot is None else {"lattice": file["lattice"]}
    for name, dataset in (datasets | kept).items():
        shape = np.shape(snapshot if name == "lattice" else values[name])
        if shape != dataset.shape[1:]:
            raise InternalError(f"{name} has shape {shape}, the file {dataset.shape[1:]}")
    _append_series(datasets, values)
    if snapshot is not None:
        _append_snapshot(file, float(values["time"]), snapshot)


def sizes(file: h5py.File) -> tuple[int, int]:
    """Numbers of outputs and of snapshots in a file."""
    return len(file["time"]), len(file["snapshot_time"]) if "snapshot_time" in file else 0


def cut(file: h5py.File, n_outputs: int, n_snapshots: int) -> None:
    """Forget all outputs and snapshots but the first.

    Parameters
    ----------
    file : h5py.File
    n_outputs, n_snapshots : int
        How many stay; no more than there are.
    """
    for variable in schema.SERIES:
        if variable.name in file:
            file[variable.name].resize(n_outputs, axis=0)
    if "snapshot_time" not in file:
        return
    steps = file["VTKHDF/Steps"]
    steps.attrs.modify("NSteps", np.int64(n_snapshots))
    for dataset in (file["snapshot_time"], file["lattice"], steps["CellDataOffsets/lattice"]):
        dataset.resize(n_snapshots, axis=0)


def _create(file: h5py.File, variable: schema.Variable, data=None, shape=None) -> h5py.Dataset:
    """Create one dataset of the schema, with its attributes and its dimensions."""
    dtype = h5py.string_dtype() if variable.dtype == "str" else np.dtype(variable.dtype)
    options = {}
    if data is None:
        options = _chunking(variable, shape)
    dataset = file.create_dataset(variable.name, data=data, shape=shape, dtype=dtype, **options)
    dataset.attrs["long_name"] = variable.long_name
    dataset.attrs["comment"] = variable.definition
    if variable.unit:
        dataset.attrs["units"] = variable.unit
    if variable.dims == (variable.name,):
        dataset.make_scale(variable.name)
    else:
        for axis, name in enumerate(variable.dims):
            dataset.dims[axis].attach_scale(file[name])
    return dataset


def _chunking(variable: schema.Variable, shape: tuple[int, ...]) -> dict[str, object]:
    """Layout of a dataset that grows along its first axis."""
    row = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    n_rows = 1 if variable.name == schema.SNAPSHOT.name else max(1, _CHUNK_VALUES // max(row, 1))
    # An axis without entries (no gas) is left without limit, because HDF5 refuses chunks that are longer than
    # the limit.
    options = {
        "maxshape": (None, *(n or None for n in shape[1:])),
        "chunks": (n_rows, *(n or 1 for n in shape[1:])),
    }
    if row > 1:
        # A map of heights has few distinct values: whole, they are found again; in bytes apart, each byte is as hard to
        # foretell as the next. A third of the room and of the time at 400 x 400 columns.
        options |= {"compression": "gzip", "compression_opts": _LEVEL, "shuffle": "y" not in variable.dims}
    return options


def _write_coordinates(
    file: h5py.File, variables: Iterable[schema.Variable], mechanism: Mechanism, lattice: Lattice, surface: int
) -> None:
    """Coordinates of fixed length, and the two that grow."""
    has_lattice = schema.LATTICE_VECTORS in variables
    values = {
        **(lattice.coordinates(surface) if has_lattice else {}),
        "vector": ["x", "y", "z"],
        "direction": ["x", "y", "z"],
        "species": [s.name for s in (*mechanism.species, *mechanism.solution)],
        "gas_species": [s.name for s in mechanism.solution if s.phase == "gas"],
        "solution_species": [s.name for s in mechanism.solution if s.count is not None],
        "process": [p.name for p in mechanism.processes],
    }
    for variable in schema.COORDINATES:
        if variable not in variables:
            continue
        if variable.name in schema.UNLIMITED:
            _create(file, variable, shape=(0,))
        else:
            dtype = object if variable.dtype == "str" else variable.dtype
            _create(file, variable, data=np.array(values[variable.name], dtype=dtype))
    if has_lattice:
        _create(file, schema.LATTICE_VECTORS, data=lattice.vectors)


def _write_constants(file: h5py.File, mechanism: Mechanism) -> None:
    """What is known of every species and process from the start."""
    lattice_species, solution = mechanism.species, mechanism.solution
    everyone = (*lattice_species, *solution)
    values = {
        "formula": [getattr(s, "formula_unit", None) or _formula_text(s.formula) for s in everyone],
        "phase": [s.phase for s in everyone],
        "label": [getattr(s, "label", None) or s.name for s in everyone],
        "colour": [getattr(s, "colour", None) or "" for s in everyone],
        "compartment": ["lattice"] * len(lattice_species) + ["solution"] * len(solution),
        "units_per_site": [getattr(s, "units_per_site", 1) for s in everyone],
        "molar_volume": [getattr(s, "molar_volume", None) or np.nan for s in everyone],
        "charge_number": [s.charge for s in everyone],
        "lithium_number": [s.formula.get("Li", 0) for s in everyone],
        "electron_number": [p.electrons for p in mechanism.processes],
        "tunnels": [p.tunnelling for p in mechanism.processes],
    }
    for variable in schema.CONSTANTS:
        dtype = object if variable.dtype == "str" else variable.dtype
        _create(file, variable, data=np.array(values[variable.name], dtype=dtype))


def _formula_text(formula: Mapping[str, int]) -> str:
    """Formula of a molecule from its atoms."""
    return "".join(f"{element}{number if number > 1 else ''}" for element, number in formula.items())


def _create_snapshots(file: h5py.File, mechanism: Mechanism, lattice: Lattice, surface: int) -> None:
    """The lattice, and the VTKHDF view of it."""
    dataset = _create(file, schema.SNAPSHOT, shape=(0, *lattice.shape))
    dataset.attrs["periodic"] = np.array(lattice.periodic, dtype=np.uint8)  # along z, y, x
    dataset.attrs["flag_values"] = np.arange(len(mechanism.species), dtype=np.uint8)
    # A meaning is one word: the convention separates them by blanks and allows only these characters.
    words = [re.sub(r"[^A-Za-z0-9_\-.+@]", "_", s.name) for s in mechanism.species]
    dataset.attrs["flag_meanings"] = " ".join(words)
    n_z, n_y, n_x = lattice.shape
    view = file.create_group("VTKHDF")
    view.attrs["Version"] = np.array([2, 3], dtype=np.int64)
    # VTK wants ASCII text of fixed length.
    view.attrs.create("Type", b"ImageData", dtype=h5py.string_dtype("ascii", len(b"ImageData")))
    view.attrs["WholeExtent"] = np.array([0, n_x, 0, n_y, 0, n_z], dtype=np.int64)
    # An image of cells along any three directions: columns of the matrix are the unit vectors of the lattice. VTK puts
    # points, cells and bounds of a sheared box where they are; its filter for cell volumes takes all cells for cuboids.
    lengths = np.linalg.norm(lattice.vectors, axis=1)
    view.attrs["Origin"] = -surface * lattice.vectors[2]
    view.attrs["Spacing"] = lengths
    view.attrs["Direction"] = (lattice.vectors / lengths[:, None]).T.ravel()
    view.create_group("CellData")["lattice"] = dataset
    steps = view.create_group("Steps")
    steps.attrs["NSteps"] = np.int64(0)
    # A soft link: with a second hard link, netCDF readers take the dimension to be called "Values".
    steps["Values"] = h5py.SoftLink("/snapshot_time")
    offsets = steps.create_dataset(
        "CellDataOffsets/lattice", shape=(0,), maxshape=(None,), chunks=(64,), dtype=np.int64
    )
    offsets.dims[0].attach_scale(file["snapshot_time"])


def _write_provenance(file: h5py.File, attributes: Mapping[str, object], tables) -> None:
    """Root attributes and the tables of the group /provenance."""
    file.attrs["Conventions"] = "CF-1.11"
    file.attrs["format_version"] = schema.FORMAT_VERSION
    for name, value in attributes.items():
        file.attrs[name] = value
    group = file.create_group("provenance")
    for name, columns in tables.items():
        table = group.create_group(name)
        n_rows = len(next(iter(columns.values())))
        scale = table.create_dataset("row", data=np.arange(n_rows))
        scale.make_scale("row")
        for column, cells in columns.items():
            is_text = all(isinstance(cell, str) for cell in cells)
            data = np.array(cells, dtype=object if is_text else np.float64)
            dataset = table.create_dataset(column, data=data, dtype=h5py.string_dtype() if is_text else None)
            dataset.dims[0].attach_scale(scale)


def _append_series(datasets: Mapping[str, h5py.Dataset], values: Mapping[str, object]) -> None:
    """One more entry in every dataset along time."""
    n_outputs = len(datasets["time"])
    for name, dataset in datasets.items():
        dataset.resize(n_outputs + 1, axis=0)
        if np.size(values[name]):
            dataset[n_outputs] = values[name]


def _append_snapshot(file: h5py.File, time: float, snapshot: np.ndarray) -> None:
    """One more state of the lattice; the count of steps, which VTK believes, last."""
    dataset, times = file["lattice"], file["snapshot_time"]
    n_snapshots = len(times)
    steps = file["VTKHDF/Steps"]
    for target, value in (
        (dataset, snapshot),
        (times, time),
        (steps["CellDataOffsets/lattice"], n_snapshots),
    ):
        target.resize(n_snapshots + 1, axis=0)
        target[n_snapshots] = value
    steps.attrs.modify("NSteps", np.int64(n_snapshots + 1))

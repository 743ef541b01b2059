# SPDX-License-Identifier: BSD-3-Clause
"""The writer of results.h5; the only module that creates datasets (floor 6).

In: the mechanism and lattice at the start, then a dict of values per output under the names of `kmc.schema`,
now and then with the state of the lattice. Out: one HDF5 file that xarray (netCDF4 dimension scales),
ParaView (VTKHDF ImageData, sharing the lattice's storage through a hard link) and h5py read.

A run may be killed at any moment and a reader may hold the file open at any moment. While the file is small
every output therefore goes to a copy that replaces it in one step; a large file is appended to in place,
opened and closed per output. Signals wait until an output is whole. HDF5 cannot recover from a full disk, so
it works on the copy in memory, and on a large file only if there is room enough.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from kmc import schema
from kmc.constants import AVOGADRO
from kmc.errors import InternalError, KmcError, cannot_write, make_directory
from kmc.interrupts import held

if TYPE_CHECKING:
    from kmc.lattice import Lattice
    from kmc.mechanism import Mechanism

# Above this size [bytes], copying the file at every output costs more than the outputs are worth.
COPY_LIMIT = 64 * 2**20
# Room beyond the values themselves that an output may take in a large file: new chunks and their indexes [bytes].
_MARGIN = 4 * 2**20
# Values per chunk of a series: a chunk of a few kB, so that a short run makes a small file.
_CHUNK_VALUES = 512


class Writer:
    """Creates a results file and appends to it.

    Parameters
    ----------
    path : path
        File to write.
    mechanism : Mechanism
    lattice : Lattice
        Without sites, all datasets of film and lattice are left out.
    surface : int
        Index of the first layer above the electrode surface, as found by `fields.electrode_surface`.
    attributes : mapping of str to str or number, optional
        Root attributes: title, deck, seed, versions (see `provenance.attributes`).
    tables : mapping, optional
        Tables of the group ``/provenance``: name to columns, each a name and a list (see
        `provenance.tables`).
    overwrite : bool
        Whether to replace a file that exists.
    copy_limit : int, [bytes]
        Size above which the file is appended to in place.
    volume : float, optional, [m^3]
        Of the compartment; without one there are no concentrations.

    Raises
    ------
    KmcError
        If the file exists and `overwrite` is false, or cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        mechanism: Mechanism,
        lattice: Lattice,
        surface: int,
        attributes: Mapping[str, object] | None = None,
        tables: Mapping[str, Mapping[str, list]] | None = None,
        overwrite: bool = False,
        copy_limit: int = COPY_LIMIT,
        volume: float | None = None,
    ):
        self.path = Path(path)
        self.copy_limit = copy_limit
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._n_lattice_species = len(mechanism.species)
        self._n_solution = len(mechanism.solution)
        self._volume = volume
        self._finite = [index for index, s in enumerate(mechanism.solution) if s.count is not None]
        self._variables = schema.variables(0 not in lattice.shape, volume is not None)
        content = io.BytesIO()
        try:
            self._make_room(overwrite)
            with held():
                with h5py.File(content, "w") as file:
                    _write_coordinates(file, self._variables, mechanism, lattice, surface)
                    _write_constants(file, mechanism)
                    _create_series(file, self._series())
                    if schema.SNAPSHOT in self._variables:
                        _create_snapshots(file, mechanism, lattice, surface)
                    _write_provenance(file, attributes or {}, tables or {})
                self._replace(content)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def _make_room(self, overwrite: bool) -> None:
        """Make the directory, unless the file could not be put there anyway."""
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if self.path.exists() and not overwrite:
            raise KmcError(
                f"{self.path} exists already; choose another directory or ask for it to be overwritten"
            )
        self._part.exists()  # its name is longer and may be too long
        make_directory(self.path.parent)

    def _replace(self, content: io.BytesIO) -> None:
        """Put new content in the place of the file, in one step."""
        try:
            with self._part.open("wb") as part:
                part.write(content.getbuffer())
            os.replace(self._part, self.path)
        except OSError:
            with suppress(OSError):
                self._part.unlink()
            raise

    def _series(self) -> list[schema.Variable]:
        """The datasets of this file that grow by one entry at every output."""
        return [variable for variable in self._variables if variable.is_series]

    def append(self, values: Mapping[str, object], snapshot: np.ndarray | None = None) -> None:
        """Add one output.

        Parameters
        ----------
        values : mapping
            A value for every dataset along `time` that the file has, by name (`schema.variables`); those outside of the
            digest are optional. Arrays over `species` may run over the lattice species only. `solution_count`
            (n_solution,) fills the rest of `count` and gives `concentration`.
        snapshot : uint8, shape (nz, ny, nx), optional
            State of the lattice to keep.

        Raises
        ------
        InternalError
            If a dataset is left without a value or has the wrong shape.
        KmcError
            If the file cannot be written, for instance on a full disk.
        """
        values = self._complete(values)
        try:
            size = sum(np.asarray(value).nbytes for value in values.values())
            with self._opened(size + (0 if snapshot is None else snapshot.nbytes)) as file:
                _append_series(file, self._series(), values)
                if snapshot is not None:
                    _append_snapshot(file, values["time"], snapshot)
        except OSError as error:
            raise cannot_write(self.path, error, chosen=False) from error

    def _complete(self, values: Mapping[str, object]) -> dict[str, object]:
        """Extend arrays over the lattice species to all species."""
        # What the machine was like may go unmeasured; what the film is like may not.
        series = self._series()
        solution = np.asarray(values.get("solution_count", np.zeros(self._n_solution)), dtype=np.int64)
        complete = {v.name: np.nan for v in series if not v.in_digest} | dict(values)
        if self._volume is not None:
            complete["concentration"] = solution[self._finite] / (AVOGADRO * self._volume)
        missing = [v.name for v in series if v.name not in complete]
        if missing:
            raise InternalError(f"no value for {', '.join(missing)}")
        for variable in series:
            value = np.asarray(complete[variable.name])
            if variable.dims[-1] == "species" and value.shape[-1] == self._n_lattice_species:
                tail = np.zeros((*value.shape[:-1], self._n_solution), dtype=value.dtype)
                if variable.name == "count":
                    tail = solution
                complete[variable.name] = np.concatenate([value, tail], axis=-1)
        return complete

    @contextmanager
    def _opened(self, size: int = 0) -> Iterator[h5py.File]:
        """Open the file to add `size` bytes, or a copy of it that replaces it at the end; signals wait."""
        with held():
            file = self._in_place() if self.path.stat().st_size > self.copy_limit else None
            if file is not None:
                with file:
                    if shutil.disk_usage(self.path.parent).free < size + _MARGIN:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    yield file
                return
            content = io.BytesIO(self.path.read_bytes())
            with h5py.File(content, "r+") as file:
                yield file
            self._replace(content)

    def _in_place(self) -> h5py.File | None:
        """The file itself; nothing if a reader in this process holds it, because HDF5 does not share it."""
        try:
            return h5py.File(self.path, "r+", locking=False)
        except OSError:
            return None

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Set root attributes, such as why the run stopped.

        Parameters
        ----------
        attributes : mapping of str to str or number

        Raises
        ------
        KmcError
            If the file cannot be written.
        """
        try:
            with self._opened() as file:
                file.attrs.update(attributes)
        except OSError as error:
            raise cannot_write(self.path, error, chosen=False) from error


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
        options |= {"compression": "gzip", "compression_opts": 4, "shuffle": True}
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


def _create_series(file: h5py.File, series: Iterable[schema.Variable]) -> None:
    """Every dataset along time, empty."""
    for variable in series:
        if variable.name != "time":
            _create(file, variable, shape=(0, *(len(file[name]) for name in variable.dims[1:])))


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


def _append_series(file: h5py.File, series: Iterable[schema.Variable], values: Mapping[str, object]) -> None:
    """One more entry in every dataset along time."""
    n_outputs = len(file["time"])
    for variable in series:
        dataset, value = file[variable.name], np.asarray(values[variable.name])
        if value.shape != dataset.shape[1:]:
            raise InternalError(f"{variable.name} has shape {value.shape}, the file {dataset.shape[1:]}")
        dataset.resize(n_outputs + 1, axis=0)
        if value.size:
            dataset[n_outputs] = value


def _append_snapshot(file: h5py.File, time: float, snapshot: np.ndarray) -> None:
    """One more state of the lattice; the count of steps, which VTK believes, last."""
    dataset, times = file["lattice"], file["snapshot_time"]
    if snapshot.shape != dataset.shape[1:]:
        raise InternalError(f"lattice has shape {snapshot.shape}, the file {dataset.shape[1:]}")
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

# SPDX-License-Identifier: BSD-3-Clause
"""The writer of results.h5: when and how outputs reach the file (floor 6).

In: the mechanism and lattice at the start, then a dict of values per output under the names of `kmc.schema`,
now and then with the state of the lattice. Out: one HDF5 file, made by `kmc.results_layout`.

A run may be killed at any moment and a reader may hold the file open at any moment, and HDF5 recovers neither from
having been cut off in the middle of an append nor from a full disk. So a file is never written in place: outputs go
to a copy that replaces it in one step. While the file is small every output does so. A large file is copied only as
often as costs little time beside the run; outputs wait in memory until then, and so do signals until a copy is whole.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from kmc import results_layout, schema
from kmc.constants import AVOGADRO
from kmc.errors import InternalError, KmcError, OutputError, cannot_write, make_directory
from kmc.interrupts import held
from kmc.whole_files import copy_whole, part_of, removed_on_failure, replace_whole, sync, write_whole

if TYPE_CHECKING:
    from kmc.lattice import Lattice
    from kmc.mechanism import Mechanism

# Above this size [bytes] a file is copied on the disk rather than in memory, and not at every output.
COPY_LIMIT = 64 * 2**20
# Outputs of a large file wait in memory up to this size [bytes] ...
_QUEUE_LIMIT = 64 * 2**20
# ... or until so many times the duration of the last copy has passed: 2 % of the time goes into copying. So it is with
# bringing a small file onto the disk for the case that the machine loses power; a kill loses nothing without it.
_PATIENCE = 50
# Room beyond the values themselves that outputs may take in a large file: new chunks and their indexes [bytes].
_MARGIN = 4 * 2**20


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
        Size above which a file is large.
    volume : float, optional, [m^3]
        Of the compartment; without one there are no concentrations.
    keep : (int, int), optional
        Go on with the file that is there, of which so many outputs and snapshots are kept; `attributes` are set, and
        everything else that depends on the deck alone stays as it is.

    Raises
    ------
    KmcError
        If the file exists and `overwrite` is false, or cannot be created; with `keep`, if it holds fewer.
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
        keep: tuple[int, int] | None = None,
    ):
        self.path = Path(path)
        self.copy_limit = copy_limit
        self._n_lattice_species = len(mechanism.species)
        self._n_solution = len(mechanism.solution)
        self._volume = volume
        self._finite = [index for index, s in enumerate(mechanism.solution) if s.count is not None]
        self._variables = schema.variables(0 not in lattice.shape, volume is not None)
        self._waiting: list[tuple[dict[str, object], np.ndarray | None]] = []
        self._changes: dict[str, object] = {}  # root attributes to be set
        self._copied = (0.0, 0.0)  # when the last copy ended and how long it took [s]
        try:
            if keep is not None:
                self._changes = dict(attributes or {})
                self._cut(*keep)
                return
            self._make_room(overwrite)
            with held():
                content = io.BytesIO()
                with h5py.File(content, "w") as file:
                    results_layout.create(
                        file, self._variables, mechanism, lattice, surface, attributes or {}, tables or {}
                    )
                self._replace(content)
                self.n_outputs = self.n_snapshots = 0
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
        part_of(self.path).exists()  # its name is longer and may be too long
        make_directory(self.path.parent)

    def _cut(self, n_outputs: int, n_snapshots: int) -> None:
        """Go back to the first outputs of the file that is there."""
        with held():
            with h5py.File(self.path) as file:
                there = results_layout.sizes(file)
            if there[0] < n_outputs or there[1] < n_snapshots:
                raise KmcError(
                    f"{self.path} holds {there[0]} outputs and {there[1]} snapshots, but the checkpoint was written "
                    f"after {n_outputs} and {n_snapshots}: this is not the file that belongs to it"
                )
            self.n_outputs, self.n_snapshots = n_outputs, n_snapshots
            self._rewrite(0, self._forget)

    def _forget(self, file: h5py.File) -> None:
        """Cut a copy back to the outputs that are kept."""
        results_layout.cut(file, self.n_outputs, self.n_snapshots)
        self._write_waiting(file)
        self._changes = {}

    def _replace(self, content: io.BytesIO) -> None:
        """Put new content in the place of the file, in one step."""
        started, durable = time.monotonic(), self._is_patient()
        write_whole(self.path, content.getbuffer(), durable)
        if durable:
            self._copied = (time.monotonic(), time.monotonic() - started)

    def _is_patient(self) -> bool:
        """Whether enough time has passed since the last costly write."""
        ended, duration = self._copied
        return time.monotonic() - ended > _PATIENCE * duration

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
        copies = {variable.name: np.array(values[variable.name]) for variable in self._series()}
        self._waiting.append((copies, None if snapshot is None else np.array(snapshot)))
        self.n_outputs += 1
        self.n_snapshots += snapshot is not None
        large = self.path.stat().st_size > self.copy_limit
        if not large or self._is_patient() or self._size() > _QUEUE_LIMIT:
            self.flush()

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

    def _size(self) -> int:
        """Bytes of the outputs that wait."""
        return sum(
            sum(value.nbytes for value in values.values()) + (0 if snapshot is None else snapshot.nbytes)
            for values, snapshot in self._waiting
        )

    def flush(self, durable: bool = False) -> None:
        """Bring all outputs into the file.

        Parameters
        ----------
        durable : bool
            Whether they must be there even if the machine loses power right afterwards.

        Raises
        ------
        KmcError
            If the file cannot be written, for instance on a full disk; it is as it was before then.
        """
        try:
            if self._waiting or self._changes:
                with held():
                    self._rewrite(self._size(), self._write_waiting)
                    self._waiting, self._changes = [], {}
            if durable:
                sync(self.path)
                sync(self.path.parent)
        except OSError as error:
            raise cannot_write(self.path, error, chosen=False) from error
        except RuntimeError as error:  # of HDF5, where it cannot close a file
            raise OutputError(f"cannot write {self.path}: {error}") from error

    def _write_waiting(self, file: h5py.File) -> None:
        for values, snapshot in self._waiting:
            results_layout.append(file, values, snapshot)
        file.attrs.update(self._changes)

    def _rewrite(self, n_bytes: int, change) -> None:
        """Put a changed copy, larger by about so many bytes, in the place of the file."""
        size = self.path.stat().st_size
        if size <= self.copy_limit:
            content = io.BytesIO(self.path.read_bytes())
            with h5py.File(content, "r+") as file:
                change(file)
            self._replace(content)
            return
        started, part = time.monotonic(), part_of(self.path)
        if shutil.disk_usage(self.path.parent).free < size + n_bytes + _MARGIN:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with removed_on_failure(part):
            copy_whole(self.path, part)
            with h5py.File(part, "r+", locking=False) as file:
                change(file)
            replace_whole(part, self.path)
        self._copied = (time.monotonic(), time.monotonic() - started)

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Set root attributes, such as why the run stopped, and bring everything into the file.

        Parameters
        ----------
        attributes : mapping of str to str or number

        Raises
        ------
        KmcError
            If the file cannot be written.
        """
        self._changes |= attributes
        self.flush()

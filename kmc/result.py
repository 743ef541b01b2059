# SPDX-License-Identifier: BSD-3-Clause
"""A results file as xarray data (floor 6).

In: the path of a results.h5, finished or still being written. Out: a `Result`, whose `data` is an
`xarray.Dataset` that reads from the file when it is asked for values.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from kmc.errors import KmcError, cannot_write, make_directory
from kmc.schema import FORMAT_VERSION

if TYPE_CHECKING:
    import numpy as np
    import xarray

# Root attributes that a table in a notebook shows; the others are long.
_SHORT = ("title", "deck_name", "seed", "kmc_version", "git_commit", "created")


class Result:
    """The results of one run.

    Parameters
    ----------
    path : path
        A results.h5, or the directory that holds one.
    finished : bool, optional
        Whether the run reached the end that its deck asks for; as recorded in the file by default.
    stop_reason : str, optional
        Why the run stopped; as recorded in the file by default.

    Raises
    ------
    KmcError
        If there is no results file.
    """

    def __init__(self, path: str | os.PathLike, finished: bool | None = None, stop_reason: str | None = None):
        path = Path(path)
        self.path = path / "results.h5" if path.is_dir() else path
        if not self.path.is_file():
            raise KmcError(f"{self.path}: no results there; `kmc run` makes them")
        self._open: dict[str, xarray.Dataset] = {}
        self._finished, self._stop_reason = finished, stop_reason

    @property
    def finished(self) -> bool:
        """bool: whether the run reached the end that its deck asks for."""
        return bool(self.provenance.get("finished", False)) if self._finished is None else self._finished

    @property
    def stop_reason(self) -> str:
        """str: why the run stopped; empty while it goes on or if it was killed."""
        return str(self.provenance.get("stop_reason", "")) if self._stop_reason is None else self._stop_reason

    @property
    def data(self) -> xarray.Dataset:
        """xarray.Dataset: every dataset of the file, as `kmc.schema` defines it, read when used."""
        return self._group("/")

    def table(self, name: str) -> xarray.Dataset:
        """One table of the group /provenance: ``processes``, ``parameters``, ``tables`` or ``citations``.

        Parameters
        ----------
        name : str

        Returns
        -------
        table : xarray.Dataset
            Columns along `row`; `to_dataframe()` makes a pandas table of it.

        Raises
        ------
        KmcError
            If there is no such table.
        """
        return self._group(f"/provenance/{name}")

    @cached_property
    def provenance(self) -> Mapping[str, object]:
        """dict: root attributes, with deck text, seed and versions."""
        return {name: _plain(value) for name, value in self.data.attrs.items()}

    @property
    def citations(self) -> dict[str, str]:
        """dict: every reference of the physics used, with what it is the reference of."""
        table = self.table("citations")
        return dict(zip(table["reference"].values.tolist(), table["subject"].values.tolist(), strict=True))

    @property
    def time(self) -> xarray.DataArray:
        """xarray.DataArray: times of the outputs [s]."""
        return self.data["time"]

    @property
    def thickness(self) -> xarray.DataArray:
        """xarray.DataArray: mean thickness of the film [m] against time."""
        return self._of_lattice("thickness")

    @property
    def porosity(self) -> xarray.DataArray:
        """xarray.DataArray: porosity of every layer against time."""
        return self._of_lattice("porosity")

    @property
    def film(self) -> xarray.DataArray:
        """xarray.DataArray: the last state of the lattice, species index of every site (z, y, x)."""
        return self._of_lattice("lattice").isel(snapshot_time=-1)

    @property
    def lattice_vectors(self) -> np.ndarray:
        """float64, shape (3, 3), [m]: steps a1, a2, a3 of the indexes x, y, z of a site."""
        return self._of_lattice("lattice_vectors").values

    @property
    def area(self) -> float:
        """float: area of the electrode [m^2]."""
        (a1_x, a1_y, _), (a2_x, a2_y, _), _ = self.lattice_vectors
        return float(abs(a1_x * a2_y - a1_y * a2_x)) * self.data.sizes["x"] * self.data.sizes["y"]

    @property
    def has_lattice(self) -> bool:
        """bool: whether there are sites, and thus a film; without, the run is all solution."""
        return "lattice" in self.data

    def _of_lattice(self, name: str) -> xarray.DataArray:
        if not self.has_lattice:
            raise KmcError(f"{self.path}: a run without lattice has no {name}; it has count and event_count")
        if name not in self.data:
            raise KmcError(f"{self.path}: has no {name}, because {self._older()}")
        return self.data[name]

    def _older(self) -> str:
        """Why something that results have is not there, and what to do about it."""
        version = str(self.provenance.get("kmc_version", "an earlier version"))
        commit = str(self.provenance.get("git_commit", ""))[:12]
        by = f"sei-kmc {version}" + (f" (commit {commit})" if commit else "")
        return (
            f"it was written by {by}, before results had it; run the deck again, which the file holds in its attribute "
            "'deck'"
        )

    @property
    def n_outputs(self) -> int:
        """int: number of outputs so far."""
        return self.data.sizes["time"]

    def refresh(self) -> Result:
        """Read the file anew, for a run that goes on.

        Returns
        -------
        result : Result
            Itself.
        """
        self.close()
        return self

    def close(self) -> None:
        """Close the file; the next access opens it again."""
        for dataset in self._open.values():
            dataset.close()
        self._open.clear()
        self.__dict__.pop("provenance", None)

    def __enter__(self) -> Result:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def _group(self, group: str) -> xarray.Dataset:
        if group not in self._open:
            import h5py
            import xarray

            try:
                file = h5py.File(self.path, "r")
            except OSError as error:
                raise KmcError(f"{self.path}: not a results file ({error})") from error
            with file:
                if "time" not in file or "format_version" not in file.attrs:
                    raise KmcError(f"{self.path}: not a results file; `kmc run` makes them")
                if file.attrs["format_version"] != FORMAT_VERSION:
                    found = file.attrs["format_version"]
                    message = f"{self.path}: results of format {found}; this version of kmc reads {FORMAT_VERSION}"
                    raise KmcError(message)
                if group not in file:
                    raise KmcError(f"{self.path}: no {group} there")
            # Durations stay numbers: the time types of pandas end at a nanosecond.
            self._open[group] = xarray.open_dataset(
                self.path, engine="h5netcdf", group=group, decode_timedelta=False
            )
        return self._open[group]

    def __repr__(self) -> str:
        return f"Result({str(self.path)!r}: {self._summary()})"

    def _summary(self) -> str:
        """State of the film at the last output, in a line."""
        if self.n_outputs == 0:
            return "no output yet"
        last = self.data.isel(time=-1)
        head = f"{self.n_outputs} outputs to t = {float(last['time']):.4g} s, "
        if not self.has_lattice:
            return f"{head}{int(last['n_events'])} events, {int(last['electrons'])} electrons passed"
        return (
            f"{head}thickness {float(last['thickness']) * 1e9:.2f} nm, "
            f"porosity {float(last['mean_porosity']):.3f}, charge {float(last['charge']):.3g} C/m2"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th align='left'>{name}</th><td>{escape(str(self.provenance.get(name, '')))}</td></tr>"
            for name in _SHORT
        )
        head = f"<p><b>{escape(str(self.path))}</b>: {self._summary()}</p>"
        return f"{head}<table>{rows}</table>{self.data._repr_html_()}"


def _plain(value):
    """A Python number or text instead of a NumPy scalar."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value


def output_files(directory: str | os.PathLike, names: Iterable[str]) -> list[Path]:
    """Paths of files that are about to be written, in a directory that is made if need be.

    Parameters
    ----------
    directory : path
    names : iterable of str

    Returns
    -------
    files : list of Path

    Raises
    ------
    KmcError
        If one of them cannot be written there; none has been touched then.
    """
    directory = Path(directory)
    files = [directory / name for name in names]
    try:
        for path in files:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{path.name} is a directory")
            if path.exists() and not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, f"{path.name} is protected")
        make_directory(directory)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise cannot_write(directory, error) from error
    return files


def file_of(path: Path) -> Path:
    """The results file that a file name or a directory stands for.

    Parameters
    ----------
    path : Path

    Returns
    -------
    file : Path

    Raises
    ------
    KmcError
        If there is none.
    """
    try:
        file = path / "results.h5" if path.is_dir() else path
        is_there = file.is_file()
    except OSError as error:
        raise KmcError(f"{str(path)[:100]} ...: {error.strerror}") from None
    if not is_there:
        raise KmcError(f"{file}: no results there; `kmc run` makes them")
    return file


def open(path: str | os.PathLike) -> Result:
    """Open the results of a run.

    Parameters
    ----------
    path : path
        A results.h5, or the directory that holds one.

    Returns
    -------
    result : Result

    Raises
    ------
    KmcError
        If there is no results file.
    """
    return Result(path)

# SPDX-License-Identifier: BSD-3-Clause
"""The results of a sweep as xarray data. Floor 61.

In: the path of a sweep.h5. Out: a `SweepResult`, whose `data` has dimensions (member, time, ...) and whose `summary`
has the statistics of every case.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kmc.errors import KmcError

if TYPE_CHECKING:
    import pandas
    import xarray

NAME = "sweep.h5"
"""str: name of the file of a sweep in its directory."""


class SweepResult:
    """All films of one sweep.

    Parameters
    ----------
    path : path
        A sweep.h5, or the directory that holds one.

    Raises
    ------
    KmcError
        If there is none.
    """

    def __init__(self, path: str | os.PathLike):
        path = Path(path)
        try:
            self.path = path / NAME if path.is_dir() else path
            is_there = self.path.is_file()
        except OSError as error:
            raise KmcError(f"{str(path)[:100]} ...: {error.strerror}") from None
        if not is_there:
            raise KmcError(f"{self.path}: no sweep there; `kmc sweep` makes one, --resume ends one that was cut off")
        self._open: dict[str, xarray.Dataset] = {}

    @property
    def data(self) -> xarray.Dataset:
        """xarray.Dataset: fields of all films along (member, time, ...), and what each film was."""
        return self._group("/")

    @property
    def summary(self) -> xarray.Dataset:
        """xarray.Dataset: fields along (case, statistic, time, ...): `summary.thickness.sel(statistic="mean")`."""
        return self._group("/summary")

    @property
    def wall_time(self) -> xarray.DataArray:
        """xarray.DataArray: wall time of every film [s]."""
        return self._group("/host")["wall_time"]

    @property
    def provenance(self) -> Mapping[str, object]:
        """dict: root attributes, with deck text, seed and versions."""
        return {name: value.item() if hasattr(value, "item") else value for name, value in self.data.attrs.items()}

    @property
    def cases(self) -> list[dict[str, str]]:
        """What each case sets, by path; one empty mapping where there are no cases."""
        if "case_setting" not in self.data:
            return [{} for _ in range(self.data.sizes["case"])]
        paths = [str(path) for path in self.data["path"].values]
        return [
            {path: str(text) for path, text in zip(paths, row, strict=True) if text}
            for row in self.data["case_setting"].values
        ]

    @property
    def members(self) -> pandas.DataFrame:
        """pandas.DataFrame: a row for every film: what it was, what became of it, and its values at the end."""
        import pandas

        data = self.data
        columns = {"case": data["case_of_member"].values}
        for path in dict.fromkeys(path for case in self.cases for path in case):
            columns[path] = [self.cases[case].get(path, "") for case in columns["case"]]
        if "factor" in data.dims:
            units = data["factor_unit"].values
            for number, (name, unit) in enumerate(zip(data["factor"].values, units, strict=True)):
                columns[f"{name} [{unit}]"] = data["factor_value"].values[:, number]
        for name, variable in data.data_vars.items():
            if variable.dims == ("member",) and name != "case_of_member":
                columns[str(name)] = variable.values
        columns["wall_time"] = self.wall_time.values
        return pandas.DataFrame(columns, index=pandas.Index(data["member"].values, name="member"))

    @property
    def is_dead(self) -> np.ndarray:
        """bool, shape (n_members,): films without result."""
        return self.data["status"].values.astype(str) == "dead"

    def close(self) -> None:
        """Close the file; the next access opens it again."""
        for dataset in self._open.values():
            dataset.close()
        self._open.clear()

    def __enter__(self) -> SweepResult:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def _group(self, group: str) -> xarray.Dataset:
        if group not in self._open:
            import h5py
            import xarray

            try:
                with h5py.File(self.path, "r") as file:
                    is_sweep = file.attrs.get("kind") == "sweep"
            except OSError as error:
                raise KmcError(f"{self.path}: not the file of a sweep ({error})") from error
            if not is_sweep:
                raise KmcError(f"{self.path}: not the file of a sweep; `kmc.open` reads the results of a film")
            # Durations stay numbers: the time types of pandas end at a nanosecond.
            self._open[group] = xarray.open_dataset(self.path, engine="h5netcdf", group=group, decode_timedelta=False)
        return self._open[group]

    def __repr__(self) -> str:
        data = self.data
        dead = int(self.is_dead.sum())
        lost = f", {dead} of them dead" if dead else ""
        return f"SweepResult({str(self.path)!r}: {data.sizes['member']} films{lost}, {data.sizes['case']} cases)"


def is_sweep(path: str | os.PathLike) -> bool:
    """Whether a file is that of a sweep, or a directory holds one and no results of a film."""
    path = Path(path)
    try:
        return path.name == NAME or ((path / NAME).is_file() and not (path / "results.h5").is_file())
    except OSError:  # a name that is too long
        return False


def open_sweep(path: str | os.PathLike) -> SweepResult:
    """Open the results of a sweep.

    Parameters
    ----------
    path : path
        A sweep.h5, or the directory that holds one.

    Raises
    ------
    KmcError
        If there is none.
    """
    return SweepResult(path)

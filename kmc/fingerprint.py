# SPDX-License-Identifier: BSD-3-Clause
"""One hash of all that a run has found, blind to how and where it was written (floor 61).

In: a results file. Out: a SHA-256 over the names, shapes, types and values of its datasets, the clock among them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kmc import schema
from kmc.errors import KmcError
from kmc.result import file_of

# Where the data come from (texts that may be worded otherwise for the same run), what the machine decided of a sweep,
# and a view of `lattice`.
_LEFT_OUT = ("provenance", "host", "VTKHDF")
_SLAB = 2**24  # values that are read at a time


def digest(path: str | os.PathLike) -> str:
    """SHA-256 of the data of a results file.

    Parameters
    ----------
    path : path
        A results.h5, or the directory that holds one.

    Returns
    -------
    digest : str
        64 hexadecimal digits, equal for two files that hold the same data.

    Raises
    ------
    KmcError
        If it is not a results file.

    Notes
    -----
    Hashed are, by name, the name, type, shape and values of every dataset outside of the groups ``/provenance`` and,
    in a sweep, ``/host``, but for what says something of the machine rather than of the film (`kmc.schema`; a dataset
    of another name says so by an attribute `in_digest` of 0). Numbers count in little-endian order, any NaN like any
    other, texts in UTF-8 with their lengths. Layout, chunks, compression, attributes, versions, wall times and hosts
    do not enter.
    """
    import h5py

    path = file_of(Path(path))
    try:
        with h5py.File(path, "r") as file:
            if "format_version" not in file.attrs:
                raise KmcError(f"{path}: not a results file (it says no format_version)")
            found = hashlib.sha256()
            for name, dataset in sorted(_datasets(file)):
                _add(found, name, dataset)
            return found.hexdigest()
    except (OSError, RuntimeError) as error:
        raise KmcError(f"{path}: not a results file ({error})") from error


def _datasets(file) -> Iterator[tuple[str, object]]:
    """Names and datasets that count."""
    import h5py

    table, found = schema.by_name(), {}

    def visit(name, item):
        if not isinstance(item, h5py.Dataset) or name.split("/")[0] in _LEFT_OUT:
            return
        known = table.get(name.rpartition("/")[2])
        if (known is None or known.in_digest) and item.attrs.get("in_digest", 1):
            found[name] = item

    for name, item in file.items():  # a visit from the root would meet an object under one of its names only
        if name in _LEFT_OUT:
            continue
        visit(name, item)
        if isinstance(item, h5py.Group):
            item.visititems(lambda inner, each, name=name: visit(f"{name}/{inner}", each))
    return iter(found.items())


def _add(found, name: str, dataset) -> None:
    """Add one dataset."""
    is_text = dataset.dtype.kind in "OSU"
    kind = "text" if is_text else dataset.dtype.newbyteorder("<").str
    found.update(f"{name}\0{kind}\0{dataset.shape}\0".encode())
    for part in _slabs(dataset):
        if is_text:
            for text in np.ravel(part):
                encoded = text if isinstance(text, bytes) else str(text).encode()
                found.update(len(encoded).to_bytes(8, "little") + encoded)
        else:
            found.update(_canonical(np.asarray(part)).tobytes())


def _slabs(dataset) -> Iterator[np.ndarray]:
    """The values in their order, as much at a time as fits into memory anywhere."""
    if dataset.shape == ():
        yield dataset[()]
        return
    row = max(1, int(np.prod(dataset.shape[1:])))
    step = max(1, _SLAB // row)
    for first in range(0, dataset.shape[0], step):
        yield dataset[first : first + step]


def _canonical(values: np.ndarray) -> np.ndarray:
    """The same numbers, little-endian and with one NaN."""
    values = values.astype(values.dtype.newbyteorder("<"))
    if values.dtype.kind == "f":
        values[np.isnan(values)] = np.nan
    return values

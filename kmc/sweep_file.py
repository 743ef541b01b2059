# SPDX-License-Identifier: BSD-3-Clause
"""sweep.h5: all films of a sweep in one file, put together from their records. Floor 72.

In: a plan and the records of its films. Out: one HDF5 file that xarray reads, with dimensions (member, time, ...), the
group `summary` with the statistics of every case, and the group `host` with what the machine decides (wall times, time
of creation). Everything outside of `host` is decided by the deck alone: it does not depend on the number of ranks, on
the order in which films come to their end, or on interruptions.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from kmc import provenance, schema
from kmc.ensemble import STATISTICS, summarize
from kmc.errors import cannot_write
from kmc.film_record import DEAD, FINISHED, Record, read_record, record_path
from kmc.interrupts import held
from kmc.sweep_plan import Plan

FORMAT_VERSION = "1"
"""str: of sweep.h5."""

SUMMARY, HOST = "summary", "host"
"""str: groups of statistics, and of what the machine decides."""

FINAL = "final_"
"""str: how names of values at the end of a film begin."""

_MEMBER = (
    ("case_of_member", "i8", "case", "Index of the combination of `grid` and `cases`; see case_setting."),
    ("draw", "i8", "row of the sample", "Row of the sample; 0 without one."),
    ("seed", "i8", "seed", "Seed of the random numbers of the film."),
    ("weight", "f8", "weight", "Weight in the averages of the case; 0 if the film counts in Sobol indices only."),
    ("status", "str", "status", "finished, stopped (ended early as the deck asks) or dead (no result)."),
    ("reason", "str", "reason", "Why the film stopped or died."),
)
_PATCH = (
    ("radius", "f8", "m", "radius of the particle", "Radius of the particles that the film grows on."),
    ("position", "f8", "1", "position in the electrode", "From 0 at the separator to 1 at the current collector."),
)


@dataclass(frozen=True)
class _Field:
    """One dataset of the file."""

    name: str
    dims: tuple[str, ...]
    data: np.ndarray
    unit: str = ""
    long_name: str = ""
    comment: str = ""


def gather(plan: Plan, directory: Path, path: Path) -> list[Record]:
    """Write the file of a sweep whose films all have their records.

    Parameters
    ----------
    plan : Plan
    directory : Path
        Of the sweep.
    path : Path
        File to write; replaced in one step.

    Returns
    -------
    records : list of Record

    Raises
    ------
    KmcError
        If a record is none, or the file cannot be written.
    """
    records = [read_record(record_path(directory, member.index)) for member in plan.members]
    times = common_times(records)
    names, left_out = _common(records)
    fields = [_collected(name, records, times) for name in names]
    fields += [_final(field, records) for field in fields if field.dims == ("member", "time")]
    coordinates = _coordinates(records, times, fields)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _write(file, [*_member_axes(plan), *coordinates, *_about_members(plan, records), *fields])
        file.attrs.update(_attributes(plan, left_out))
        confidence = plan.deck.sweep.confidence
        summary = file.create_group(SUMMARY)
        statistics = _Field("statistic", ("statistic",), np.array(STATISTICS), long_name="statistic")
        case = _Field("case", ("case",), np.arange(len(plan.cases)), "1", "case")
        _write(summary, [case, statistics, *coordinates, *(_summary(field, plan, confidence) for field in fields)])
        summary.attrs["confidence"] = confidence
        _write_host(file.create_group(HOST), records)
    _replace(path, content)
    return records


def common_times(records: Sequence[Record]) -> np.ndarray:
    """Times of the outputs of all films [s], increasing; a film that ended early adds none, if any did not."""
    for states in ({FINISHED}, {FINISHED, "stopped"}):
        times = [record.arrays["time"] for record in records if record.status in states]
        if times:
            return np.unique(np.concatenate(times))
    return np.empty(0)


def _common(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """Fields that can be put together, and those that cannot, because their coordinates differ between films."""
    alive = [record.arrays for record in records if record.status != DEAD]
    kept, left_out = [], []
    for variable in schema.SERIES:
        if variable.name == "time" or not any(variable.name in arrays for arrays in alive):
            continue
        axes = [dim for dim in variable.dims if dim != "time"]
        is_common = all(variable.name in arrays for arrays in alive) and all(
            np.array_equal(arrays[dim], alive[0][dim]) for arrays in alive for dim in axes
        )
        (kept if is_common else left_out).append(variable.name)
    return kept, left_out


def _collected(name: str, records: Sequence[Record], times: np.ndarray) -> _Field:
    """A field of all films, nan where a film has no output."""
    variable = schema.by_name()[name]
    shape = next(record.arrays[name].shape[1:] for record in records if record.status != DEAD)
    data = np.full((len(records), len(times), *shape), np.nan)
    for row, record in zip(data, records, strict=True):
        if record.status == DEAD:
            continue
        place = np.searchsorted(times, record.arrays["time"])
        there = np.flatnonzero(np.isin(record.arrays["time"], times))
        row[place[there]] = record.arrays[name][there]
    return _Field(name, ("member", *variable.dims), data, variable.unit, variable.long_name, variable.definition)


def _final(field: _Field, records: Sequence[Record]) -> _Field:
    """Value at the last output of every film."""
    data = np.array([
        np.nan if record.status == DEAD else float(record.arrays[field.name][-1]) for record in records
    ])
    comment = f"{field.name} at the last output of the film."
    return _Field(f"{FINAL}{field.name}", ("member",), data, field.unit, f"{field.long_name} at the end", comment)


def _coordinates(records: Sequence[Record], times: np.ndarray, fields: Sequence[_Field]) -> list[_Field]:
    """Time, and the other coordinates of the fields."""
    known = schema.by_name()
    found = {"time": times}
    for record in records:
        found |= {name: record.arrays[name] for name in record.arrays if known[name].dims == (name,) and name != "time"}
    needed = {dim for field in fields for dim in field.dims} | {"time"}
    return [
        _Field(name, (name,), data, known[name].unit, known[name].long_name, known[name].definition)
        for name, data in found.items() if name in needed
    ]


def _member_axes(plan: Plan) -> list[_Field]:
    """Coordinates of members, cases, settings and factors."""
    paths = list(dict.fromkeys(path for case in plan.cases for path in case))
    found = [
        _Field("member", ("member",), np.arange(len(plan.members)), "1", "film", "Index of the film in the sweep."),
        _Field("case", ("case",), np.arange(len(plan.cases)), "1", "case", "Combination of `grid` and `cases`."),
        _Field("path", ("path",), np.array(paths, dtype=str), long_name="path of a value of the deck"),
        _Field("factor", ("factor",), np.array([f.name for f in plan.factors], dtype=str), long_name="drawn value"),
    ]
    return [axis for axis in found if len(axis.data)]


def _about_members(plan: Plan, records: Sequence[Record]) -> list[_Field]:
    """The table of what each film was."""
    columns: dict[str, list] = {
        name: [getattr(member, name.partition("_")[0]) for member in plan.members] for name, *_ in _MEMBER[:4]
    }
    columns["status"] = [record.status for record in records]
    columns["reason"] = [record.reason for record in records]
    found = [
        _Field(name, ("member",), np.array(columns[name], dtype=str if kind == "str" else kind),
               "" if kind == "str" else "1", long_name, comment)
        for name, kind, long_name, comment in _MEMBER
    ]
    paths = list(dict.fromkeys(path for case in plan.cases for path in case))
    settings = np.array([[case.get(path, "") for path in paths] for case in plan.cases], dtype=str)
    values = np.array([member.values for member in plan.members], dtype=float)
    if paths:
        found.append(_Field("case_setting", ("case", "path"), settings, long_name="setting",
                            comment="What the case sets at the path, as YAML; empty where it sets nothing."))
    if plan.factors:
        found += [
            _Field("factor_value", ("member", "factor"), values, "", "drawn value", "In factor_unit."),
            *(_Field(f"factor_{name}", ("factor",), np.array(texts, dtype=str), long_name=name)
              for name, texts in _of_factors(plan).items()),
        ]
    if plan.members[0].patch is not None:
        found += [
            _Field(name, ("member",), np.array([getattr(member.patch, name) for member in plan.members]), *rest)
            for name, _, *rest in _PATCH
        ]
    return found


def _of_factors(plan: Plan) -> dict[str, list[str]]:
    """Unit, distribution and source of every factor."""
    quantities = [factor.quantity for factor in plan.factors]
    return {
        "unit": [factor.unit for factor in plan.factors],
        "distribution": [quantity.distribution.text() for quantity in quantities],
        "source": [quantity.source or "" for quantity in quantities],
    }


def _summary(field: _Field, plan: Plan, confidence: float) -> _Field:
    """Statistics of a field over the films of each case."""
    cases, weights = (np.array([getattr(member, name) for member in plan.members]) for name in ("case", "weight"))
    data = np.stack([
        summarize(field.data[cases == case], weights[cases == case], confidence) for case in range(len(plan.cases))
    ])
    comment = f"{field.comment} Statistics over the films of a case; `n` is a number of films, whatever the unit."
    return _Field(field.name, ("case", "statistic", *field.dims[1:]), data, field.unit, field.long_name, comment)


def _attributes(plan: Plan, left_out: Sequence[str]) -> dict[str, object]:
    """Root attributes: those of a film, and what the sweep is."""
    deck = plan.deck
    found = provenance.attributes(deck, deck.run.seed)
    del found["created"]
    sample = deck.sweep.sample
    return {
        "Conventions": "CF-1.11",
        "kind": "sweep",
        **found,
        "format_version": FORMAT_VERSION,
        "sample_method": sample.method if sample is not None else "none",
        "saltelli_rows": plan.saltelli_rows,
        "left_out": ", ".join(left_out),
    }


def _write_host(group: h5py.Group, records: Sequence[Record]) -> None:
    """What the machine decides: outside of any comparison."""
    from datetime import UTC, datetime

    member = _Field("member", ("member",), np.arange(len(records)), "1", "film")
    wall_time = np.array([record.wall_time for record in records])
    _write(group, [member, _Field("wall_time", ("member",), wall_time, "s", "wall time", "Wall time of the film.")])
    group.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")


def _write(group: h5py.Group, fields: Sequence[_Field]) -> None:
    """Datasets with their attributes and dimensions; coordinates stand before what lies along them."""
    for field in fields:
        is_text = field.data.dtype.kind == "U"
        data = field.data.astype(object) if is_text else field.data
        packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if field.data.size > 4096 else {}
        dtype = h5py.string_dtype() if is_text else None
        dataset = group.create_dataset(field.name, data=data, dtype=dtype, **({} if is_text else packed))
        about: Mapping[str, str] = {"long_name": field.long_name, "comment": field.comment, "units": field.unit}
        dataset.attrs.update({name: text for name, text in about.items() if text})
        if field.dims == (field.name,):
            dataset.make_scale(field.name)
        else:
            for axis, name in enumerate(field.dims):
                dataset.dims[axis].attach_scale(group[name])


def _replace(path: Path, content: io.BytesIO) -> None:
    """Put the file in its place, in one step."""
    part = path.with_name(f".{path.name}.part")
    try:
        with held():
            part.write_bytes(content.getbuffer())
            os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise cannot_write(path, error, chosen=False) from error

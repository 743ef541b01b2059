# SPDX-License-Identifier: BSD-3-Clause
"""Electrode potential and temperature as functions of time. Floor 1.

A `Constant`, a `Ramp` or a `TableSeries` is the condition as written. What the simulation applies is a
staircase: the rate constants are renewed only where the value has moved by one `step`, and in between it is
held at the middle of what it covers there, so that it is never off by more than step / 2. A part that is
constant in time is held exactly. The edges follow from the series alone, never from when somebody asks, so
that output times do not change a trajectory.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kmc.errors import DeckError, KmcError, Problem
from kmc.units import UnitError, check_unit, parse_quantity

MAX_STEPS = 200_000
"""Largest number of steps of one staircase."""

_MAX_CSV_BYTES = 200_000_000
_MAX_REPORTED = 10
_FOREVER = 1e300  # [s], finite
_HEADER_UNIT = re.compile(r".*\[(?P<unit>[^\[\]]+)\]\s*")


class _PiecewiseLinear:
    """Straight lines between corners, held before the first and after the last."""

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Times [s], increasing, and values of the corners, float64, shape (n_corners,)."""
        raise NotImplementedError

    def value(self, time: float) -> float:
        """Value [V] or [K] at a time [s], as written (not the staircase)."""
        return float(np.interp(time, *self._corners()))

    def next_change(self, time: float, step: float) -> float | None:
        """Next time at which the value has moved by `step`.

        Parameters
        ----------
        time : float, [s]
        step : float, > 0, [V] or [K]

        Returns
        -------
        float or None
            First time after `time`, [s], by which the values passed since span `step`, or at which a
            constant part begins or ends. None if the value does not change any more.
        """
        return self._advance(time, step)[0]

    def staircase(self, step: float, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """The series as applied.

        Parameters
        ----------
        step : float, > 0, [V] or [K]
        start : float, [s]

        Returns
        -------
        edges : float64, shape (n_steps,), [s]
            Where each step begins; the first is `start`, the last step has no end.
        levels : float64, shape (n_steps,), [V] or [K]
            The middle of the values that the series takes within the step: off by at most step / 2.

        Raises
        ------
        KmcError  if there are more than `MAX_STEPS` steps.
        """
        edges: list[float] = []
        levels: list[float] = []
        time: float | None = start
        while time is not None:
            if len(edges) == MAX_STEPS:
                raise KmcError(
                    f"the protocol has more than {MAX_STEPS} steps of {step:g}; make the step larger"
                )
            edges.append(time)
            time, lowest, highest = self._advance(time, step)
            levels.append(0.5 * (lowest + highest))
        return np.array(edges), np.array(levels)

    def _advance(self, time: float, step: float) -> tuple[float | None, float, float]:
        """End of the step that begins at `time`, and the lowest and highest value within it."""
        times, values = self._corners()
        lowest = highest = here = self.value(time)
        start = time
        for index in range(int(np.searchsorted(times, time, side="right")), len(times)):
            end, target = float(times[index]), float(values[index])
            if target == here:
                # A constant part is a step of its own, so that what is held is held exactly.
                if lowest != highest:
                    return start, lowest, highest
                if index + 1 < len(times) and values[index + 1] != here:
                    return end, lowest, highest
            else:
                limit = lowest + step if target > here else highest - step
                if abs(target - here) >= abs(limit - here):
                    # a step is never shorter than what a double resolves
                    crossing = start + (end - start) * ((limit - here) / (target - here))
                    crossing = max(min(crossing, end), math.nextafter(time, math.inf))
                    return crossing, min(lowest, limit), max(highest, limit)
                lowest, highest = min(lowest, target), max(highest, target)
            here, start = target, end
        return (start if lowest != highest else None), lowest, highest


@dataclass(frozen=True)
class Constant(_PiecewiseLinear):
    """The same value at all times, [V] or [K]."""

    level: float

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(1), np.array([self.level])


@dataclass(frozen=True)
class Ramp(_PiecewiseLinear):
    """From `start` at time zero to `end` at constant speed, then held.

    Parameters
    ----------
    start, end : float, [V] or [K]
    rate : float, > 0, [V/s] or [K/s]
        Speed; its sign follows from `start` and `end`.
    """

    start: float
    end: float
    rate: float

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        if self.start == self.end:
            return np.zeros(1), np.array([self.start])
        length = min(abs(self.end - self.start) / self.rate, _FOREVER)
        return np.array([0.0, length]), np.array([self.start, self.end])


@dataclass(frozen=True)
class TableSeries(_PiecewiseLinear):
    """Linear interpolation in a table, the ends held.

    Parameters
    ----------
    file : Path
        The CSV file.
    time, column : str
        Headers of the two columns used; their units stand in brackets.
    times : float64, shape (n_rows,), [s]
        Increasing.
    values : float64, shape (n_rows,), [V] or [K]
    """

    file: Path
    time: str
    column: str
    times: np.ndarray = field(repr=False, compare=False)
    values: np.ndarray = field(repr=False, compare=False)

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        return self.times, self.values


Series = Constant | Ramp | TableSeries
"""What `protocol.potential` and `protocol.temperature` of a deck are."""


class Protocol:
    """Potential and temperature as they are applied to the lattice.

    Parameters
    ----------
    potential : Series, [V vs Li/Li+]
    temperature : Series, [K]
    steps : tuple of 2 float, > 0
        Largest change between two renewals of the rate constants: potential [V], temperature [K].

    Raises
    ------
    KmcError  if a staircase has more than `MAX_STEPS` steps.
    """

    def __init__(self, potential: Series, temperature: Series, steps: tuple[float, float] = (5e-3, 0.5)):
        self.potential = potential
        self.temperature = temperature
        self.steps = steps
        self._stairs = (potential.staircase(steps[0]), temperature.staircase(steps[1]))
        self._edges = np.unique(np.concatenate([edges for edges, _ in self._stairs]))

    def at(self, time: float) -> tuple[float, float]:
        """Potential [V] and temperature [K] as applied at a time [s]; an edge belongs to the later step."""
        potential, temperature = (
            float(levels[max(int(np.searchsorted(edges, time, side="right")) - 1, 0)])
            for edges, levels in self._stairs
        )
        return potential, temperature

    def breakpoints(self, time: float, duration: float = math.inf) -> float | None:
        """Next time after `time` and before `duration` at which `at` changes, [s]; None if there is none."""
        index = int(np.searchsorted(self._edges, time, side="right"))
        if index == len(self._edges) or self._edges[index] >= duration:
            return None
        return float(self._edges[index])


def load_table(file: Path, time: str, column: str, dimension: str) -> TableSeries:
    """Read a series from two columns of a CSV file.

    Parameters
    ----------
    file : Path
    time, column : str
        Headers of the two columns, each with its unit in brackets, for example `Time [s]`.
    dimension : str
        "potential" or "temperature".

    Returns
    -------
    TableSeries

    Raises
    ------
    DeckError  with everything that is wrong: no such column, no unit, cells that are no finite numbers,
        times that do not increase, fewer than two rows, temperatures not above 0 K.
    """
    columns, lines = _read_columns(file, {time: "time", column: dimension})
    series = np.array([columns[time], columns[column]])
    problems = _check(series, lines, dimension, file)
    if problems:
        raise DeckError(_first(problems))
    series.setflags(write=False)
    return TableSeries(file, time, column, series[0], series[1])


def read_columns(file: Path, wanted: dict[str, str]) -> dict[str, np.ndarray]:
    """Read columns of numbers from a CSV file.

    Parameters
    ----------
    file : Path
    wanted : dict of str to str
        Dimension by header; the header has the unit in brackets, [1] for a pure number.

    Returns
    -------
    columns : dict of str to float64, shape (n_rows,)
        In internal units, by header.

    Raises
    ------
    DeckError  with everything that is wrong: no such column, no unit, cells that are no finite numbers, fewer than two
        rows.
    """
    return _read_columns(file, wanted)[0]


def _read_columns(file: Path, wanted: dict[str, str]) -> tuple[dict[str, np.ndarray], list[int]]:
    """Columns by header, and the line of every row."""
    rows, lines = _read_rows(file)
    positions = _positions(rows[0], tuple(wanted), file, lines[0])
    # Celsius has an offset, so that a unit is a straight line, given by what it makes of 0 and 1.
    scales = [_scale(name, dimension, file, lines[0]) for name, dimension in wanted.items()]
    problems: list[Problem] = []
    series = np.full((len(wanted), len(rows) - 1), np.nan)
    for index, (row, line) in enumerate(zip(rows[1:], lines[1:], strict=True)):
        if len(row) != len(rows[0]):
            problems.append(
                Problem(f"{len(row)} cells in a table of {len(rows[0])} columns", str(file), line)
            )
            continue
        for each, name in enumerate(wanted):
            number = _number(row[positions[each]])
            if number is None:
                cell = row[positions[each]].strip()[:40]
                problems.append(
                    Problem(f"'{cell}' in column '{name}' is not a finite number", str(file), line)
                )
            else:
                series[each, index] = scales[each][0] * number + scales[each][1]
    if problems:
        raise DeckError(_first(problems))
    return dict(zip(wanted, series, strict=True)), lines[1:]


def _read_rows(file: Path) -> tuple[list[list[str]], list[int]]:
    """Rows of a CSV file that are not empty, with their line numbers."""
    try:
        if file.stat().st_size > _MAX_CSV_BYTES:
            raise DeckError(Problem(f"is larger than {_MAX_CSV_BYTES // 1_000_000} MB", str(file)))
        text = file.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        found = [(row, reader.line_num) for row in reader if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise DeckError(Problem("no such file", str(file))) from None
    except IsADirectoryError:
        raise DeckError(Problem("is a directory, not a CSV file", str(file))) from None
    except UnicodeDecodeError:
        raise DeckError(Problem("is not UTF-8 text", str(file))) from None
    except csv.Error as error:
        raise DeckError(Problem(f"is not a CSV table: {error}", str(file), reader.line_num)) from None
    except (OSError, ValueError) as error:
        raise DeckError(
            Problem(f"cannot be read: {getattr(error, 'strerror', None) or error}", str(file))
        ) from None
    if len(found) < 3:
        raise DeckError(Problem("a table needs a header and at least two rows", str(file)))
    return [row for row, _ in found], [line for _, line in found]


def _positions(header: list[str], wanted: tuple[str, ...], file: Path, line: int) -> list[int]:
    """Index of each wanted column."""
    names = [name.strip() for name in header]
    problems = []
    for name in wanted:
        if name.strip() not in names:
            close = difflib.get_close_matches(name, names, 1, 0.5)
            guess = f", did you mean '{close[0]}'?" if close else ""
            shown = ", ".join(f"'{each}'" for each in names[:12])
            problems.append(
                Problem(f"no column '{name}'{guess}", str(file), line, hint=f"columns are: {shown}")
            )
        elif names.count(name.strip()) > 1:
            problems.append(Problem(f"two columns are called '{name}'", str(file), line))
    if problems:
        raise DeckError(problems)
    return [names.index(name.strip()) for name in wanted]


def _scale(header: str, dimension: str, file: Path, line: int) -> tuple[float, float]:
    """Factor and offset from the unit in a header's brackets to the internal unit."""
    found = _HEADER_UNIT.fullmatch(header)
    if found is None:
        example = {"time": "Time [s]", "potential": "Potential [V]"}.get(dimension, "Temperature [K]")
        raise DeckError(Problem(f"column '{header}' has no unit; name it like '{example}'", str(file), line))
    if dimension == "dimensionless" and found["unit"].strip() == "1":
        return 1.0, 0.0
    try:
        check_unit(found["unit"], dimension)
        offset = parse_quantity(f"0 {found['unit']}", dimension)[0]
        return parse_quantity(f"1 {found['unit']}", dimension)[0] - offset, offset
    except UnitError as error:
        raise DeckError(Problem(f"column '{header}': {error}", str(file), line)) from None


def _number(cell: str) -> float | None:
    """Finite number of a cell, or None."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def _check(series: np.ndarray, lines: list[int], dimension: str, file: Path) -> list[Problem]:
    """Times increase, temperatures are above zero."""
    backwards = np.flatnonzero(np.diff(series[0]) <= 0.0) + 1
    problems = [
        Problem("the time does not increase from the row before", str(file), lines[row]) for row in backwards
    ]
    if dimension == "temperature":
        cold = np.flatnonzero(series[1] <= 0.0)
        problems += [Problem("a temperature must be above 0 K", str(file), lines[row]) for row in cold]
    return problems


def _first(problems: list[Problem]) -> list[Problem]:
    """The first problems of a file; a table with one bad column would fill the screen."""
    if len(problems) <= _MAX_REPORTED:
        return problems
    last = problems[_MAX_REPORTED - 1]
    rest = f"and {len(problems) - _MAX_REPORTED + 1} more like this"
    return [*problems[: _MAX_REPORTED - 1], Problem(last.message, last.file, last.line, hint=rest)]

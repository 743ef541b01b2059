# SPDX-License-Identifier: BSD-3-Clause
"""When to look: output times as exact clock readings.

Floor 5. A clock reading is (whole seconds, fraction in [0, 1)), as in the core, so that output times a picosecond
apart stay apart at one year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmc.deck import Cadence

MAX_OUTPUTS = 1_000_000
"""int: largest number of outputs that a cadence may ask for."""


def clock(time: float | Fraction) -> tuple[int, float]:
    """Clock reading of a time [s]."""
    whole = math.floor(time)
    fraction = float(time - whole)
    return (whole, fraction) if fraction < 1.0 else (whole + 1, 0.0)


def seconds(reading: tuple[int, float]) -> float:
    """Time [s] of a clock reading, rounded to a double."""
    return reading[0] + reading[1]


def output_times(cadence: Cadence | None, duration: float) -> Iterator[float]:
    """Times of a cadence, after zero and before the duration.

    Parameters
    ----------
    cadence : Cadence or None
        `every` [s], or `per_decade` outputs a decade from `start` [s] on. None or empty: no times.
    duration : float, [s]

    Yields
    ------
    time : float, [s]
        Increasing. Multiples of `every`, or start * 10**(n / per_decade); each is computed from n, so that they do not
        drift.
    """
    if cadence is None or (cadence.every is None and cadence.per_decade is None):
        return
    for n in range(0, MAX_OUTPUTS):
        if cadence.every is not None:
            time = (n + 1) * cadence.every
        else:
            time = cadence.start * 10.0 ** (n / cadence.per_decade)
        # Within rounding of the end it is the end itself, which is written anyway.
        if time >= duration * (1.0 - 1e-12):
            return
        yield time

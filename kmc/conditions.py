# SPDX-License-Identifier: BSD-3-Clause
"""The conditions between which a run moves: start, end and extremes of its protocol. Floor 2."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kmc.protocol import Protocol


@dataclass(frozen=True)
class Condition:
    """Potential and temperature at one time of a run, as applied.

    Parameters
    ----------
    label : str
        What is special about it, as in `start` or `lowest potential`.
    time : float, [s]
    potential : float, [V vs Li/Li+]
    temperature : float, [K]
    """

    label: str
    time: float
    potential: float
    temperature: float


def conditions_of(protocol: Protocol, end: float) -> tuple[Condition, ...]:
    """Start and end of a run, and where potential and temperature are lowest and highest.

    Parameters
    ----------
    protocol : Protocol
    end : float, [s]
        Duration of the run.

    Returns
    -------
    tuple of Condition
        In this order, the same conditions once; a constant protocol gives one.
    """
    times = {"start": 0.0, "end": math.nextafter(end, 0.0)}  # what would begin at the end is never applied
    for name, series, step in zip(
        ("potential", "temperature"), (protocol.potential, protocol.temperature), protocol.steps, strict=True
    ):
        edges, levels = series.staircase(step)
        edges, levels = edges[edges < end], levels[: (edges < end).sum()]
        times[f"lowest {name}"] = float(edges[levels.argmin()])
        times[f"highest {name}"] = float(edges[levels.argmax()])
    found: dict[tuple[float, float], Condition] = {}
    for label, time in times.items():
        potential, temperature = protocol.at(time)
        found.setdefault((potential, temperature), Condition(label, time, potential, temperature))
    return tuple(found.values())

# SPDX-License-Identifier: BSD-3-Clause
"""A moment of a run, in memory, to see what happens and what it costs. Floor 5."""

from __future__ import annotations

import math
import time as wall
from dataclasses import dataclass

import numpy as np

from kmc.model import Model
from kmc.schedule import clock, seconds

TRIAL = 0.5
"""float, [s]: CPU time at most that the engine is tried for."""

_CHUNK = 1000  # events between two looks at the clock, a few ms
_SPAN = 4.0  # the pace is read off the last part of the trial, over this factor in time


@dataclass(frozen=True)
class Trial:
    """What the first moment of a run was like.

    Parameters
    ----------
    time : float, [s]
        Simulated time that was reached.
    used : float, [s]
        CPU time that it took.
    n_events : int
    event_count : int64, shape (n_processes,)
        By process.
    propensity : float, [1/s]
        Events per simulated second at the start.
    n_bytes : int
        Memory of the engine.
    exponent : float
        b in n_events ~ time^b over the last part of the trial; NaN if too little happened.
    duration : float, [s]
        Of the run.
    max_events : int, optional
        Of the run.
    """

    time: float
    used: float
    n_events: int
    event_count: np.ndarray
    propensity: float
    n_bytes: int
    exponent: float
    duration: float
    max_events: int | None

    @property
    def is_whole(self) -> bool:
        """Whether the trial was the whole run."""
        return self.time >= self.duration or (self.max_events is not None and self.n_events >= self.max_events)

    def events_expected(self) -> tuple[float, float] | None:
        """Events of the whole run if their number keeps to its power law, and if it grows as time does.

        Returns
        -------
        (float, float) or None
            The smaller one first; None if too little happened to say.
        """
        if self.is_whole or not self.n_events or not self.time > 0.0:
            return None
        ratio = self.duration / self.time
        exponents = [1.0] if math.isnan(self.exponent) else [min(self.exponent, 1.0), max(self.exponent, 1.0)]
        most = math.inf if self.max_events is None else float(self.max_events)
        counts = [min(self.n_events * ratio**each, most) for each in exponents]
        return counts[0], counts[-1]

    def wall_time(self, events: float) -> float:
        """Time that a number of events takes at the speed of the trial [s]."""
        return events * self.used / self.n_events


def try_out(model: Model) -> Trial:
    """Run a model from its start for at most `TRIAL` seconds of CPU time; nothing is kept.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Trial
    """
    engine = model.engine()
    propensity, n_bytes = float(engine.total_propensity), int(engine.n_bytes)
    history: list[tuple[float, int]] = []
    time, used = _run(model, engine, history)
    run = model.deck.run
    return Trial(
        time,
        used,
        int(engine.n_events),
        np.array(model.event_count(engine), dtype=np.int64),
        propensity,
        n_bytes,
        _exponent(history),
        run.duration,
        run.max_events,
    )


def _run(model: Model, engine, history) -> tuple[float, float]:
    """Simulated time reached and CPU time used [s]."""
    duration, most = model.deck.run.duration, model.deck.run.max_events
    start = wall.process_time()
    now, used = 0.0, 0.0
    while now < duration and used < TRIAL:
        change = model.protocol.breakpoints(now, duration)
        stop = clock(duration if change is None else change)
        while engine.time < stop and (used := wall.process_time() - start) < TRIAL:
            chunk = _CHUNK if most is None else min(_CHUNK, most - engine.n_events)
            if chunk <= 0:
                return seconds(engine.time), used
            engine.run(stop, chunk)
            history.append((seconds(engine.time), int(engine.n_events)))
        now = seconds(engine.time)
        if change is not None and engine.time >= stop:
            now = change
            model.apply(engine, change)
        used = wall.process_time() - start
    return now, used


def _exponent(history: list[tuple[float, int]]) -> float:
    """Slope of the number of events over time, both as logarithms, over the last part of a trial."""
    if not history:
        return math.nan
    time, events = history[-1]
    early = next(((t, n) for t, n in history if t >= time / _SPAN and n > 0), None)
    if early is None or not early[0] < time or events - early[1] < _CHUNK:
        return math.nan
    return math.log(events / early[1]) / math.log(time / early[0])

# SPDX-License-Identifier: BSD-3-Clause
"""The run loop: advance to the next time at which something is due, look, write, repeat.

Floor 7. The engine runs uninterrupted between these times, in chunks short enough to hear a signal.
"""

from __future__ import annotations

import math
import time as wall
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kmc import fields, provenance
from kmc.deck import load_deck
from kmc.errors import InternalError, KmcError
from kmc.interrupts import held
from kmc.ledger import Ledger
from kmc.model import Model
from kmc.output import Writer
from kmc.result import Result
from kmc.schedule import clock, output_times, seconds
from kmc.tile_ranks import ALONE, Ranks, ranks_of
from kmc_core import ExitReason

CHUNK = 200_000
"""int: events between two looks at the wall clock and at signals."""


def run(deck, *, directory=None, seed=None, overrides=None, overwrite=False, progress=None, max_wall_time=None,
        communicator=None):
    """Grow the film of a deck.

    Parameters
    ----------
    deck : str or Path
        The deck.
    directory : str or Path, optional
        Where `results.h5` goes; `results/<deck name>` by default.
    seed : int, optional
        Instead of the deck's.
    overrides : dict of str to str, optional
        Values by their path in the deck, as `--set` takes them: {"protocol.temperature": "330 K"}.
    overwrite : bool
        Replace results that exist.
    progress : callable, optional
        Called with the duration [s]; gives something with `update` and `finish`, such as `kmc.progress.Progress`.
    max_wall_time : float, optional, [s]
        Stop after this much wall time; instead of the deck's.
    communicator : mpi4py.MPI.Comm, optional
        Ranks that share the tiles of the film; only the first of them writes.

    Returns
    -------
    result : Result
        With `finished` and `stop_reason`.

    Raises
    ------
    DeckError
        If the deck is refused, with everything that is wrong.
    KmcError
        If results exist already or cannot be written.
    """
    overrides = dict(overrides or {})
    if seed is not None:
        overrides["run.seed"] = str(seed)
    loaded = load_deck(Path(deck), overrides)
    directory = Path(directory) if directory is not None else Path("results") / Path(deck).stem
    ranks, model = ranks_of(communicator), Model.of(loaded)
    if ranks.size > 1 and model.tiling is None:
        raise KmcError(f"{ranks.size} ranks cannot share a film in one piece: cut it, as in tiles: {{size: [64, 64]}}")
    simulation = Simulation(model, directory / "results.h5", overwrite=overwrite, ranks=ranks)
    meter = progress(loaded.run.duration) if progress is not None and ranks.is_root else None
    limit = max_wall_time if max_wall_time is not None else loaded.run.max_wall_time
    try:
        reason = simulation.run(limit if limit is not None else math.inf, meter)
    finally:
        if meter is not None:
            meter.finish(simulation.stop_reason)
    return Result(simulation.path, finished=reason is None, stop_reason=reason)


class Silent:
    """Stands where a rank that writes nothing would have its writer."""

    def append(self, values, lattice=None):
        """Do nothing."""

    def set_attributes(self, attributes):
        """Do nothing."""


class Simulation:
    """One film on its way from time zero to the end of its deck.

    Parameters
    ----------
    model : Model
    path : Path
        The results file.
    overwrite : bool
        Replace a file that exists.
    ranks : Ranks
        Processes that run the film together; all of them make this object and call its methods.
    """

    def __init__(self, model: Model, path: Path, overwrite: bool = False, ranks: Ranks = ALONE):
        self.model = model
        self.path = path
        self.ranks = ranks
        self.engine = model.engine(ranks)
        self.stop_reason: str | None = "interrupted"  # until the run says otherwise; None once it reached its end
        self._table = fields.species_table(model.mechanism)
        surface = fields.electrode_surface(self._table.is_electrode[self._lattice()])
        molecules = model.molecules(self.engine)
        self._ledger = Ledger(model.mechanism, self._count(), model.lattice.area, molecules=molecules)
        deck = model.deck
        self._writer = Silent() if not ranks.is_root else Writer(
            path, model.mechanism, model.lattice, surface, provenance.attributes(deck, deck.run.seed),
            provenance.tables(deck, model.mechanism), overwrite=overwrite,
            volume=model.mechanism.compartment.size,
        )
        self._film: Mapping[str, object] = {}
        self._started = wall.monotonic()
        self._last = (0, self._started)  # events and wall clock at the last output

    def run(self, max_wall_time: float = math.inf, progress=None) -> str | None:
        """Advance to the end of the deck.

        Parameters
        ----------
        max_wall_time : float, [s]
        progress : Progress, optional

        Returns
        -------
        reason : str or None
            Why the run ended early; None if it reached its duration.
        """
        self._started = wall.monotonic()
        reason = self._grow(max_wall_time, progress)
        self.stop_reason = reason
        self._writer.set_attributes({"finished": int(reason is None), "stop_reason": reason or ""})
        if self.model.tiling is not None:
            self._writer.set_attributes(self.engine.report())
        return reason

    def _grow(self, max_wall_time: float, progress) -> str | None:
        """Everything between the first and the last output; the reason if the run ends early."""
        deck = self.model.deck
        times = set(output_times(deck.output.times, deck.run.duration))
        snapshots = set(output_times(deck.output.snapshots, deck.run.duration))
        self._observe(True)
        for due in [*sorted(times | snapshots), deck.run.duration]:
            for pause in self._pauses(due):
                reason = self._advance(clock(pause), max_wall_time, progress)
                if reason is not None:
                    self._observe(True)
                    return reason
                if pause < due:
                    self.model.apply(self.engine, pause)
            self._observe(due in snapshots or due == deck.run.duration)
            self._report(max_wall_time, progress)
        return None

    def _pauses(self, due: float):
        """Times up to `due` at which the engine has to stop: changes of potential or temperature, then `due`."""
        now = seconds(self.engine.time)
        while (change := self.model.protocol.breakpoints(now, due)) is not None:
            yield change
            now = change
        yield due

    def _advance(self, stop: tuple[int, float], max_wall_time: float, progress) -> str | None:
        """Run the engine to a clock reading; the reason if that has to end early."""
        limit = self.model.deck.run.max_events
        while True:
            chunk = CHUNK if limit is None else min(CHUNK, limit - self.engine.n_events)
            if chunk <= 0:
                return f"{limit} events executed"
            if self.engine.run(stop, chunk) != ExitReason.MAX_EVENTS:
                return None
            if self.ranks.agreed(wall.monotonic() - self._started > max_wall_time):
                return f"{max_wall_time:g} s of wall time used"
            self._report(max_wall_time, progress)

    def _report(self, max_wall_time: float, progress) -> None:
        if progress is None:
            return
        deck, elapsed = self.model.deck, wall.monotonic() - self._started
        time = seconds(self.engine.time)
        done = [time / deck.run.duration, elapsed / max_wall_time]
        if deck.run.max_events is not None:
            done.append(self.engine.n_events / deck.run.max_events)
        thickness, porosity = (self._film.get(name) for name in ("thickness", "mean_porosity"))
        progress.update(time, thickness, porosity, self.engine.n_events, min(max(done), 1.0), elapsed)

    def _observe(self, keep_lattice: bool) -> None:
        """Work out all fields of this moment, check the ledgers and append them to the file."""
        lattice, reading = self._lattice(), self.engine.time
        if self.model.has_lattice:
            # The first look at a film imports libraries, which a signal must not cut in two.
            with held():
                self._film = fields.observe(lattice, self._table, self.model.lattice)
        events, molecules = self.model.event_count(self.engine), self.model.molecules(self.engine)
        books = self._ledger.record(seconds(reading), events, self._count(), molecules)
        potential, temperature = self.model.protocol.at(seconds(reading))
        values = {
            "count": self._count(), **self._film, **books,
            "time": seconds(reading), "time_seconds": reading[0], "time_fraction": reading[1],
            "potential": potential, "temperature": temperature,
            "n_events": self.engine.n_events, "events_per_second": self._events_per_second(),
        }
        self._writer.append(values, lattice if keep_lattice and self.model.has_lattice else None)

    def _events_per_second(self) -> float:
        """Events per second of wall time since the last output [1/s]."""
        before, self._last = self._last, (self.engine.n_events, wall.monotonic())
        elapsed = self._last[1] - before[1]
        return (self._last[0] - before[0]) / elapsed if elapsed > 0 else math.nan

    def _lattice(self) -> np.ndarray:
        """uint8, shape (nz, ny, nx): species of every site now."""
        return np.array(self.engine.species).reshape(self.model.lattice.shape)

    def _count(self) -> np.ndarray:
        """int64, shape (n_species,): sites of every lattice species now."""
        n_species = len(self.model.mechanism.species)
        count = np.bincount(self.engine.species, minlength=n_species)
        if len(count) != n_species:
            raise InternalError(f"the lattice holds species {len(count) - 1}, but there are only {n_species}")
        return count.astype(np.int64)

# SPDX-License-Identifier: BSD-3-Clause
"""The run loop: advance to the next time at which something is due, look, write, repeat.

Floor 7. The engine runs uninterrupted between these times, in chunks short enough to hear a signal. After every chunk
the run may be cut: a checkpoint taken there has all that follows in it, to the last bit.
"""

from __future__ import annotations

import json
import math
import time as wall
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from signal import Signals

from kmc import checkpoint, fields, provenance
from kmc.checkpoint import Checkpoint
from kmc.deck import Deck, load_deck
from kmc.errors import KmcError
from kmc.interrupts import STOP_SIGNALS, Stopped, held, noticed
from kmc.ledger import Ledger
from kmc.model import Model
from kmc.output import Writer
from kmc.restart import Start, start_for_all, start_of
from kmc.result import Result
from kmc.same_run import settings
from kmc.schedule import clock, output_times, seconds
from kmc.tile_ranks import ALONE, Ranks, Silent, ranks_of
from kmc.whole_files import alone
from kmc_core import ExitReason

CHUNK = 200_000
"""int: events between two looks at the wall clock and at signals."""


def run(
    deck,
    *,
    directory=None,
    seed=None,
    overrides=None,
    overwrite=False,
    progress=None,
    max_wall_time=None,
    resume=False,
    tell: Callable[[str], None] | None = None,
    communicator=None,
):
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
    resume : bool
        Go on with the run whose results are there, from its last checkpoint and to the same bits as if it had never
        stopped; from the beginning if there is none.
    tell : callable, optional
        Called with a sentence about where a run goes on.
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
        If results exist already or cannot be written, or are to be resumed and are of another run.
    KeyboardInterrupt
        If a signal stopped the run; its checkpoint and its outputs are written by then.
    """
    overrides = dict(overrides or {})
    if seed is not None:
        overrides["run.seed"] = str(seed)
    loaded = load_deck(Path(deck), overrides)
    path = (Path(directory) if directory is not None else Path("results") / Path(deck).stem) / "results.h5"
    ranks = ranks_of(communicator)
    with ExitStack() as stack:
        start = start_for_all(communicator, lambda: _start(stack, loaded, path, resume, overwrite))
        for note in start.notes if tell is not None and ranks.is_root else ():
            tell(note)
        if start.is_finished:
            return Result(path)
        limit = max_wall_time if max_wall_time is not None else loaded.run.max_wall_time
        model = Model.of(loaded)
        if ranks.size > 1 and model.tiling is None:
            raise KmcError(f"{ranks.size} ranks cannot share a film in one piece: "
                           "cut it into smaller tiles, as in tiles: {size: [64, 64]}")
        simulation = Simulation(model, path, overwrite=start.overwrite, saved=start.saved, ranks=ranks)
        del start  # a large film need not be there twice
        meter = progress(loaded.run.duration) if progress is not None and ranks.is_root else None
        try:
            reason = simulation.run(limit if limit is not None else math.inf, meter)
        finally:
            if meter is not None:
                meter.finish(simulation.stop_reason)
    return Result(simulation.path, finished=simulation.finished, stop_reason=reason)


def _start(stack: ExitStack, deck: Deck, path: Path, resume: bool, overwrite: bool) -> Start:
    """From where a run starts, with its results file locked until the stack is left."""
    stack.enter_context(alone(path))
    return start_of(deck, path, resume, overwrite)


class Simulation:
    """One film on its way from time zero to the end of its deck.

    Parameters
    ----------
    model : Model
    path : Path
        The results file; checkpoints go beside it.
    overwrite : bool
        Replace a file that exists.
    saved : Checkpoint, optional
        Go on from there, with the results file that belongs to it; one that `save` wrote for the same deck.
    ranks : Ranks
        Processes that run the film together; all of them make this object and call its methods.

    Attributes
    ----------
    stop_reason : str or None
        Why the run ended before its duration.
    finished : bool
        Whether it did all that its deck asks for: its duration or its number of events.
    """

    def __init__(self, model: Model, path: Path, overwrite: bool = False, saved: Checkpoint | None = None,
                 ranks: Ranks = ALONE):
        self.model = model
        self.path = Path(path)
        self.ranks = ranks
        self.stop_reason: str | None = "interrupted"  # until the run says otherwise; None once it reached its end
        self.finished = False
        self._table = fields.species_table(model.mechanism)
        self._film: Mapping[str, object] = {}
        self._signals: list[str] = []
        self._n_done = 0  # outputs of the schedule that are written, the first one at time zero apart
        self._changed = 0.0  # time of the last change of the conditions that the engine knows of [s]
        if saved is None:
            self._begin(overwrite)
        else:
            self._go_on(saved)
        self._started = self._saved = wall.monotonic()
        self._last = (self.engine.n_events, self._started)  # events and wall clock at the last output

    def _begin(self, overwrite: bool) -> None:
        """Stand at time zero, with an empty file."""
        model, deck = self.model, self.model.deck
        self.engine = model.engine(self.ranks)
        self._run_id, self._settings = uuid.uuid4().hex, settings(deck)
        count = model.sites(self.engine).layer_count(self._table.n_species)
        surface = fields.electrode_surface(count[:, self._table.is_electrode])
        self._ledger = Ledger(
            model.mechanism, count.sum(axis=0), model.lattice.area, molecules=model.molecules(self.engine)
        )
        attributes = {"run_id": self._run_id, "settings": json.dumps(self._settings)}
        if not self.ranks.is_root:
            self._writer = Silent()
            return
        self._writer = Writer(
            self.path, model.mechanism, model.lattice, surface,
            provenance.attributes(deck, deck.run.seed) | attributes, provenance.tables(deck, model.mechanism),
            overwrite=overwrite, volume=model.mechanism.compartment.size,
        )
        checkpoint.remove(self.path)  # of the run whose results have been replaced

    def _go_on(self, saved: Checkpoint) -> None:
        """Stand where a checkpoint was taken, with all that was written later forgotten."""
        model, header = self.model, saved.header
        parts = {name.partition("/")[2]: array for name, array in saved.arrays.items() if name.startswith("engine/")}
        self.engine = model.restored(parts, self.ranks)
        self._run_id, self._settings = header["run_id"], header["settings"]
        self._n_done, self._changed = header["n_done"], header["changed"]
        previous = header["previous"]
        molecules = None if model.solution is None else saved.arrays["ledger/molecules"]
        self._ledger = Ledger(
            model.mechanism, saved.arrays["ledger/count"], model.lattice.area,
            previous=None if previous is None else tuple(previous), molecules=molecules,
        )
        self._writer = Silent(header["outputs"][0])
        self.ranks.root_does(lambda: self._open(tuple(header["outputs"])))

    def _open(self, outputs: tuple[int, int]) -> None:
        """Go on with the file that is there, cut back to what a checkpoint knows."""
        self._writer = Writer(
            self.path, self.model.mechanism, self.model.lattice, 0, {"finished": 0, "stop_reason": ""},
            volume=self.model.mechanism.compartment.size, keep=outputs,
        )

    def save(self) -> None:
        """Write a checkpoint, and all outputs before it.

        Raises
        ------
        KmcError
            If it cannot be written; earlier ones stay then. Other ranks than the first end without a word.
        """
        with held():
            saved = self._checkpoint()
            self.ranks.root_does(lambda: self._write(saved))
        self._saved = wall.monotonic()

    def _write(self, saved: Checkpoint) -> None:
        self._writer.flush(durable=True)
        checkpoint.write(self.path, saved)

    def _checkpoint(self) -> Checkpoint:
        """All that the future of the run depends on."""
        count, molecules, previous = self._ledger.state
        arrays = {f"engine/{name}": array for name, array in self.model.snapshot(self.engine).items()}
        header = {
            "run_id": self._run_id,
            "settings": self._settings,
            "time": seconds(self.engine.time),
            "n_done": self._n_done,
            "changed": self._changed,
            "outputs": [self._writer.n_outputs, self._writer.n_snapshots],
            "previous": previous,
        }
        return Checkpoint(header, arrays | {"ledger/count": count, "ledger/molecules": molecules})

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

        Raises
        ------
        Stopped
            If a signal ended it, once a checkpoint and the last state are written; not on several ranks.
        """
        self._started = self._saved = wall.monotonic()
        with noticed() as self._signals:
            if self._writer.n_outputs:
                self._film = self._observed()  # by all ranks together
                self._report(max_wall_time, progress, elapsed=0.0)
            reason = self._grow(max_wall_time, progress)
            self.finished = self.finished or reason is None
            if reason is not None:
                self.save()
                self._observe(True)  # for who looks at the file now; a run that goes on forgets it
            windows = {} if self.model.tiling is None else self.engine.report()
            self._writer.set_attributes({"finished": int(self.finished), "stop_reason": reason or "", **windows})
            if reason is None and self.ranks.is_root:
                checkpoint.remove(self.path)
            self.stop_reason = reason
        if self._signals and not self.finished and self.ranks.size == 1:  # several ranks return together
            raise Stopped(reason)
        return reason

    def _grow(self, max_wall_time: float, progress) -> str | None:
        """Everything between the first and the last output; the reason if the run ends early."""
        deck = self.model.deck
        times = set(output_times(deck.output.times, deck.run.duration))
        snapshots = set(output_times(deck.output.snapshots, deck.run.duration))
        if self._writer.n_outputs == 0:
            self._observe(True)
        for due in [*sorted(times | snapshots), deck.run.duration][self._n_done :]:
            while (change := self.model.protocol.breakpoints(self._changed, math.nextafter(due, math.inf))) is not None:
                reason = self._advance(change, max_wall_time, progress)
                if reason is not None:
                    return reason
                self.model.apply(self.engine, change)
                self._changed = change
            reason = self._advance(due, max_wall_time, progress)
            if reason is not None:
                return reason
            self._observe(due in snapshots or due == deck.run.duration)
            self._n_done += 1
            self._report(max_wall_time, progress)
        return None

    def _advance(self, time: float, max_wall_time: float, progress) -> str | None:
        """Run the engine to a time [s]; the reason if that has to end early."""
        run, stop = self.model.deck.run, clock(time)
        while True:
            chunk = CHUNK if run.max_events is None else min(CHUNK, run.max_events - self.engine.n_events)
            if chunk <= 0:
                self.finished = True
                return f"{run.max_events} events executed"
            has_arrived = self.engine.run(stop, chunk) != ExitReason.MAX_EVENTS
            if has_arrived and time == run.duration:
                return None
            reason = self._reason_to_stop(max_wall_time)
            if reason is None and self._is_checkpoint_due(run.checkpoint_interval):
                self.save()
            if reason is not None or has_arrived:
                return reason
            self._report(max_wall_time, progress)

    def _is_checkpoint_due(self, interval: float) -> bool:
        """Whether the first rank, whose clock counts, has not saved the run for so long [s]."""
        return bool(self.ranks.every([wall.monotonic() - self._saved > interval])[0, 0])

    def _reason_to_stop(self, max_wall_time: float) -> str | None:
        """Why the machine or its user wants the run to stop here."""
        signal = STOP_SIGNALS.index(Signals[self._signals[0]]) + 1 if self._signals else 0
        is_late = wall.monotonic() - self._started > max_wall_time
        # Signals come to ranks at different times, or to one of them; what one has seen stops all at the same place.
        signal, is_late = self.ranks.every([signal, is_late]).max(axis=0)
        if signal:
            return f"stopped by {STOP_SIGNALS[int(signal) - 1].name}"
        if is_late:
            return f"{max_wall_time:g} s of wall time used"
        return None

    def _report(self, max_wall_time: float, progress, elapsed: float | None = None) -> None:
        if progress is None:
            return
        deck, elapsed = self.model.deck, wall.monotonic() - self._started if elapsed is None else elapsed
        time = seconds(self.engine.time)
        done = [time / deck.run.duration, elapsed / max_wall_time]
        if deck.run.max_events is not None:
            done.append(self.engine.n_events / deck.run.max_events)
        thickness, porosity = (self._film.get(name) for name in ("thickness", "mean_porosity"))
        progress.update(time, thickness, porosity, self.engine.n_events, min(max(done), 1.0), elapsed)

    def _observe(self, keep_lattice: bool) -> None:
        """Work out all fields of this moment, check the ledgers and append them to the file."""
        self._film, reading = self._observed(), self.engine.time
        events, molecules = self.model.event_count(self.engine), self.model.molecules(self.engine)
        books = self._ledger.record(seconds(reading), events, self._film["count"], molecules)
        potential, temperature = self.model.protocol.at(seconds(reading))
        values = {
            **self._film, **books,
            "time": seconds(reading), "time_seconds": reading[0], "time_fraction": reading[1],
            "potential": potential, "temperature": temperature,
            "n_events": self.engine.n_events, "events_per_second": self._events_per_second(),
        }
        keep_lattice &= self.model.has_lattice
        self._writer.append(values, self.model.sites(self.engine).whole() if keep_lattice else None)

    def _observed(self) -> Mapping[str, object]:
        """Fields of the film; without a lattice, numbers of sites alone."""
        sites = self.model.sites(self.engine)
        if not self.model.has_lattice:
            return {"count": sites.layer_count(self._table.n_species).sum(axis=0)}
        # The first look at a film imports libraries, which a signal must not cut in two.
        with held():
            return fields.observe(sites, self._table, self.model.lattice)

    def _events_per_second(self) -> float:
        """Events per second of wall time since the last output [1/s]."""
        before, self._last = self._last, (self.engine.n_events, wall.monotonic())
        elapsed = self._last[1] - before[1]
        return (self._last[0] - before[0]) / elapsed if elapsed > 0 else math.nan

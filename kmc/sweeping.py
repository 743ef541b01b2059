# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps: an ensemble of films, grown by one process, by local workers, or by MPI ranks. Floor 75.

In: a deck with a section `sweep`. Out: a directory with `sweep.json` (what is being swept), a record and results.h5 of
every film below `members`, and at the end `sweep.h5` with all of them. Films are handed out as workers become free, the
longest first; rank 0 grows films as well. What a film does wrong is recorded, and the others go on.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import shutil
import time as wall
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kmc import __version__, provenance, schema
from kmc.deck import Deck, load_deck
from kmc.errors import DeckError, InternalError, KmcError, cannot_write, did_you_mean, make_directory
from kmc.film_record import DEAD, Record, grow, record_path, write_record
from kmc.handing_out import Pieces, Worker, work_here, work_in_processes, work_on_ranks
from kmc.model import Model
from kmc.ranks import all_or_none, first_rank_decides, world
from kmc.sweep_file import gather
from kmc.sweep_plan import Plan, members_directory, plan_of
from kmc.sweep_result import SweepResult

if TYPE_CHECKING:
    from mpi4py.MPI import Comm

Progress = Callable[[int, int, int], None]
"""Hears of films that came to their end: how many of how many, and how many of them dead."""

EXIT_STOPPED = 75
"""int: exit code of a sweep that was stopped and can go on."""

_STATE = "sweep.json"
_SHOWN = 12  # changed lines of a deck that a refusal shows


@dataclass(frozen=True)
class SweepRun:
    """What became of a sweep.

    Attributes
    ----------
    directory : Path
    n_members, n_done, n_dead : int
        Films of the sweep; those with a record; those of them without result.
    n_workers : int
        Processes or ranks that grew films.
    busy : float, [s]
        Wall time that they spent on films, summed up.
    elapsed : float, [s]
        From the first film to the last.
    """

    directory: Path
    n_members: int
    n_done: int
    n_dead: int
    n_workers: int
    busy: float
    elapsed: float

    @property
    def finished(self) -> bool:
        """bool: whether every film has come to its end."""
        return self.n_done == self.n_members

    @property
    def path(self) -> Path:
        """Path: the file with all films; it is there once the sweep is finished."""
        return self.directory / "sweep.h5"

    def open(self) -> SweepResult:
        """The results, once the sweep is finished."""
        return SweepResult(self.path)


def sweep(
    deck: str | os.PathLike,
    *,
    directory: str | os.PathLike | None = None,
    overrides: Mapping[str, str] | None = None,
    workers: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    max_wall_time: float = math.inf,
) -> SweepRun:
    """Grow all films of a sweep; under an MPI launcher, collectively.

    Parameters
    ----------
    deck : path
        A deck with a section `sweep`.
    directory : path, optional
        Where everything goes; `results/<deck name>` by default.
    overrides : mapping of str to str, optional
        Values of the deck by path, as `--set` takes them.
    workers : int
        Local processes; 1 grows the films in this one.
    resume : bool
        Go on with a sweep that was cut off; begin if there is none.
    overwrite : bool
        Replace a sweep that is there.
    progress : callable, optional
        Called on rank 0 whenever a film came to its end.
    max_wall_time : float, [s]
        After which films are no longer begun, and those under way are given up, to be grown anew by `resume`.

    Returns
    -------
    run : SweepRun

    Raises
    ------
    DeckError
        If the deck or its sweep is refused, with everything that is wrong.
    KmcError
        If there is a sweep already, what is to be resumed is another sweep, MPI is not in order, or a file cannot be
        written.
    """
    communicator = world()
    path, given = Path(deck), dict(overrides or {})
    directory = Path(directory) if directory is not None else Path("results") / path.stem

    def decide() -> str:
        if communicator is not None and workers > 1:
            raise KmcError(f"{workers} workers on each of {communicator.size} ranks: give one or the other")
        return prepare(path, given, directory, resume, overwrite)

    fingerprint = first_rank_decides(communicator, decide)
    with all_or_none(communicator, EXIT_STOPPED):
        plan = plan_of(load_deck(path, given))
        if communicator is not None and _fingerprint(plan) != fingerprint:
            raise KmcError(f"{path} is not the same on all ranks, or was changed just now")
        if not (directory / _STATE).is_file():
            raise KmcError(f"{directory} is not the same on all ranks; films must go where all of them see it")
        job = _Job(plan, directory, progress, wall.monotonic() + max_wall_time)
        if communicator is not None:
            job.on_ranks(communicator)
        elif workers > 1:
            job.in_processes(workers)
        else:
            work_here(job.pieces, job.grow)
        return first_rank_decides(communicator, job.finish)


def prepare(path: Path, overrides: dict[str, str], directory: Path, resume: bool, overwrite: bool) -> str:
    """Check a sweep and make its directory ready.

    Returns
    -------
    fingerprint : str
        Hash of everything that decides the films.

    Raises
    ------
    KmcError
        See `sweep`.
    """
    plan = plan_of(load_deck(path, overrides))
    model = Model.of(plan.deck)
    check_fields(plan.deck)
    state = {"kmc_version": __version__, **plan.description(), **_files(plan.deck, model)}
    file = directory / _STATE
    try:
        if file.is_file():
            if resume:
                before = json.loads(file.read_text(encoding="utf-8"))
                _compare(before if isinstance(before, dict) else {}, state, directory)
            elif not overwrite:
                raise KmcError(f"{directory} holds a sweep already; --resume goes on with it, --overwrite begins anew")
            else:
                (directory / "sweep.h5").unlink(missing_ok=True)
                shutil.rmtree(members_directory(directory), ignore_errors=True)
        make_directory(members_directory(directory))
        part = file.with_name(f".{_STATE}.part")
        part.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(part, file)
    except ValueError as error:
        raise KmcError(f"{file} is not the state of a sweep; --overwrite begins anew") from error
    except OSError as error:
        raise cannot_write(directory, error) from error
    return _fingerprint(plan)


def check_fields(deck: Deck) -> None:
    """Refuse fields to collect that are not in a results file along time.

    Raises
    ------
    DeckError
    """
    known = [variable.name for variable in schema.SERIES if variable.name != "time"]
    problems = [
        deck.problem(f"no field '{name}'{did_you_mean(name, known)}", ("sweep", "fields", number))
        for number, name in enumerate(deck.sweep.fields or ()) if name not in known
    ]
    if problems:
        raise DeckError(problems)


def _files(deck: Deck, model: Model) -> dict[str, str]:
    """Hash of every file that the deck reads."""
    tables = provenance.tables(deck, model.mechanism)["tables"]
    found = {f"table {file}": digest for file, digest in zip(tables["file"], tables["sha256"], strict=True)}
    particles = deck.sweep.particles
    if particles is not None and particles.table is not None:
        content = (deck.path.parent / particles.table.file).read_bytes()
        found[f"table {particles.table.file}"] = hashlib.sha256(content).hexdigest()
    return found


def _fingerprint(plan: Plan) -> str:
    """Hash of everything that decides the films, tables apart."""
    return hashlib.sha256(json.dumps(plan.description(), sort_keys=True).encode()).hexdigest()


def _compare(before: dict[str, object], now: dict[str, object], directory: Path) -> None:
    """Refuse to go on with another sweep, with the difference."""
    changed = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    if not changed:
        return
    lines = [f"{directory} holds another sweep; --overwrite begins anew, another directory keeps both"]
    for key in changed:
        old, new = (each.get(key, "nothing") for each in (before, now))
        if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
            difference = list(difflib.unified_diff(old.split("\n"), new.split("\n"), "", "", "", "", 0, ""))[2:]
            shown = [line for line in difference if not line.startswith("@@")]
            lines += [f"  {key}:", *(f"    {line}" for line in shown[:_SHOWN])]
            lines += [f"    and {len(shown) - _SHOWN} more lines"] if len(shown) > _SHOWN else []
        else:
            lines.append(f"  {key}: {str(old)[:80]} before, {str(new)[:80]} now")
    raise KmcError("\n".join(lines))


class _Job:
    """The films that are left, and what is known of those that came to their end."""

    def __init__(self, plan: Plan, directory: Path, progress: Progress | None, deadline: float):
        self.plan, self.directory, self.deadline = plan, directory, deadline
        left = [member.index for member in plan.members if not record_path(directory, member.index).is_file()]
        self._progress = progress
        self._n_done = len(plan.members) - len(left)
        self._n_dead = 0
        self._left = left
        self._n_workers = 1
        self._started = wall.monotonic()
        self.pieces = Pieces(plan.longest_first(left), self._note, deadline)

    def grow(self, index: int) -> str | None:
        """Grow a film in this process."""
        return grow(self.plan, index, self.directory, self.deadline - wall.monotonic())

    def on_ranks(self, communicator: Comm) -> None:
        """Grow all films on MPI ranks."""
        self._n_workers = communicator.size
        work_on_ranks(communicator, self.pieces if communicator.rank == 0 else None, self.grow)

    def in_processes(self, n_workers: int) -> None:
        """Grow all films in local processes."""
        self._n_workers = n_workers
        deck = self.plan.deck
        start = json.dumps({
            "deck": str(deck.path), "overrides": deck.overrides, "directory": str(self.directory),
            "seconds": None if math.isinf(self.deadline) else self.deadline - wall.monotonic(),
        })
        work_in_processes(n_workers, self.pieces, lambda: Worker("kmc.sweep_worker", start), self._bury)

    def finish(self) -> SweepRun:
        """Write the file of the whole sweep if every film has come to its end."""
        elapsed = wall.monotonic() - self._started
        n_members, busy = len(self.plan.members), 0.0
        if self._n_done == n_members:
            records = gather(self.plan, self.directory, self.directory / "sweep.h5")
            self._n_dead = sum(record.status == DEAD for record in records)
            times = [records[index].wall_time for index in self._left]
            busy = math.fsum(time for time in times if not math.isnan(time))
        return SweepRun(self.directory, n_members, self._n_done, self._n_dead, self._n_workers, busy, elapsed)

    def _note(self, _index: int, status: str | None) -> None:
        self._n_done += status is not None
        self._n_dead += status == DEAD
        if self._progress is not None:
            self._progress(self._n_done, len(self.plan.members), self._n_dead)

    def _bury(self, index: int, death: str) -> str:
        """Record a film whose process died with it."""
        if index < 0:
            raise InternalError(death)
        write_record(record_path(self.directory, index), Record(DEAD, death, math.nan, {}))
        return DEAD

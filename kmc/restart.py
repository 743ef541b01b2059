# SPDX-License-Identifier: BSD-3-Clause
"""From where a run starts: from time zero, or from a checkpoint of the same run (floor 65).

In: the deck and what is in the directory of its results. Out: a `Start`, or a refusal that says what differs or how to
go on. Nothing is written here.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kmc import checkpoint
from kmc.errors import KmcError
from kmc.progress import format_time
from kmc.ranks import first_rank_decides
from kmc.same_run import differences, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpi4py.MPI import Comm

    from kmc.deck import Deck


@dataclass(frozen=True)
class Start:
    """From where a run starts.

    Attributes
    ----------
    saved : Checkpoint or None
        What it goes on from; None for time zero.
    overwrite : bool
        Whether results that are there are replaced.
    notes : list of str
        What the user should know.
    is_finished : bool
        Whether there is nothing left to do.
    """

    saved: checkpoint.Checkpoint | None = None
    overwrite: bool = False
    notes: list[str] = field(default_factory=list)
    is_finished: bool = False

    def without_engine(self) -> Start:
        """The same for ranks that get their shares of the film from the first one."""
        if self.saved is None:
            return self
        arrays = {name: array for name, array in self.saved.arrays.items() if not name.startswith("engine/")}
        return replace(self, saved=replace(self.saved, arrays=arrays))


@dataclass(frozen=True)
class Found:
    """What a results file says of its run.

    Attributes
    ----------
    settings : dict of str to str
        As of `kmc.same_run`; empty in a file of a version without checkpoints.
    run_id : str
        Which run it is of all those with the same settings.
    finished : bool
    n_outputs : int
    time : float, [s]
        Of the last output.
    n_events : int
    """

    settings: dict[str, str]
    run_id: str
    finished: bool
    n_outputs: int
    time: float
    n_events: int


def found_in(path: Path) -> Found:
    """What a results file says of its run.

    Parameters
    ----------
    path : Path

    Returns
    -------
    found : Found

    Raises
    ------
    KmcError
        If it is no results file.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            n_outputs = len(file["time"])
            return Found(
                json.loads(file.attrs.get("settings", "{}")),
                str(file.attrs.get("run_id", "")),
                bool(file.attrs.get("finished", False)),
                n_outputs,
                float(file["time"][-1]) if n_outputs else 0.0,
                int(file["n_events"][-1]) if n_outputs and "n_events" in file else 0,
            )
    except (OSError, KeyError, ValueError) as error:
        raise KmcError(f"{path} is there already, but no results file that can be read ({error})") from error


def start_of(deck: Deck, path: Path, resume: bool = False, overwrite: bool = False) -> Start:
    """From where a run of a deck starts.

    Parameters
    ----------
    deck : Deck
    path : Path
        Its results file, which need not be there.
    resume : bool
        Go on with what is there.
    overwrite : bool
        Replace what is there.

    Returns
    -------
    start : Start

    Raises
    ------
    KmcError
        If there are results and neither was asked for, or both; or if what is there is of another run.
    """
    if resume and overwrite:
        raise KmcError("to resume is to go on with what is there, to overwrite is to replace it: ask for one of them")
    if not resume:
        if not overwrite:
            _refuse_if_there(path)
        return Start(overwrite=overwrite)
    if not path.exists():
        if checkpoint.exists(path):
            raise KmcError(f"{path.parent} holds a checkpoint, but not {path.name}, which the run goes on with")
        return Start(notes=[f"nothing to resume in {path.parent}: starts from the beginning"])
    return _resumed(deck, path)


def start_for_all(communicator: Comm | None, find: Callable[[], Start]) -> Start:
    """From where the first rank finds that a run starts; what is saved of the film stays there until it is shared out.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm or None
    find : callable
        Called on the first rank.

    Returns
    -------
    start : Start
    """
    found: list[Start] = []

    def without_engine() -> Start:
        found.append(find())
        return found[0].without_engine()

    start = first_rank_decides(communicator, without_engine)
    return found[0] if found else start


def _refuse_if_there(path: Path) -> None:
    """Say what is there, and how to go on with it."""
    if path.is_dir() or not (path.exists() or checkpoint.exists(path)):
        return
    choices = "choose another directory, or ask for it to be overwritten (--overwrite)"
    if not path.exists():
        raise KmcError(f"{path.parent} holds a checkpoint, but not {path.name}, which belongs to it; {choices}")
    try:
        found = found_in(path)
    except KmcError:
        raise KmcError(f"{path} exists already; {choices}") from None
    if found.finished:
        raise KmcError(f"{path} exists already, of a run that is finished; {choices}")
    raise KmcError(
        f"{path} exists already, of a run that is not finished ({_outputs(found)}); "
        f"go on with it (--resume), {choices}"
    )


def _resumed(deck: Deck, path: Path) -> Start:
    """Where a run goes on whose results are there."""
    found, now = found_in(path), settings(deck)
    _refuse_if_different(found.settings, now, path)
    limit = deck.run.max_events
    reached_end = found.time >= deck.run.duration * (1.0 - 1e-12)
    if found.finished and (reached_end or (limit is not None and limit <= found.n_events)):
        return Start(is_finished=True, notes=[f"{path}: this run is finished; nothing to do"])
    saved, notes = checkpoint.latest(path)
    if saved is None or saved.header["run_id"] != found.run_id:
        return Start(overwrite=True, notes=[f"no checkpoint yet in {path.parent}: starts from the beginning"])
    _refuse_if_different(saved.header["settings"], now, path)
    return Start(saved, notes=[*notes, f"goes on from the checkpoint at t = {format_time(saved.header['time'])}"])


def _refuse_if_different(before: dict[str, str], now: dict[str, str], path: Path) -> None:
    if not before:
        raise KmcError(f"{path} is of a version that wrote no checkpoints; it cannot be resumed")
    lines = differences(before, now)
    if lines:
        raise KmcError(
            f"{path} is of another run, which cannot be resumed with this deck:\n  " + "\n  ".join(lines)
        )


def what_is_there(path: Path) -> str:
    """What a run that was cut short has left behind, in words.

    Parameters
    ----------
    path : Path
        Its results file.

    Returns
    -------
    words : str
    """
    if not path.is_file():
        return "nothing was written"
    try:
        found = found_in(path)
    except KmcError:
        return f"{path} holds no complete output"
    if found.n_outputs == 0:
        return f"{path} holds no output yet"
    return f"{path} holds {_outputs(found)}"


def how_to_resume(
    deck: Path, output: Path | None, seed: int | None, overrides: list[str], any_ranks: bool = False
) -> str:
    """How to go on with a run, in words.

    Parameters
    ----------
    deck : Path
    output : Path or None
    seed : int or None
    overrides : list of str
        As given to `--set`.
    any_ranks : bool
        Whether the run was on several MPI ranks.

    Returns
    -------
    advice : str
        With a command that is fit for a shell.
    """
    words = ["kmc", "run", str(deck)]
    words += [] if output is None else ["-o", str(output)]
    words += [] if seed is None else ["--seed", str(seed)]
    words += [word for each in overrides for word in ("--set", each)]
    where = ", on any number of ranks," if any_ranks else ""
    return f"go on{where} with: {shlex.join([*words, '--resume'])}"


def _outputs(found: Found) -> str:
    return f"{found.n_outputs} output{'s' * (found.n_outputs != 1)}, up to t = {format_time(found.time)}"

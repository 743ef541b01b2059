# SPDX-License-Identifier: BSD-3-Clause
"""The commands ``kmc sweep`` and ``kmc sensitivity``: their arguments, and what they say. Floor 85."""

from __future__ import annotations

import math
import sys
import time as wall
from argparse import ArgumentParser, Namespace
from pathlib import Path

from kmc.errors import KmcError
from kmc.interrupts import held
from kmc.options import overrides_of, physical_value

# A log gets a line at least this many seconds after the one before, a terminal is rewritten more often.
_LOG_INTERVAL, _TERMINAL_INTERVAL = 10.0, 0.2
_SHOWN_DEAD = 5


def add_sweep_arguments(parser: ArgumentParser) -> None:
    """Options of ``kmc sweep`` besides the deck."""
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="where films go (default: results/<deck>)")
    parser.add_argument("-j", "--workers", metavar="N", type=int, default=1, help="local processes that grow films")
    parser.add_argument("--resume", action="store_true", help="go on with a sweep that was cut off")
    parser.add_argument("--overwrite", action="store_true", help="replace a sweep that is there already")
    parser.add_argument("--max-wall-time", metavar="TIME", help="stop after this long, as in '20 min'; exit code 75")
    parser.add_argument("--list", action="store_true", help="print what the films are as CSV, and grow none")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")


def add_sensitivity_arguments(parser: ArgumentParser) -> None:
    """Arguments of ``kmc sensitivity``."""
    parser.add_argument("sweep", metavar="SWEEP", type=Path, help="sweep.h5, or the directory that holds it")
    parser.add_argument("--of", action="append", metavar="FIELD", help="field (default: thickness and mean_porosity)")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="where files go (default: beside the sweep)")


def run_sensitivity(arguments: Namespace) -> int:
    """Run ``kmc sensitivity``; its exit code."""
    from kmc.sobol import write_sensitivity
    from kmc.sweep_picture import plot_sensitivity

    for draw in (write_sensitivity, plot_sensitivity):
        print(draw(arguments.sweep, arguments.output, arguments.of))
    return 0


def plot_if_sweep(path: Path, directory: Path | None) -> bool:
    """Draw a sweep for ``kmc plot``; whether it is one."""
    from kmc.sweep_result import is_sweep

    if not is_sweep(path):
        return False
    from kmc.sweep_picture import plot_sweep

    print(*plot_sweep(path, directory), sep="\n")
    return True


def run_sweep(arguments: Namespace) -> int:
    """Run ``kmc sweep``.

    Returns
    -------
    exit_code : int
        0 finished, 75 stopped early, 1 if no film has a result.
    """
    overrides = overrides_of(arguments.overrides)
    max_wall_time = physical_value("--max-wall-time", arguments.max_wall_time, "time")
    if arguments.list:
        return _list(arguments.deck, overrides)
    if arguments.workers < 1:
        raise KmcError(f"--workers {arguments.workers}: must be at least 1")
    # A signal that falls into the import of a compiled library may come out as anything.
    with held():
        from kmc.sweeping import EXIT_STOPPED, sweep

    status = None if arguments.quiet else _Status()
    directory = arguments.output or Path("results") / arguments.deck.stem
    try:
        done = sweep(
            arguments.deck, directory=directory, overrides=overrides, workers=arguments.workers,
            resume=arguments.resume, overwrite=arguments.overwrite, progress=status,
            max_wall_time=math.inf if max_wall_time is None else max_wall_time,
        )
    except KeyboardInterrupt:
        print(f"kmc: stopped by a signal; films that came to their end are in {directory}, --resume goes on with them",
              file=sys.stderr)
        return EXIT_STOPPED
    from kmc.ranks import launched_ranks

    if launched_ranks()[1]:  # the first rank speaks for all
        return 0 if done.finished else EXIT_STOPPED
    if not done.finished:
        print(f"kmc: stopped early: {done.n_done} of {done.n_members} films are there; --resume goes on with them",
              file=sys.stderr)
        return EXIT_STOPPED
    return _say(done, arguments.quiet)


def _say(done, quiet: bool) -> int:
    """Summary of a finished sweep; its exit code."""
    if done.n_dead:
        with done.open() as result:
            dead = result.members.query("status == 'dead'")
            for index, reason in list(dead["reason"].items())[:_SHOWN_DEAD]:
                print(f"kmc: film {index} died: {reason}", file=sys.stderr)
            if done.n_dead > _SHOWN_DEAD:
                print(f"kmc: and {done.n_dead - _SHOWN_DEAD} more, in the table of members", file=sys.stderr)
    if not quiet:
        from kmc.progress import format_time

        what = f"{done.n_members} films" + (f", {done.n_dead} of them dead" if done.n_dead else "")
        share = f", busy {done.busy / (done.n_workers * done.elapsed):.0%} of the time" if done.busy else ""
        print(f"{what}, {format_time(done.elapsed)} on {done.n_workers} process{'es' * (done.n_workers > 1)}{share}")
        print(f"results in {done.path}")
    return 1 if done.n_dead == done.n_members else 0


def _list(deck: Path, overrides: dict[str, str]) -> int:
    """What the films are, as CSV, in the order in which they are handed out."""
    import csv

    from kmc.deck import load_deck
    from kmc.sweep_plan import plan_of

    plan = plan_of(load_deck(deck, overrides))
    paths = list(dict.fromkeys(path for case in plan.cases for path in case))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    factors = [f"{factor.name} [{factor.unit}]" for factor in plan.factors]
    writer.writerow(["member", "seed", "weight", "cost", "radius [m]", "position", *paths, *factors])
    for index in plan.longest_first(range(len(plan.members))):
        member = plan.members[index]
        patch = ("", "") if member.patch is None else (f"{member.patch.radius:.6g}", f"{member.patch.position:g}")
        settings = [plan.cases[member.case].get(path, "") for path in paths]
        values = [f"{value:.8g}" for value in member.values]
        writer.writerow([index, member.seed, f"{member.weight:g}", f"{member.cost:.4g}", *patch, *settings, *values])
    return 0


class _Status:
    """How many films there are, on standard error: one rewritten line on a terminal, lines in a log."""

    def __init__(self):
        self._started = wall.monotonic()
        self._last = -math.inf
        self._first: int | None = None  # films that were there before

    def __call__(self, n_done: int, n_members: int, n_dead: int) -> None:
        """A film came to its end."""
        self._first = n_done - 1 if self._first is None else self._first
        now, on_terminal = wall.monotonic(), sys.stderr.isatty()
        is_last = n_done == n_members
        if now - self._last < (_TERMINAL_INTERVAL if on_terminal else _LOG_INTERVAL) and not is_last:
            return
        self._last = now
        from kmc.progress import format_time

        left = (now - self._started) / max(n_done - self._first, 1) * (n_members - n_done)
        dead = f", {n_dead} dead" if n_dead else ""
        text = f"{n_done} of {n_members} films{dead}, " + ("done" if is_last else f"about {format_time(left)} left")
        end = "\n" if is_last or not on_terminal else ""
        print(f"\r{text:<60}" if on_terminal else text, end=end, file=sys.stderr, flush=True)

# SPDX-License-Identifier: BSD-3-Clause
"""A run that is killed at any moment, again and again, ends with the data of one that lived."""

import errno
import os
import random
import resource
import signal
import sys
import time
from contextlib import suppress

import mortals
import pytest

import kmc
from kmc import checkpoint
from kmc.errors import KmcError, OutputError
from kmc.whole_files import part_of


def grown(directory, n_outputs):
    """Digest of a run without a kill."""
    return kmc.digest(kmc.run(mortals.write_deck(directory, n_outputs), directory=directory / "whole").path)


def start_time(directory, deck):
    """How long a process takes to its first checkpoint here and now [s]."""
    mortals.start(["--version"]).join()  # the first one imports everything
    started = time.monotonic()
    process = mortals.start(["run", deck, "-o", directory, "--quiet"])
    while not checkpoint.exists(directory / "results.h5") and process.is_alive():
        time.sleep(0.005)
    taken = time.monotonic() - started
    process.kill()
    process.join()
    return taken


def wait_for_writing(process, results, number, longest):
    """Wait until that many files have been begun, for so long at most [s]."""
    parts = [part_of(path) for path in (results, checkpoint.paths_of(results)[0])]
    deadline, was_there = time.monotonic() + longest, False
    while number and process.is_alive() and time.monotonic() < deadline:
        is_there = any(part.exists() for part in parts)
        number -= is_there and not was_there
        was_there = is_there


def kill_and_resume(directory, deck, n_kills, seed, aimed=0.0):
    """Kill a run so many times, look at what it leaves, resume it; then let it live.

    Kills fall evenly on the time that a process needs to its first checkpoint and half as long again; a share of them,
    `aimed`, on the moment when a file is being written, which is otherwise rare where disks are fast.

    Returns
    -------
    path : Path
        The results.
    seen : dict of str to int
        Kills by signal, those that hit a file being written, those after which a checkpoint was there.
    """
    rng, results, longest = random.Random(seed), directory / "results.h5", 1.5 * start_time(directory / "trial", deck)
    command = ["run", deck, "-o", directory, "--resume", "--quiet"]
    seen = dict.fromkeys(("SIGKILL", "SIGTERM", "hit a file being written", "left a checkpoint", "too late"), 0)
    kept = 0
    for _ in range(n_kills):
        process = mortals.start(command, log=directory / "log.txt")
        if rng.random() < aimed:
            wait_for_writing(process, results, rng.randint(1, 4), longest)
        else:
            time.sleep(rng.uniform(0.0, longest))
        number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGTERM, 75), (directory / "log.txt").read_text()
        (_, kept_now), n_parts = mortals.state_of(results)
        assert kept_now >= kept or process.exitcode == 0, "a checkpoint was lost"
        kept = kept_now
        seen[signal.Signals(number).name] += 1
        seen["hit a file being written"] += n_parts > 0
        seen["left a checkpoint"] += kept > 0
        seen["too late"] += process.exitcode == 0
    process = mortals.start(command, log=directory / "log.txt")
    process.join(600)
    assert process.exitcode == 0, (directory / "log.txt").read_text()
    return results, seen


def test_ten_kills_lose_nothing(tmp_path):
    expected = grown(tmp_path, 200)
    (tmp_path / "killed").mkdir()
    results, seen = kill_and_resume(tmp_path / "killed", tmp_path / "deck.yaml", 10, seed=1)
    assert kmc.digest(results) == expected
    assert seen["SIGKILL"] + seen["SIGTERM"] - seen["too late"] > 3


@pytest.mark.verify
def test_two_hundred_kills_lose_nothing(tmp_path):
    expected = grown(tmp_path, 1000)
    (tmp_path / "killed").mkdir()
    started = time.monotonic()
    results, seen = kill_and_resume(tmp_path / "killed", tmp_path / "deck.yaml", 200, seed=2, aimed=0.25)
    print(f"{seen}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    assert kmc.digest(results) == expected
    assert seen["left a checkpoint"] > 100
    assert seen["hit a file being written"] > 10
    assert seen["too late"] == 0


@pytest.mark.parametrize(("name", "number"), [("replace", n) for n in (1, 2, 5, 8, 9, 10)] + [
    ("fsync", n) for n in (1, 2, 3, 4, 5, 6, 7)])
def test_a_kill_at_any_step_of_writing_loses_nothing(name, number, whole, tmp_path):
    """Dies before the call of that number that renames a file, or that brings one onto the disk."""
    expected, deck = whole
    command = ["run", deck, "-o", tmp_path, "--resume", "--quiet"]
    process = mortals.start([*command, "--set", "run.checkpoint-interval=1 us"], (mortals.die_at_call, name, number))
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    mortals.state_of(tmp_path / "results.h5")
    assert kmc.digest(kmc.run(deck, directory=tmp_path, resume=True).path) == expected


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Digest of a run of ten outputs, and its deck."""
    directory = tmp_path_factory.mktemp("whole")
    return grown(directory, 10), directory / "deck.yaml"


def has_room(n_bytes):
    """Arguments that keep the files of a process below a size, as a full disk does: writes beyond it fail."""
    return resource.setrlimit, resource.RLIMIT_FSIZE, (n_bytes, n_bytes)


@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_a_disk_that_fills_up_stops_the_run_and_leaves_whole_files(share, whole, tmp_path):
    """The last of them at the results, the first at a checkpoint or the first output."""
    expected, deck = whole
    limit = int(share * (deck.parent / "whole" / "results.h5").stat().st_size)
    command = ["run", deck, "-o", tmp_path, "--resume", "--quiet", "--set", "run.checkpoint-interval=1 us"]
    process = mortals.start(command, has_room(limit), log=tmp_path / "log.txt")
    process.join(60)
    assert process.exitcode == 1
    message = (tmp_path / "log.txt").read_text()
    assert message.startswith(f"cannot write {tmp_path / 'results'}")
    assert "File too large" in message
    assert "Traceback" not in message
    mortals.state_of(tmp_path / "results.h5")
    assert not [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")]
    assert kmc.digest(kmc.run(deck, directory=tmp_path, resume=True).path) == expected


def test_a_directory_that_cannot_be_written_any_more_stops_the_run_and_leaves_whole_files(whole, tmp_path, monkeypatch):
    expected, deck = whole
    replace, calls = os.replace, []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) > 7:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        replace(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OutputError, match="Read-only file system"):
            kmc.run(deck, directory=tmp_path, overrides={"run.checkpoint-interval": "1 us"})
    mortals.state_of(tmp_path / "results.h5")
    assert kmc.digest(kmc.run(deck, directory=tmp_path, resume=True).path) == expected


def test_a_directory_that_cannot_be_made_is_refused(whole):
    _, deck = whole
    for resume in (False, True):
        with pytest.raises(KmcError, match=r"cannot write /proc/none/results\.h5") as refused:
            kmc.run(deck, directory="/proc/none", resume=resume)
        assert refused.value.exit_code == 2

# SPDX-License-Identifier: BSD-3-Clause
"""A run that is killed at any moment, again and again, ends with the data of one that lived."""

import os
import random
import signal
import sys
import time

import mortals
import pytest

import kmc

EXIT_STOPPED = 75


def grown(directory, n_outputs):
    """Digest of a run without a kill, and its wall time [s]."""
    started = time.monotonic()
    path = kmc.run(mortals.write_deck(directory, n_outputs), directory=directory / "whole").path
    return kmc.digest(path), time.monotonic() - started


def kill_and_resume(directory, deck, n_kills, longest, seed):
    """Kill a run so many times, look at what it leaves, resume it; then let it live.

    Returns
    -------
    path : Path
        The results.
    seen : dict of str to int
        Kills by signal, those that hit a file being written, those after which a checkpoint was there.
    """
    rng, results = random.Random(seed), directory / "results.h5"
    command = ["run", deck, "-o", directory, "--resume", "--quiet"]
    seen = {"SIGKILL": 0, "SIGTERM": 0, "writing": 0, "checkpoint": 0, "unstarted": 0}
    kept = 0
    for _ in range(n_kills):
        process = mortals.start(command, log=directory / "log.txt")
        time.sleep(rng.uniform(0.0, longest))
        number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        os.kill(process.pid, number)
        process.join(60)
        assert process.exitcode in (-signal.SIGKILL, -signal.SIGTERM, EXIT_STOPPED), (directory / "log.txt").read_text()
        (_, kept_now), n_parts = mortals.state_of(results)
        assert kept_now >= kept, "a checkpoint was lost"
        kept = kept_now
        seen[signal.Signals(number).name] += 1
        seen["writing"] += n_parts > 0
        seen["checkpoint"] += kept > 0
        seen["unstarted"] += process.exitcode == -signal.SIGTERM
    process = mortals.start(command, log=directory / "log.txt")
    process.join(600)
    assert process.exitcode == 0, (directory / "log.txt").read_text()
    return results, seen


def test_ten_kills_lose_nothing(tmp_path):
    expected, duration = grown(tmp_path, 60)
    (tmp_path / "killed").mkdir()
    results, seen = kill_and_resume(tmp_path / "killed", tmp_path / "deck.yaml", 10, 0.5 + duration / 4, seed=1)
    assert kmc.digest(results) == expected
    assert seen["SIGKILL"] + seen["SIGTERM"] == 10


@pytest.mark.verify
def test_two_hundred_kills_lose_nothing(tmp_path):
    expected, duration = grown(tmp_path, 2000)
    (tmp_path / "killed").mkdir()
    results, seen = kill_and_resume(tmp_path / "killed", tmp_path / "deck.yaml", 200, 0.6, seed=2)
    print(f"{seen}, {duration:.1f} s for the whole run", file=sys.stderr)
    assert kmc.digest(results) == expected
    assert seen["checkpoint"] > 100
    assert seen["writing"] > 10


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
    return grown(directory, 10)[0], directory / "deck.yaml"

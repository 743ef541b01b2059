# SPDX-License-Identifier: BSD-3-Clause
"""What stops a film in tiles: a checkpoint and the last state are there then, on all ranks at the same window."""

import os
import signal

import h5py
import numpy as np
import pytest
from mpi_runs import code_of, ended, run_mpi, start
from tile_films import DECK, SAME

import kmc
from kmc import simulation
from kmc.cli import main
from kmc.interrupts import Stopped
from kmc.tiled import TiledEngine

LONG = DECK.replace("duration: 1 s", "duration: 1000 s")
BOTH = ["results.checkpoint.h5", "results.h5"]


@pytest.fixture
def film(tmp_path, monkeypatch):
    """The deck of a film in tiles that takes long, looked at often."""
    monkeypatch.setattr(simulation, "CHUNK", 500)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.yaml").write_text(LONG)
    return tmp_path / "film.yaml"


def left_behind(directory):
    return sorted(path.name for path in directory.iterdir())


def test_wall_time_ends_a_run_that_says_how_to_go_on(film, capsys):
    assert main(["run", "film.yaml", "-o", "out", "--quiet", "--wall-time", "0.1 s"]) == 75
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "0.1 s of wall time used" in said
    assert said.endswith("; go on with: kmc run film.yaml -o out --resume\n")
    assert left_behind(film.parent / "out") == BOTH
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert (file.attrs["finished"], file.attrs["tiles"]) == (0, "4 x 3")


def test_results_of_a_stopped_run_are_offered_for_resuming(film, capsys):
    for _ in range(2):
        code = main(["run", "film.yaml", "-o", "out", "--quiet", "--wall-time", "0.1 s"])
    said = capsys.readouterr().err.splitlines()[-1]
    assert code == 2
    assert "of a run that is not finished" in said
    assert "go on with it (--resume)" in said
    assert "--overwrite" in said


def signalled_at(n_windows, monkeypatch):
    windows, sent = TiledEngine._windows, []

    def signal_before(engine, *arguments):
        if engine.n_windows >= n_windows and not sent:
            sent.append(os.kill(os.getpid(), signal.SIGTERM))
        return windows(engine, *arguments)

    monkeypatch.setattr(TiledEngine, "_windows", signal_before)


def test_a_signal_leaves_a_checkpoint_and_the_last_state(film, monkeypatch):
    signalled_at(20, monkeypatch)
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        kmc.run(film, directory=film.parent / "out")
    assert left_behind(film.parent / "out") == BOTH
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert file.attrs["stop_reason"] == "stopped by SIGTERM"
        assert file["n_events"][-1] > 0


def test_a_number_of_events_is_an_end_like_any_other(film):
    film.write_text(LONG.replace("seed: 3", "seed: 3, max-events: 2000"))
    assert main(["run", "film.yaml", "-o", "out", "--quiet"]) == 0
    assert left_behind(film.parent / "out") == BOTH
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert file.attrs["finished"] == 1
        assert file.attrs["stop_reason"] == "2000 events executed"


def test_films_of_a_sweep_are_those_of_single_runs_in_tiles(film):
    film.write_text(f"{DECK}sweep: {{seeds: [3, 4]}}\n")
    assert main(["sweep", "film.yaml", "-o", "sweep", "--quiet"]) == 0
    film.write_text(DECK)
    kmc.run(film, directory=film.parent / "single")
    with h5py.File("sweep/members/000000/results.h5") as one, h5py.File("single/results.h5") as single:
        assert one.attrs["tiles"] == "4 x 3"
        assert all(np.array_equal(one[name][()], single[name][()]) for name in SAME)


SIGNALLED = """
import os, signal
from kmc.tile_windows import SharedWindows
window = SharedWindows.window
def signal_before(windows, *arguments):
    if launched_ranks()[1] == 1 and windows.n_windows == 20:
        os.kill(os.getpid(), signal.{name})
    window(windows, *arguments)
SharedWindows.window = signal_before
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_a_signal_to_one_rank_stops_all_at_the_same_window(name, film):
    command = [*code_of(SIGNALLED.format(name=name)), "run", "film.yaml", "--quiet", "-o", "out"]
    code, said = ended(start(2, command, film.parent))
    assert code == 75, said
    assert said.count("kmc: ") == 1
    assert f"kmc: stopped by {name}; " in said
    assert "; go on, on any number of ranks, with: kmc run film.yaml -o out --resume\n" in said
    assert left_behind(film.parent / "out") == BOTH
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert file.attrs["stop_reason"] == f"stopped by {name}"
        assert file["n_events"][-1] > 0


def test_wall_time_stops_all_ranks_with_one_sentence(film):
    done = run_mpi(2, ["-m", "kmc", "run", "film.yaml", "--quiet", "-o", "out", "--wall-time", "0.1 s"], film.parent,
                   timeout=60)
    assert done.returncode == 75, done.stderr
    assert done.stderr.count("--resume") == done.stderr.count("\n") == 1
    assert left_behind(film.parent / "out") == BOTH


def test_ranks_do_not_write_where_results_are(film):
    film.write_text(DECK)
    command = ["-m", "kmc", "run", "film.yaml", "--quiet", "-o", "out"]
    first, second = (run_mpi(2, command, film.parent, timeout=60) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert second.returncode == 2
    assert second.stderr.count("exists already") == 1

# SPDX-License-Identifier: BSD-3-Clause
"""A film in tiles has no checkpoints: what stops it leaves whole results, and nothing pretends that it could go on."""

import os
import signal

import h5py
import numpy as np
import pytest
from test_tiles import DECK, SAME, run_mpi

import kmc
from kmc import simulation
from kmc.cli import main
from kmc.errors import DeckError
from kmc.interrupts import Stopped
from kmc.tiled import TiledEngine

LONG = DECK.replace("duration: 1 s", "duration: 1000 s")


@pytest.fixture
def film(tmp_path, monkeypatch):
    """The deck of a film in tiles that takes long, looked at often."""
    monkeypatch.setattr(simulation, "CHUNK", 500)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.yaml").write_text(LONG)
    return tmp_path / "film.yaml"


def left_behind(directory):
    return sorted(path.name for path in directory.iterdir())


def test_resuming_is_refused_where_the_deck_cuts_the_film(film, capsys):
    assert main(["run", "film.yaml", "-o", "out", "--resume"]) == 2
    said = capsys.readouterr().err
    assert "film.yaml:7:8: a film in tiles cannot be resumed: it writes no checkpoints" in said
    assert "Traceback" not in said
    assert not (film.parent / "out" / "results.h5").exists()


def test_wall_time_ends_a_run_that_says_it_cannot_be_resumed(film, capsys):
    assert main(["run", "film.yaml", "-o", "out", "--quiet", "--wall-time", "0.1 s"]) == 75
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "0.1 s of wall time used" in said
    assert said.endswith("a film in tiles cannot be resumed\n")
    assert "--resume" not in said
    assert left_behind(film.parent / "out") == ["results.h5"]
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert (file.attrs["finished"], file.attrs["tiles"]) == (0, "4 x 3")


def test_results_of_a_stopped_run_are_not_offered_for_resuming(film, capsys):
    for _ in range(2):
        code = main(["run", "film.yaml", "-o", "out", "--quiet", "--wall-time", "0.1 s"])
    said = capsys.readouterr().err.splitlines()[-1]
    assert code == 2
    assert "of a run that is not finished" in said
    assert "--resume" not in said
    assert "--overwrite" in said


def signalled_at(n_windows, monkeypatch):
    windows, sent = TiledEngine._windows, []

    def signal_before(engine, *arguments):
        if engine.n_windows >= n_windows and not sent:
            sent.append(os.kill(os.getpid(), signal.SIGTERM))
        return windows(engine, *arguments)

    monkeypatch.setattr(TiledEngine, "_windows", signal_before)


def test_a_signal_leaves_the_last_state_and_no_checkpoint(film, monkeypatch):
    signalled_at(20, monkeypatch)
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        kmc.run(film, directory=film.parent / "out")
    assert left_behind(film.parent / "out") == ["results.h5"]
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert file.attrs["stop_reason"] == "stopped by SIGTERM"
        assert file["n_events"][-1] > 0


def test_what_is_due_at_checkpoints_is_written_without_one(film, monkeypatch):
    film.write_text(DECK.replace("seed: 3", "seed: 3, checkpoint-interval: 1 ms"))
    kmc.run(film, directory=film.parent / "often")
    film.write_text(DECK)
    kmc.run(film, directory=film.parent / "never")
    assert left_behind(film.parent / "often") == ["results.h5"]
    with h5py.File(film.parent / "often" / "results.h5") as often, h5py.File("never/results.h5") as never:
        assert all(np.array_equal(often[name][()], never[name][()]) for name in SAME)


def test_a_number_of_events_is_an_end_like_any_other(film):
    film.write_text(LONG.replace("seed: 3", "seed: 3, max-events: 2000"))
    assert main(["run", "film.yaml", "-o", "out", "--quiet"]) == 0
    assert left_behind(film.parent / "out") == ["results.h5"]
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


def test_films_in_tiles_are_refused_by_name_from_python(film):
    with pytest.raises(DeckError, match="writes no checkpoints"):
        kmc.run(film, directory=film.parent / "out", resume=True)


SIGNALLED = """
import os, signal, sys
from kmc import simulation
from kmc.cli import main
from kmc.ranks import launched_ranks
from kmc.tile_windows import SharedWindows
simulation.CHUNK = 500
window = SharedWindows.window
def signal_before(windows, *arguments):
    if launched_ranks()[1] == 1 and windows.n_windows == 20:
        os.kill(os.getpid(), signal.SIGTERM)
    window(windows, *arguments)
SharedWindows.window = signal_before
sys.exit(main(["run", "film.yaml", "--quiet", "-o", "out"]))
"""


def test_a_signal_to_one_rank_stops_all_at_the_same_window(film):
    done = run_mpi(2, ["-c", SIGNALLED], film.parent, timeout=60)
    assert done.returncode == 75, done.stderr
    assert done.stderr.count("kmc: ") == 1
    assert "kmc: stopped by SIGTERM; " in done.stderr
    assert "a film in tiles cannot be resumed" in done.stderr
    with h5py.File(film.parent / "out" / "results.h5") as file:
        assert file.attrs["stop_reason"] == "stopped by SIGTERM"
        assert file["n_events"][-1] > 0


@pytest.mark.parametrize("option", [["--resume"], ["--wall-time", "0.1 s"]])
def test_ranks_say_once_that_there_are_no_checkpoints(option, film):
    done = run_mpi(2, ["-m", "kmc", "run", "film.yaml", "--quiet", "-o", "out", *option], film.parent, timeout=60)
    assert done.returncode == (2 if option == ["--resume"] else 75), done.stderr
    assert done.stderr.count("a film in tiles cannot be resumed") == 1
    assert "Traceback" not in done.stderr


def test_ranks_do_not_write_where_results_are(film):
    film.write_text(DECK)
    command = ["-m", "kmc", "run", "film.yaml", "--quiet", "-o", "out"]
    first, second = (run_mpi(2, command, film.parent, timeout=60) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert second.returncode == 2
    assert second.stderr.count("exists already") == 1

# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps as they run: on ranks, on workers, cut off and resumed, with films that die."""

import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from sweep_decks import contents, mpiexec, written

import kmc
from kmc.cli import main
from kmc.errors import KmcError
from kmc.film_record import Record, read_record, record_path, write_record
from kmc.model import Model

SIX = "{seeds: 2, grid: {run.duration: [2 s, 1 s, 3 s]}, sample: {size: 1}}"


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A sweep of six films in one process: its deck and its directory."""
    directory = tmp_path_factory.mktemp("reference")
    deck = written(directory, SIX)
    kmc.sweep(deck, directory=directory / "sweep")
    return deck, directory / "sweep"


# --- the same data whoever grows the films ------------------------------------------------------------------


@pytest.mark.parametrize("n_ranks", [1, 2, 4])
def test_ranks_do_not_change_the_data(n_ranks, reference, tmp_path):
    deck, directory = reference
    done = mpiexec(n_ranks, "-m", "kmc", "sweep", deck, "-o", tmp_path / "sweep")
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "sweep" / "sweep.h5") == contents(directory / "sweep.h5")
    assert "6 films, " in done.stdout
    assert done.stdout.count("results in") == 1


def test_local_workers_do_not_change_the_data(reference, tmp_path):
    deck, directory = reference
    run = kmc.sweep(deck, directory=tmp_path, workers=3)
    assert run.n_workers == 3
    assert contents(run.path) == contents(directory / "sweep.h5")
    assert kmc.digest(run.path) == kmc.digest(directory / "sweep.h5")


def test_films_of_a_sweep_are_those_of_single_runs(reference, tmp_path):
    deck, directory = reference
    with kmc.open_sweep(directory) as sweep:
        row = sweep.members.loc[3]
        values = dict(zip(sweep.data["factor"].values.tolist(), sweep.data["factor_value"].values[3], strict=True))
    overrides = {path: f"{value!r} 1/s" for path, value in ((p, float(v)) for p, v in values.items())}
    single = kmc.run(deck, directory=tmp_path, seed=int(row["seed"]), overrides={**overrides, "run.duration": "1 s"})
    kept = directory / "members" / "000003" / "results.h5"
    with h5py.File(kept) as one, h5py.File(single.path) as other:
        np.testing.assert_array_equal(one["lattice"][-1], other["lattice"][-1])
        np.testing.assert_array_equal(one["event_count"][...], other["event_count"][...])


# --- cut off and resumed ------------------------------------------------------------------------------------


def test_sweep_that_was_cut_off_ends_with_the_same_file(reference, tmp_path):
    deck, directory = reference
    run = kmc.sweep(deck, directory=tmp_path, max_wall_time=1e-9)
    assert (run.finished, run.n_done) == (False, 0)
    assert not run.path.exists()
    for index in (4, 1):  # two films are there, of a third one what a kill leaves behind
        write_record(record_path(tmp_path, index), read_record(record_path(directory, index)))
    (tmp_path / "members" / ".000000.npz.part").write_bytes(b"half")
    (tmp_path / "members" / "000000").mkdir()
    (tmp_path / "members" / "000000" / "results.h5").write_bytes(b"half")
    run = kmc.sweep(deck, directory=tmp_path, resume=True)
    assert run.finished
    assert contents(run.path) == contents(directory / "sweep.h5")


def test_killed_sweep_goes_on_where_it_stopped(reference, tmp_path):
    deck, directory = reference
    command = [sys.executable, "-m", "kmc", "sweep", str(deck), "-o", str(tmp_path), "--resume", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    process = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 60
    while not record_path(tmp_path, 4).is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)  # film 4 is one of the longest, so that it comes first
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "members").glob("*.npz")}
    assert "000004.npz" in there
    assert subprocess.run(command, env=environment, timeout=60).returncode == 0
    assert contents(tmp_path / "sweep.h5") == contents(directory / "sweep.h5")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "members").glob("*.npz")}
    assert there.items() <= after.items()


def test_another_sweep_is_not_gone_on_with_but_its_difference_shown(reference, tmp_path, capsys):
    deck, _ = reference
    kmc.sweep(deck, directory=tmp_path, max_wall_time=1e-9)
    before = (tmp_path / "sweep.json").read_bytes()
    other = written(tmp_path, SIX.replace("seeds: 2", "seeds: 1"))
    assert main(["sweep", str(other), "-o", str(tmp_path), "--resume"]) == 2
    error = capsys.readouterr().err
    assert "holds another sweep" in error
    assert f"-sweep: {SIX}" in error
    assert "members: 6 before, 3 now" in error
    with pytest.raises(KmcError, match=r"--set run.duration: nothing before, 1 s now"):
        kmc.sweep(deck, directory=tmp_path, resume=True, overrides={"run.duration": "1 s"})
    assert (tmp_path / "sweep.json").read_bytes() == before


def test_sweep_is_not_overwritten_unasked(reference):
    deck, directory = reference
    with pytest.raises(KmcError, match="holds a sweep already; --resume goes on with it, --overwrite begins anew"):
        kmc.sweep(deck, directory=directory)


# --- films that die, machines that fail ---------------------------------------------------------------------


def test_dead_film_is_recorded_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    deck = written(tmp_path, "{seeds: [3, 4, 5], keep-films: false}")
    of = Model.of

    def fails(loaded):
        if loaded.run.seed == 4:
            raise ZeroDivisionError("no film today\nnor tomorrow")
        return of(loaded)

    monkeypatch.setattr("kmc.film_record.Model.of", fails)
    assert main(["sweep", str(deck), "-o", str(tmp_path / "sweep")]) == 0
    shown = capsys.readouterr()
    assert "kmc: film 1 died: ZeroDivisionError: no film today (and 1 more lines)" in shown.err
    assert "3 films, 1 of them dead" in shown.out
    with kmc.open_sweep(tmp_path / "sweep") as sweep:
        assert sweep.data["status"].values.tolist() == ["finished", "dead", "finished"]
        assert sweep.data["reason"].values.tolist() == ["", "ZeroDivisionError: no film today (and 1 more lines)", ""]
        thickness = sweep.data["final_thickness"].values
        assert np.isnan(thickness).tolist() == [False, True, False]
        mean, n = (float(sweep.summary["final_thickness"].sel(statistic=s).item()) for s in ("mean", "n"))
    assert n == 2
    assert mean == pytest.approx(np.nanmean(thickness), rel=1e-14)
    assert {path.suffix for path in (tmp_path / "sweep" / "members").iterdir()} == {".npz"}  # no film is kept


def patched(directory, monkeypatch, text):
    """Let every process that is started from now on run a text before anything else."""
    (directory / "sitecustomize.py").write_text(text)
    monkeypatch.syspath_prepend(str(directory))


def test_film_that_kills_its_process_is_recorded_and_the_others_go_on(tmp_path, monkeypatch):
    deck = written(tmp_path, "{seeds: [3, 4, 5, 6]}")
    patched(tmp_path, monkeypatch, (
        "import os, signal, kmc.film_record as records\n"
        "grow = records.grow\n"
        "def crash(plan, index, *rest):\n"
        "    if index == 1:\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return grow(plan, index, *rest)\n"
        "records.grow = crash\n"
    ))
    run = kmc.sweep(deck, directory=tmp_path / "sweep", workers=2)
    assert (run.n_done, run.n_dead) == (4, 1)
    with run.open() as sweep:
        assert sweep.members["reason"].tolist() == ["", "the process was killed by SIGSEGV", "", ""]


FULL_DISK = (
    "import kmc.film_record as records\n"
    "from kmc.errors import OutputError\n"
    "def full(path, record):\n"
    "    if path.name == '000001.npz':\n"
    "        raise OutputError('cannot write: no space left')\n"
    "    write(path, record)\n"
    "write, records.write_record = records.write_record, full\n"
)


def test_error_of_the_machine_on_one_rank_ends_all_with_one_message(tmp_path, monkeypatch):
    deck = written(tmp_path, "{seeds: 8, grid: {run.duration: [2 s]}}")
    patched(tmp_path, monkeypatch, FULL_DISK)
    begin = time.monotonic()
    done = mpiexec(2, "-m", "kmc", "sweep", deck, "-o", tmp_path / "sweep")
    assert done.returncode != 0
    assert done.stderr.count("cannot write: no space left") == 1
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begin < 30
    assert not (tmp_path / "sweep" / "sweep.h5").exists()


def test_error_of_the_machine_in_a_worker_ends_the_sweep(tmp_path, monkeypatch):
    deck = written(tmp_path, "{seeds: 4}")
    patched(tmp_path, monkeypatch, FULL_DISK)
    with pytest.raises(KmcError, match="no space left") as caught:
        kmc.sweep(deck, directory=tmp_path / "sweep", workers=2)
    assert caught.value.exit_code == 1


def test_a_worker_that_misses_its_signal_ends_all_the_same(tmp_path, monkeypatch):
    """As one does whose film comes to its end just then: the film has all, and the signal is forgotten."""
    deck = written(tmp_path, "{seeds: 4}")
    patched(tmp_path, monkeypatch, FULL_DISK + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    with pytest.raises(KmcError, match="no space left"):
        kmc.sweep(deck, directory=tmp_path / "sweep", workers=2)


def test_refused_sweep_is_refused_once_on_all_ranks(tmp_path):
    deck = written(tmp_path, "{grid: {protocol.potential: [0.1 s]}}")
    done = mpiexec(3, "-m", "kmc", "sweep", deck, "-o", tmp_path / "sweep")
    assert done.returncode == 2
    assert done.stderr.count("'0.1 s' is a time") == 1
    assert not (tmp_path / "sweep").exists()


def test_deck_that_changes_while_films_grow_ends_the_sweep(tmp_path):
    deck = written(tmp_path, "{seeds: 3}")

    def edits(*_):
        deck.write_text(deck.read_text() + "# a thought\n")

    with pytest.raises(KmcError, match="was changed while the sweep was running"):
        kmc.sweep(deck, directory=tmp_path / "sweep", progress=edits)
    assert [path.name for path in (tmp_path / "sweep" / "members").glob("*.npz")] == ["000000.npz"]


def test_all_films_dead_is_an_error(tmp_path, monkeypatch):
    deck = written(tmp_path, "{seeds: 2}")
    of = Model.of
    calls = []

    def fails(loaded):  # the first call is the check of the deck itself
        calls.append(loaded)
        if len(calls) > 1:
            raise MemoryError
        return of(loaded)

    monkeypatch.setattr(Model, "of", fails)
    assert main(["sweep", str(deck), "-o", str(tmp_path / "sweep"), "--quiet"]) == 1
    with kmc.open_sweep(tmp_path / "sweep") as sweep:
        assert sweep.data["reason"].values.tolist() == ["MemoryError: no message"] * 2


def test_workers_on_ranks_are_refused(tmp_path):
    deck = written(tmp_path, "{seeds: 2}")
    done = mpiexec(2, "-m", "kmc", "sweep", deck, "-o", tmp_path / "sweep", "-j", "2")
    assert done.returncode == 2
    assert done.stderr.count("2 workers on each of 2 ranks: give one or the other") == 1


# --- the file -----------------------------------------------------------------------------------------------


def test_times_are_those_of_all_films_and_missing_ones_nan(reference):
    _, directory = reference
    with kmc.open_sweep(directory) as sweep:
        data = sweep.data
        assert data["thickness"].dims == ("member", "time")
        np.testing.assert_array_equal(data["time"], np.arange(7) / 2)
        durations = [float(sweep.cases[case]["run.duration"].split()[0]) for case in data["case_of_member"].values]
        for thickness, duration in zip(data["thickness"].values, durations, strict=True):
            np.testing.assert_array_equal(np.isfinite(thickness), data["time"].values <= duration)
        assert data["porosity"].dims == ("member", "time", "z")
        assert data["event_count"].dims == ("member", "time", "process")
        assert data["thickness"].attrs["units"] == "m"


def test_summary_is_that_of_the_films_of_each_case(reference):
    _, directory = reference
    with kmc.open_sweep(directory) as sweep:
        for case in range(3):
            films = sweep.data["thickness"].values[sweep.data["case_of_member"].values == case]
            of_case = sweep.summary["thickness"].isel(case=case)
            np.testing.assert_allclose(of_case.sel(statistic="mean"), films.mean(axis=0))
            np.testing.assert_allclose(of_case.sel(statistic="standard_error"), films.std(axis=0, ddof=1) / np.sqrt(2))
        np.testing.assert_array_equal(sweep.summary["time"], sweep.data["time"])


def test_table_of_members_says_what_each_film_was(reference):
    _, directory = reference
    with kmc.open_sweep(directory) as sweep:
        table = sweep.members
        assert table["run.duration"].tolist() == ["2 s", "2 s", "1 s", "1 s", "3 s", "3 s"]
        assert table["status"].tolist() == ["finished"] * 6
        assert (table["wall_time"] > 0).all()
        assert table["seed"].is_unique
        column = "processes.in.rate.rate-constant [1/s]"
        assert table[column].nunique() == 1
        assert "6 films, 3 cases" in repr(sweep)


def test_films_on_particles_have_their_places_and_are_weighted_by_their_surface(tmp_path):
    sizes = "sizes: [{radius: 1 um}, {radius: 3 um}]"
    deck = written(tmp_path, f"{{particles: {{{sizes}, positions: [0, 1], offsets: [0 mV, 50 mV]}}}}")
    with kmc.sweep(deck, directory=tmp_path / "sweep").open() as sweep:
        data = sweep.data
        np.testing.assert_allclose(data["radius"], [1e-6, 3e-6, 1e-6, 3e-6])
        np.testing.assert_array_equal(data["position"], [0, 0, 1, 1])
        np.testing.assert_allclose(data["weight"], [0.05, 0.45, 0.05, 0.45])
        np.testing.assert_allclose(data["final_potential"], [0.1, 0.1, 0.15, 0.15])
        mean = float(sweep.summary["final_thickness"].sel(statistic="mean").item())
        assert mean == pytest.approx(float((data["weight"] * data["final_thickness"]).sum()))


def test_collected_fields_can_be_chosen_and_must_exist(tmp_path):
    deck = written(tmp_path, "{seeds: 1, fields: [thickness_map]}")
    with kmc.sweep(deck, directory=tmp_path / "a").open() as sweep:
        assert sweep.data["thickness_map"].dims == ("member", "time", "y", "x")
        assert "porosity" not in sweep.data
    deck = written(tmp_path, "{seeds: 1, fields: [thicknes]}")
    with pytest.raises(KmcError, match="no field 'thicknes', did you mean 'thickness'"):
        kmc.sweep(deck, directory=tmp_path / "b")


def test_fields_on_other_sites_are_left_out_by_name(tmp_path):
    deck = written(tmp_path, "{grid: {'lattice.size': [[20, 3], [20, 5]]}}")
    with kmc.sweep(deck, directory=tmp_path / "a").open() as sweep:
        assert "porosity" not in sweep.data
        assert "porosity" in sweep.provenance["left_out"]
        assert np.isfinite(sweep.data["final_thickness"].values).all()


def test_film_that_its_deck_stops_is_said_to_be_stopped(tmp_path):
    deck = written(tmp_path, "{seeds: 2, cases: [{run.max-events: 3}, {run.duration: 2 s}]}")
    with kmc.sweep(deck, directory=tmp_path / "a").open() as sweep:
        assert sweep.data["status"].values.tolist() == ["stopped"] * 2 + ["finished"] * 2
        assert sweep.data["reason"].values[0] == "3 events executed"
        assert sweep.data["final_n_events"].values[0] == 3
        np.testing.assert_array_equal(sweep.data["time"], np.arange(5) / 2)


def test_list_shows_the_films_and_grows_none(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deck = written(tmp_path, SIX)
    assert main(["sweep", str(deck), "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("member,seed,weight,cost,radius [m],position,run.duration,processes.in.rate")
    assert [line.split(",")[0] for line in lines[1:]] == ["4", "5", "0", "1", "2", "3"]
    assert not (tmp_path / "results").exists()


def test_pictures_of_a_sweep_are_drawn(reference, tmp_path, capsys):
    _, directory = reference
    assert main(["plot", str(directory), "-o", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep_end.png", "sweep_growth.png"]
    assert "sweep_growth.png" in capsys.readouterr().out


def test_results_of_a_film_are_no_sweep(tmp_path):
    path = kmc.run(written(tmp_path, "{seeds: 2}"), directory=tmp_path).path
    with pytest.raises(KmcError, match="not the file of a sweep"):
        kmc.open_sweep(path).data  # noqa: B018
    with pytest.raises(KmcError, match="no sweep there"):
        kmc.open_sweep(tmp_path)


def test_what_is_no_record_is_named(tmp_path):
    write_record(tmp_path / "0.npz", Record("finished", "", 1.0, {"time": np.zeros(2)}))
    assert read_record(tmp_path / "0.npz").arrays["time"].tolist() == [0.0, 0.0]
    (tmp_path / "1.npz").write_bytes(b"something else")
    with pytest.raises(KmcError, match=r"1.npz is no record of a film; without it, --resume"):
        read_record(tmp_path / "1.npz")

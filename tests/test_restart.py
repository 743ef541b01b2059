# SPDX-License-Identifier: BSD-3-Clause
"""A run that is stopped and resumed, however often, ends with the data of one that never stopped."""

import functools
import hashlib
import math
import os
import signal
import threading
from contextlib import ExitStack

import h5py
import numpy as np
import pytest
from restart_decks import GRAPHITE, NAMES, SMALL, deck_and_overrides

import kmc
from kmc import checkpoint, simulation
from kmc.errors import KmcError, OutputError
from kmc.interrupts import Stopped
from kmc.simulation import Simulation
from kmc.whole_files import alone


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A function that runs a deck without a stop and gives its digest and number of events."""

    @functools.cache
    def grow(name):
        directory = tmp_path_factory.mktemp(name)
        deck, overrides = deck_and_overrides(name, directory)
        path = kmc.run(deck, directory=directory / "whole", overrides=overrides).path
        with h5py.File(path) as file:
            return kmc.digest(path), int(file["n_events"][-1])

    return grow


def resumed(deck, directory, overrides, **options):
    return kmc.run(deck, directory=directory, overrides=overrides, resume=True, **options)


@pytest.fixture
def in_pieces(monkeypatch):
    """A function that stops a run at every so many looks and resumes it; gives its result and the number of runs."""

    def grow(deck, directory, overrides, n_looks, chunk):
        def reason(self, _max_wall_time):
            self.n_looks = getattr(self, "n_looks", 0) + 1
            return "stopped for a test" if self.n_looks == n_looks else None

        monkeypatch.setattr(simulation, "CHUNK", chunk)
        with monkeypatch.context() as patch:
            patch.setattr(Simulation, "_reason_to_stop", reason)
            for n in range(1, 300):
                result = resumed(deck, directory, overrides)
                if result.finished:
                    return result, n
                assert result.stop_reason == "stopped for a test"
        raise AssertionError("not finished after 300 runs")

    return grow


@pytest.mark.parametrize("name", NAMES)
def test_a_run_in_pieces_ends_with_the_data_of_a_whole_one(name, whole, in_pieces, tmp_path):
    expected, n_events = whole(name)
    assert n_events > 1000
    deck, overrides = deck_and_overrides(name, tmp_path)
    result, n_runs = in_pieces(deck, tmp_path / "pieces", overrides, 60 if name == "ramped" else 8, n_events // 30)
    assert n_runs > 3
    assert kmc.digest(result.path) == expected
    assert not checkpoint.exists(result.path), "a finished run needs no checkpoint"


def test_a_run_that_stops_at_every_output_goes_on_all_the_same(whole, in_pieces, tmp_path):
    expected, _ = whole("graphite")
    result, n_runs = in_pieces(GRAPHITE, tmp_path / "pieces", SMALL, 3, 10**9)
    assert n_runs > 4
    assert kmc.digest(result.path) == expected


def stopped(directory, overrides=SMALL, **options):
    """A run of the main deck that its wall time stops after the first chunk."""
    result = kmc.run(GRAPHITE, directory=directory, overrides=overrides, max_wall_time=1e-9, **options)
    assert not result.finished
    return result


@pytest.fixture
def short_chunks(monkeypatch):
    monkeypatch.setattr(simulation, "CHUNK", 1000)


@pytest.mark.usefixtures("short_chunks")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_leaves_a_checkpoint_and_the_last_state(number, whole, tmp_path, monkeypatch):
    expected, _ = whole("graphite")
    run, seen = Simulation._reason_to_stop, []

    def signal_then_look(self, max_wall_time):
        seen.append(self.engine.n_events)
        if len(seen) == 9:
            os.kill(os.getpid(), number)
        return run(self, max_wall_time)

    with monkeypatch.context() as patch:
        patch.setattr(Simulation, "_reason_to_stop", signal_then_look)
        with pytest.raises(Stopped, match=f"stopped by {signal.Signals(number).name}"):
            kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL)
    with kmc.open(tmp_path) as result:
        assert not result.finished
        assert result.data["n_events"].values[-1] == seen[-1]
    assert checkpoint.exists(tmp_path / "results.h5")
    assert kmc.digest(resumed(GRAPHITE, tmp_path, SMALL).path) == expected


def test_a_second_ctrl_c_does_not_wait(tmp_path, monkeypatch):
    def twice(_self, _max_wall_time):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Simulation, "_reason_to_stop", twice)
    with pytest.raises(Stopped):
        kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL)
    assert not checkpoint.exists(tmp_path / "results.h5")


@pytest.mark.usefixtures("short_chunks")
def test_checkpoints_are_written_at_their_interval_and_two_are_kept(tmp_path, monkeypatch):
    times, write = [], checkpoint.write

    def counted(results, saved):
        times.append(saved.header["time"])
        return write(results, saved)

    monkeypatch.setattr(checkpoint, "write", counted)
    stopped(tmp_path / "a", SMALL | {"run.checkpoint-interval": "1 ns"})
    assert len(times) == 1
    monkeypatch.setattr(Simulation, "_reason_to_stop", lambda self, _: "enough" if len(times) > 5 else None)
    path = kmc.run(GRAPHITE, directory=tmp_path / "b", overrides=SMALL | {"run.checkpoint-interval": "1 ns"}).path
    assert len(times) == 7
    newest, previous = (checkpoint.read(each) for each in checkpoint.paths_of(path))
    assert [previous.header["time"], newest.header["time"]] == times[-2:]
    assert times == sorted(times)


@pytest.mark.usefixtures("short_chunks")
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(damage, whole, tmp_path, monkeypatch):
    expected, _ = whole("graphite")
    with monkeypatch.context() as patch:
        patch.setattr(Simulation, "_reason_to_stop", lambda self, _: "enough" if self.engine.n_events > 8000 else None)
        path = kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL | {"run.checkpoint-interval": "1 ns"}).path
    newest, previous = checkpoint.paths_of(path)
    spoil(newest, damage)
    told = []
    result = resumed(GRAPHITE, tmp_path, SMALL, tell=told.append)
    assert kmc.digest(result.path) == expected
    assert "checkpoint.h5 is " in told[0]
    assert told[0].endswith("; the one before is used")
    assert previous.exists() is False


def spoil(path, damage):
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes(content[: {"cut": len(content) // 2, "flipped": None, "empty": 0}[damage]])


@pytest.mark.usefixtures("short_chunks")
def test_damaged_checkpoints_alone_are_refused_and_nothing_changes(tmp_path):
    path = stopped(tmp_path).path
    spoil(checkpoint.paths_of(path)[0], "flipped")
    before = path.read_bytes()
    with pytest.raises(KmcError, match="is damaged: its checksum differs"):
        resumed(GRAPHITE, tmp_path, SMALL)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("short_chunks")
def test_a_checkpoint_of_another_deck_is_refused_with_the_difference(tmp_path):
    path = stopped(tmp_path).path
    before = path.read_bytes()
    other = SMALL | {"run.seed": "7", "protocol.potential": "0.2 V"}
    with pytest.raises(KmcError) as refused:
        resumed(GRAPHITE, tmp_path, other)
    lines = str(refused.value).splitlines()
    assert "is of another run" in lines[0]
    assert lines[1:] == ["  run.seed: was 1, is 7", "  protocol.potential: was 0.1 V, is 0.2 V"]
    assert path.read_bytes() == before


@pytest.mark.usefixtures("short_chunks")
def test_a_checkpoint_of_another_version_is_refused(tmp_path, monkeypatch):
    stopped(tmp_path)
    monkeypatch.setattr("kmc.same_run._version", lambda: "9.9.9")
    with pytest.raises(KmcError, match=r"version of sei-kmc: was 0\.1\.0.*, is 9\.9\.9"):
        resumed(GRAPHITE, tmp_path, SMALL)


@pytest.mark.usefixtures("short_chunks")
def test_another_table_under_the_same_name_is_refused(tmp_path):
    text = GRAPHITE.read_text()
    deck, table = tmp_path / "deck.yaml", tmp_path / "tables" / "graphite_ec.csv"
    table.parent.mkdir()
    deck.write_text(text)
    table.write_bytes((GRAPHITE.parent / "tables" / "graphite_ec.csv").read_bytes())
    kmc.run(deck, directory=tmp_path / "run", overrides=SMALL, max_wall_time=1e-9)
    table.write_text(table.read_text() + "\n# another one\n")
    with pytest.raises(KmcError, match=r"table \S+, graphite_ec\.csv: was [0-9a-f]{16}, is [0-9a-f]{16}"):
        resumed(deck, tmp_path / "run", SMALL)


@pytest.mark.usefixtures("short_chunks")
def test_what_says_when_to_stop_may_differ(whole, tmp_path):
    expected, _ = whole("graphite")
    stopped(tmp_path, SMALL | {"run.max-wall-time": "1 h", "title": "first"})
    result = resumed(GRAPHITE, tmp_path, SMALL | {"run.checkpoint-interval": "1 h", "title": "second"})
    assert kmc.digest(result.path) == expected


def test_a_finished_run_is_left_alone(tmp_path):
    path = kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL).path
    before, told = path.read_bytes(), []
    result = resumed(GRAPHITE, tmp_path, SMALL, tell=told.append)
    assert result.finished
    assert "this run is finished" in told[0]
    assert path.read_bytes() == before


@pytest.mark.usefixtures("short_chunks")
def test_a_run_that_reached_its_events_goes_on_if_it_is_given_more(whole, tmp_path):
    expected, n_events = whole("graphite")
    few = SMALL | {"run.max-events": "5000"}
    assert kmc.run(GRAPHITE, directory=tmp_path, overrides=few).finished
    told = []
    assert resumed(GRAPHITE, tmp_path, few, tell=told.append).data.sizes["time"] > 1
    assert "finished" in told[0]
    result = resumed(GRAPHITE, tmp_path, SMALL | {"run.max-events": str(2 * n_events)})
    assert not result.stop_reason
    assert kmc.digest(result.path) == expected


def test_with_nothing_there_a_resumed_run_begins(whole, tmp_path):
    expected, _ = whole("graphite")
    told = []
    result = resumed(GRAPHITE, tmp_path / "new", SMALL, tell=told.append)
    assert "nothing to resume" in told[0]
    assert kmc.digest(result.path) == expected


@pytest.mark.usefixtures("short_chunks")
def test_without_a_checkpoint_a_resumed_run_begins_anew(whole, tmp_path):
    """As after a kill before the first one."""
    expected, _ = whole("graphite")
    checkpoint.remove(stopped(tmp_path).path)
    told = []
    result = resumed(GRAPHITE, tmp_path, SMALL, tell=told.append)
    assert "no checkpoint yet" in told[0]
    assert kmc.digest(result.path) == expected


@pytest.mark.usefixtures("short_chunks")
def test_a_run_into_unfinished_results_says_how_to_go_on(tmp_path):
    path = stopped(tmp_path).path
    with pytest.raises(KmcError, match=r"exists already, of a run that is not finished \(\d+ outputs?, .*--resume"):
        kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL)
    with pytest.raises(KmcError, match="ask for one of them"):
        kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL, resume=True, overwrite=True)
    path.unlink()
    for resume in (True, False):
        with pytest.raises(KmcError, match=r"holds a checkpoint, but not results\.h5"):
            kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL, resume=resume)


@pytest.mark.usefixtures("short_chunks")
def test_checkpoints_of_replaced_results_are_not_gone_on_with(whole, tmp_path):
    """A run that is started anew removes them; one left over, as after a kill in between, is known by its number."""
    expected, _ = whole("graphite")
    path = stopped(tmp_path).path
    left = checkpoint.paths_of(path)[0].read_bytes()
    stopped(tmp_path, overwrite=True)
    checkpoint.paths_of(path)[0].write_bytes(left)
    told = []
    result = resumed(GRAPHITE, tmp_path, SMALL, tell=told.append)
    assert "no checkpoint yet" in told[0]
    assert kmc.digest(result.path) == expected


@pytest.mark.usefixtures("short_chunks")
@pytest.mark.parametrize("what", ["no HDF5 at all", ""])
def test_results_that_cannot_be_read_are_refused(what, tmp_path):
    path = stopped(tmp_path).path
    path.write_text(what)
    with pytest.raises(KmcError, match="no results file that can be read"):
        resumed(GRAPHITE, tmp_path, SMALL)


@pytest.mark.usefixtures("short_chunks")
def test_results_with_fewer_outputs_than_the_checkpoint_knows_are_refused(tmp_path):
    path = stopped(tmp_path).path
    with h5py.File(path, "r+") as file:
        file["time"].resize(0, axis=0)
    with pytest.raises(KmcError, match="is not the file that belongs to it"):
        resumed(GRAPHITE, tmp_path, SMALL)


def test_a_change_of_the_conditions_at_an_output_time_is_applied(tmp_path):
    """Outputs at the very times of the staircase leave the trajectory as it is without them."""
    changes = SMALL | {
        "protocol.potential": "{ramp: {start: 1.0 V, end: 0.1 V, rate: 1e6 V/s}}", "run.duration": "0.5 us",
        "output.snapshots": "{every: 0.4 us}",
    }
    deck = kmc.load_deck(GRAPHITE, changes)
    first = deck.protocol.applied().breakpoints(0.0)
    ends = []
    for cadence in (f"{{every: {first!r} s}}", "{every: 0.37 us}"):
        path = kmc.run(GRAPHITE, directory=tmp_path / cadence[8:12], overrides=changes | {"output.times": cadence}).path
        with h5py.File(path) as file:
            ends.append((file["lattice"][-1].tobytes(), float(file["time_fraction"][-1]),
                         file["event_count"][-1].tobytes()))
    assert ends[0] == ends[1]


def test_a_full_disk_at_a_checkpoint_leaves_the_ones_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "CHUNK", 1000)
    path = stopped(tmp_path).path
    kept = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    saved = checkpoint.read(checkpoint.paths_of(path)[0])

    def full(*_):
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(f"os.{name}", full)
            with pytest.raises(OutputError, match="No space left on device"):
                checkpoint.write(path, saved)
        assert not any(each.name.endswith(".part") for each in tmp_path.iterdir())
    newest, previous = checkpoint.paths_of(path)
    assert kept[newest.name] in (newest.read_bytes() if newest.exists() else b"", previous.read_bytes()
                                 if previous.exists() else b"")
    assert path.read_bytes() == kept[path.name]


def test_a_checkpoint_that_reads_back_otherwise_is_not_taken(tmp_path, monkeypatch):
    results = tmp_path / "r.h5"
    good = checkpoint.Checkpoint({"n": 1}, {"a/b": np.arange(1000), "c": np.float64(math.pi)})
    checkpoint.write(results, good)
    with monkeypatch.context() as patch:
        patch.setattr("hashlib.file_digest", lambda *_: hashlib.sha256(b"something else"))
        with pytest.raises(OutputError, match="what is read back is not what was written"):
            checkpoint.write(results, good)
    found, notes = checkpoint.latest(results)
    assert notes == []
    assert found.header == {"n": 1}
    assert found.arrays["a/b"].tolist() == list(range(1000))
    assert float(found.arrays["c"]) == math.pi
    assert [each.name for each in tmp_path.iterdir()] == ["r.checkpoint.h5"]


def test_two_processes_do_not_write_into_one_directory(tmp_path, monkeypatch):
    monkeypatch.setattr("kmc.whole_files.PATIENCE", 0.1)
    with alone(tmp_path / "results.h5"):
        with pytest.raises(KmcError, match=r"another process is writing .*results\.h5"):
            kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL)
        assert [each.name for each in tmp_path.iterdir()] == [".results.h5.lock"]
    assert kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL).finished
    assert sorted(each.name for each in tmp_path.iterdir()) == ["results.h5"]


def test_a_run_waits_for_one_that_is_about_to_go(tmp_path):
    owner = ExitStack()
    owner.enter_context(alone(tmp_path / "results.h5"))
    going = threading.Timer(0.3, owner.close)
    going.start()
    assert kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL).finished
    going.join()


def test_a_lock_that_a_killed_process_left_is_no_lock(tmp_path):
    (tmp_path / ".results.h5.lock").touch()
    assert kmc.run(GRAPHITE, directory=tmp_path, overrides=SMALL).finished

# SPDX-License-Identifier: BSD-3-Clause
"""The run loop, on the main deck in a small box."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import kmc
from kmc.deck import load_deck
from kmc.errors import InternalError, KmcError
from kmc.model import Model
from kmc.simulation import Simulation

DECK = Path(__file__).parent.parent / "inputs" / "graphite_ec.yaml"
SMALL = {
    "lattice.size": "[8, 8, 14]",
    "run.duration": "2 us",
    "output.times": "{per-decade: 3, from: 1 ns}",
    "output.snapshots": "{per-decade: 1, from: 1 ns}",
}


def _grown(directory, **changes):
    """Final lattice, clock, event counts of a run of the small box."""
    path = kmc.run(DECK, directory=directory, overrides={**SMALL, **changes}).path
    with h5py.File(path) as file:
        return (file["lattice"][-1].tobytes(), int(file["time_seconds"][-1]), float(file["time_fraction"][-1]),
                file["event_count"][-1].tobytes())


def test_output_cadence_does_not_change_the_trajectory(tmp_path):
    cadences = ["{every: 1.9 us}", "{every: 10 ns}", "{every: 0.37 us}", "{per-decade: 9, from: 3 ps}"]
    runs = [_grown(tmp_path / str(i), **{"output.times": cadence, "output.snapshots": "{every: 0.5 us}"})
            for i, cadence in enumerate(cadences)]
    assert len(set(runs)) == 1


def test_the_same_seed_gives_the_same_film_and_another_seed_another(tmp_path):
    first, again = _grown(tmp_path / "a"), _grown(tmp_path / "b")
    other = _grown(tmp_path / "c", **{"run.seed": "2"})
    assert first == again
    assert first[0] != other[0]


def test_the_ledger_stops_a_run_that_does_not_balance(tmp_path):
    model = Model.of(load_deck(DECK, SMALL))
    simulation = Simulation(model, tmp_path / "results.h5")
    simulation._ledger._electrons = simulation._ledger._electrons + 1
    with pytest.raises(InternalError, match="electrons"):
        simulation.run()


def test_results_are_not_overwritten_unasked(tmp_path):
    first = _grown(tmp_path)
    with pytest.raises(KmcError, match="exists already"):
        kmc.run(DECK, directory=tmp_path, overrides={**SMALL, "run.seed": "2"})
    with h5py.File(tmp_path / "results.h5") as file:
        assert file["lattice"][-1].tobytes() == first[0]
    kmc.run(DECK, directory=tmp_path, overrides={**SMALL, "run.seed": "2"}, overwrite=True)
    with h5py.File(tmp_path / "results.h5") as file:
        assert file["lattice"][-1].tobytes() != first[0]


def test_a_run_of_limited_events_says_so_and_leaves_its_last_state(tmp_path):
    result = kmc.run(DECK, directory=tmp_path, overrides={**SMALL, "run.max-events": "1000"})
    assert result.finished, "it did all that its deck asks for"
    assert "1000 events" in result.stop_reason
    with h5py.File(result.path) as file:
        assert int(file["n_events"][-1]) == 1000
        assert file["event_count"][-1].sum() == 1000


def test_a_run_of_limited_wall_time_stops(tmp_path):
    result = kmc.run(DECK, directory=tmp_path, overrides={**SMALL, "run.duration": "1 s"}, max_wall_time=0.5)
    assert not result.finished
    assert "wall time" in result.stop_reason


def test_a_frozen_film_reaches_the_end_of_its_deck(tmp_path):
    """Nothing can happen without electrolyte: the clock still arrives."""
    result = kmc.run(DECK, directory=tmp_path, overrides={**SMALL, "lattice.fill": "LEDC", "run.duration": "1 yr",
                                                          "protocol.potential": "3 V", "output.times": "{every: 60 d}"})
    assert result.finished
    with h5py.File(result.path) as file:
        assert file["time"][-1] == pytest.approx(31557600.0)


def test_a_ramp_is_applied_as_a_staircase_within_half_a_step(tmp_path):
    ramp = "{ramp: {start: 1.0 V, end: 0.1 V, rate: 1e6 V/s}}"
    result = kmc.run(DECK, directory=tmp_path, overrides={
        **SMALL, "protocol.potential": ramp, "run.duration": "1 us", "output.times": "{every: 50 ns}"})
    with h5py.File(result.path) as file:
        time, potential = file["time"][:], file["potential"][:]
        electrons = file["charge"][:]
    assert np.abs(potential - np.maximum(1.0 - 1e6 * time, 0.1)).max() <= 2.5e-3 + 1e-9
    assert electrons[-1] > 0


def test_a_killed_run_leaves_a_readable_file(tmp_path):
    arguments = [sys.executable, "-m", "kmc", "run", str(DECK), "-o", str(tmp_path), "--quiet",
                 "--set", "lattice.size=[8, 8, 14]", "--set", "run.duration=0.9 ms",
                 "--set", "output.times={every: 50 ns}", "--set", "output.snapshots={every: 0.5 us}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(arguments, env=environment)
    file = tmp_path / "results.h5"
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with h5py.File(file) as found:
        n = len(found["time"])
        assert n > 0
        assert all(len(found[name]) == n for name in ("thickness", "event_count", "charge"))


def test_a_terminated_run_exits_with_75(tmp_path):
    arguments = [sys.executable, "-m", "kmc", "run", str(DECK), "-o", str(tmp_path), "--quiet",
                 "--set", "lattice.size=[8, 8, 14]", "--set", "run.duration=1 s"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "results.h5").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 75
    assert "Traceback" not in message

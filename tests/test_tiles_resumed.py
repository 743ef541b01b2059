# SPDX-License-Identifier: BSD-3-Clause
"""A film in tiles, killed and resumed on other numbers of ranks, ends with the data of one that never stopped."""

import hashlib
import os
import random
import signal
import sys
import time
from dataclasses import replace

import h5py
import mortals
import numpy as np
import pytest
from mpi_runs import code_of, ended, kill_all, ranks_of, start
from restart_decks import GRAPHITE, RAMPED
from tile_films import CASES, DECK, clock, digest, tiled

import kmc
from kmc import checkpoint, simulation
from kmc.errors import KmcError
from kmc.simulation import Simulation
from kmc.tile_arrays import dealt, joined, packed, unpacked

SPARSE = RAMPED | {"lattice.size": "[24, 16, 14]", "tiles": "{size: [12, 8]}", "run.duration": "0.4 us"}
"""dict: overrides of the main deck: rates change, electrons tunnel, three of four turns are idle."""

OFTEN = {"run.checkpoint-interval": "1 us"}


@pytest.fixture
def film(tmp_path, monkeypatch):
    """The deck of a film in tiles, looked at often."""
    monkeypatch.setattr(simulation, "CHUNK", 500)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.yaml").write_text(DECK)
    return tmp_path / "film.yaml"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Digest and report of a run that never stopped, by name of the deck."""
    directory = tmp_path_factory.mktemp("whole")
    (directory / "film.yaml").write_text(DECK)
    results = {"dense": kmc.run(directory / "film.yaml", directory=directory / "dense").path,
               "sparse": kmc.run(GRAPHITE, directory=directory / "sparse", overrides=SPARSE).path}
    return {name: outcome(path) for name, path in results.items()}


def outcome(path):
    """All that a film is: its digest, and what the report says of its windows."""
    names = ("windows", "events_per_window", "idle_turns", "halo_changes", "halo_conflicts", "window_error",
             "window_error_uncertainty", "window_error_solid", "window_error_solid_uncertainty", "finished",
             "stop_reason")
    with h5py.File(path) as file:
        return kmc.digest(path), [str(file.attrs[name]) for name in names]


def test_arrays_of_sectors_are_the_same_whoever_packed_them():
    sectors = [{"a": np.arange(n), "b": np.float64(n), "c": np.full((n % 3, 2), n)} for n in (3, 0, 5, 1, 7)]
    whole = packed(sectors)
    for cut in ([5], [2, 3], [1, 1, 3], [4, 1]):
        parts = dealt(whole, cut)
        again = joined([packed(unpacked(part)) for part in parts])
        assert all(np.array_equal(again[name], whole[name]) for name in whole)
        found = [sector for part in parts for sector in unpacked(part)]
        assert all(np.array_equal(a[name], b[name]) for a, b in zip(found, sectors, strict=True) for name in a)
    with pytest.raises(ValueError, match="5 sectors, not 6"):
        dealt(whole, [3, 3])


RANKED = ("hops", "film")
"""tuple of str: cases that ranks share here."""


def half(name, **options):
    """A film half way, between two windows, at a moment that nobody has asked for."""
    case, time = CASES[name]
    engine = tiled(case, fraction=0.3, probes=True, **options)
    engine.run(clock(0.3 * time))
    engine.set_rates(case.rates(1.5))
    engine.run(clock(time), 600)
    return engine


def other_half(name, saved, **options):
    """The same film, gone on from a snapshot to its end."""
    case, time = CASES[name]
    species = saved["species"].reshape(case.species.shape)
    engine = tiled(replace(case, species=species), fraction=0.3, probes=True, **options)
    engine.restore(saved)
    engine.run(clock(time))
    return engine


@pytest.mark.parametrize("name", CASES)
def test_a_film_goes_on_from_a_snapshot_to_the_same_bits(name):
    engine = half(name)
    saved = engine.snapshot()
    resumed = other_half(name, saved)
    resumed.verify()
    engine.run(clock(CASES[name][1]))
    assert engine.n_events > 1.3 * saved["n_events"] > 130
    assert digest(resumed) == digest(engine)
    assert repr(resumed.report()) == repr(engine.report())


def hash_of(arrays):
    """SHA-256 of names, types, shapes and values."""
    content = [(name, str(array.dtype), array.shape, array.tobytes()) for name, array in sorted(arrays.items())]
    return hashlib.sha256(repr(content).encode()).hexdigest()


# An error on one rank ends all with its message; without that the launcher kills the others, which says nothing.
HALVES = """
from kmc.ranks import all_or_none, world
from kmc.tile_ranks import ranks_of
communicator = world()
with all_or_none(communicator, 75):
    import numpy as np
    import test_tiles_resumed as halves
    ranks = ranks_of(communicator)
    for name in halves.RANKED:
        saved = halves.half(name, ranks=ranks).snapshot()
        with np.load(f"{name}.npz") as given:
            resumed = halves.other_half(name, dict(given), ranks=ranks)
        resumed.verify()
        found = halves.digest(resumed), resumed.report()
        if ranks.is_root:
            print(name, halves.hash_of(saved), *found, flush=True)
"""


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Where snapshots of one process are, and what ranks should say of them."""
    directory, expected = tmp_path_factory.mktemp("halves"), []
    for name in RANKED:
        engine = half(name)
        saved = engine.snapshot()
        np.savez(directory / f"{name}.npz", **saved)
        engine.run(clock(CASES[name][1]))
        expected.append(f"{name} {hash_of(saved)} {digest(engine)} {engine.report()}")
    return directory, expected


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_snapshots_do_not_depend_on_the_number_of_ranks(n_ranks, halves):
    """Neither those that ranks take nor what becomes of one that a single process has taken."""
    directory, expected = halves
    code, said = ended(start(n_ranks, ["-c", HALVES], directory))
    assert code == 0, said
    assert said.splitlines() == expected


def test_snapshots_of_other_tiles_are_refused():
    saved = half("hops").snapshot()
    case = replace(CASES["hops"][0], species=saved["species"].reshape(CASES["hops"][0].species.shape))
    with pytest.raises(ValueError, match="24 sectors, not 16"):
        tiled(case, (8, 16)).restore(saved)


def test_checkpoints_change_nothing(film, whole, monkeypatch):
    written, write = [], checkpoint.write
    monkeypatch.setattr(checkpoint, "write", lambda *given: written.append(1) or write(*given))
    monkeypatch.setattr(simulation, "CHUNK", 1500)
    assert outcome(kmc.run(film, directory="often", overrides=OFTEN).path) == whole["dense"]
    n_dense = len(written)
    now_and_then = {"run.checkpoint-interval": "30 ms"}
    assert outcome(kmc.run(GRAPHITE, directory="sparse", overrides=SPARSE | now_and_then).path) == whole["sparse"]
    assert n_dense > 10
    assert len(written) - n_dense > 5
    assert [each.name for each in (film.parent / "often").iterdir()] == ["results.h5"]


@pytest.mark.parametrize(("name", "chunk", "n_looks"), [("dense", 1000, 7), ("sparse", 60, 30)])
def test_a_film_in_pieces_is_that_of_a_whole_run(name, chunk, n_looks, film, whole, monkeypatch):
    deck, overrides = (film, {}) if name == "dense" else (GRAPHITE, SPARSE)
    monkeypatch.setattr(simulation, "CHUNK", chunk)

    def reason(self, _max_wall_time):
        self.n_looks = getattr(self, "n_looks", 0) + 1
        return "stopped for a test" if self.n_looks == n_looks else None

    monkeypatch.setattr(Simulation, "_reason_to_stop", reason)
    n_runs = 0
    while not (result := kmc.run(deck, directory="pieces", overrides=overrides, resume=True)).finished:
        assert result.stop_reason == "stopped for a test"
        n_runs += 1
    assert 2 < n_runs < 100
    assert outcome(result.path) == whole[name]


DYING_AT_WINDOW = """
import os, signal
from kmc.tile_windows import SharedWindows
window = SharedWindows.window
def window_or_die(windows, *arguments):
    if launched_ranks()[1] == {rank} and windows.n_windows == {window}:
        os.kill(os.getpid(), signal.SIGKILL)
    window(windows, *arguments)
SharedWindows.window = window_or_die
"""

DYING_AT_CALL = """
import mortals
if launched_ranks()[1] == 0:
    mortals.die_at_call("{name}", {number})
"""

FULL = """
import resource
run = simulation.Simulation.run
def run_on_a_full_disk(*given):
    if launched_ranks()[1] == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    return run(*given)
simulation.Simulation.run = run_on_a_full_disk
"""
"""str: files of the first rank can grow no further, as on a full disk."""

RUN = ["run", "film.yaml", "-o", "out", "--resume", "--quiet"]
EAGER = [*RUN, "--set", "run.checkpoint-interval=1 us"]


def test_ranks_that_die_anywhere_lose_nothing(film, whole):
    """One after the other: in a window, while a checkpoint or an output takes its place or is brought onto the disk."""
    deaths = [(2, DYING_AT_WINDOW.format(rank=1, window=40)), (4, DYING_AT_CALL.format(name="replace", number=10)),
              (2, DYING_AT_CALL.format(name="fsync", number=15))]
    kept = 0
    for n_ranks, death in deaths:
        code, said = ended(start(n_ranks, [*code_of(death, 1000), *EAGER], film.parent))
        assert code not in (0, 1, 2, 75), said
        assert "Traceback" not in said
        mortals.state_of(film.parent / "out" / "results.h5")
        kept, before = checkpoint.latest(film.parent / "out" / "results.h5")[0].header["time"], kept
        assert kept > before
    code, said = ended(start(4, [*code_of(chunk=10_000), *EAGER], film.parent))
    assert (code, said) == (0, "")
    assert outcome(film.parent / "out" / "results.h5") == whole["dense"]


def stopped(film):
    """A film that a single process has left with a checkpoint; its files."""
    kmc.run(film, directory="out", max_wall_time=0.0)
    directory = film.parent / "out"
    assert checkpoint.exists(directory / "results.h5")
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def contents(film):
    return {path.name: path.read_bytes() for path in (film.parent / "out").iterdir() if path.suffix == ".h5"}


def test_a_full_disk_at_a_checkpoint_ends_all_ranks_with_one_message(film, whole):
    kept = stopped(film)
    limit = (len(kept["results.checkpoint.h5"]) + len(kept["results.h5"])) // 2
    assert len(kept["results.h5"]) < limit
    code, said = ended(start(2, [*code_of(FULL.format(limit=limit)), *EAGER], film.parent))
    assert code == 1, said
    assert said.count("cannot write ") == said.count("results.checkpoint.h5: File too large") == 1
    assert "Traceback" not in said
    now = contents(film)
    assert now.keys() == kept.keys()
    assert now["results.checkpoint.h5"] == kept["results.checkpoint.h5"]
    assert not list((film.parent / "out").glob(".*.part"))
    mortals.state_of(film.parent / "out" / "results.h5")
    assert outcome(kmc.run(film, directory="out", resume=True).path) == whole["dense"]


def test_an_error_of_any_rank_at_a_checkpoint_ends_all_with_one_message(film, whole):
    kept = stopped(film)
    broken = """
from kmc.tiled import TiledEngine
def no_room(engine):
    raise MemoryError("no room")
if launched_ranks()[1] == 1:
    TiledEngine.snapshot = no_room
"""
    code, said = ended(start(4, [*code_of(broken), *EAGER], film.parent))
    assert code not in (0, 2, 75), said  # 1, or that of a rank that the launcher has ended
    assert said.count("no room") == 1
    assert "Traceback" not in said
    assert contents(film)["results.checkpoint.h5"] == kept["results.checkpoint.h5"]
    assert outcome(kmc.run(film, directory="out", resume=True).path) == whole["dense"]


def test_another_way_to_cut_is_another_film(film):
    kept = stopped(film)
    for key, value, line in (("tiles.size", "[16, 8]", r"tiles\.size: was \[8, 8\], is \[16, 8\]"),
                             ("tiles.events-per-window", "0.2", r"tiles\.events-per-window: was not there, is 0\.2")):
        with pytest.raises(KmcError, match=rf"is of another run, .*\n  {line}"):
            kmc.run(film, directory="out", resume=True, overrides={key: value})
    code, said = ended(start(2, [*code_of(), *RUN, "--set", "run.seed=4"], film.parent))
    assert code == 2
    assert said.count("run.seed: was 3, is 4") == said.count("is of another run") == 1
    assert contents(film) == {name: content for name, content in kept.items() if name.endswith(".h5")}


# What follows takes minutes.

MANY = DECK.replace("duration: 1 s, seed: 3", "duration: 3 s, seed: 5, checkpoint-interval: 30 ms").replace(
    "{every: 0.5 s}", "{every: 5 ms}").replace("{every: 1 s}", "{every: 50 ms}")
"""str: a film of 600 outputs and many checkpoints."""

GROUND = ["run", str(GRAPHITE), "-o", "out", "--resume", "--quiet", "--set", "lattice.size=[400, 400, 62]",
          "--set", "run.duration=100 ns", "--set", "tiles={size: [64, 64]}", "--set", "run.checkpoint-interval=5 s"]
"""list: a run of the main deck on 1e7 sites."""


WAYS = ("all killed", "all killed", "launcher killed", "one rank killed", "SIGTERM", "SIGUSR1 to one rank")


def strike(process, rng, seen):
    """Kill or stop a run, in one of the ways in which that happens."""
    way = rng.choice(WAYS)
    seen[way] = seen.get(way, 0) + 1
    ranks = ranks_of(process)
    number = {"SIGTERM": signal.SIGTERM, "SIGUSR1 to one rank": signal.SIGUSR1}.get(way, signal.SIGKILL)
    if way != "all killed":
        try:
            os.kill(process.pid if way in ("launcher killed", "SIGTERM") else rng.choice(ranks), number)
            process.wait(30 if number != signal.SIGKILL else 10)
        except ProcessLookupError:
            pass
    kill_all(process)


@pytest.mark.verify
@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_a_kill_of_the_first_rank_at_any_step_of_writing_loses_nothing(name, film, whole):
    for number in range(1, 16):
        death = DYING_AT_CALL.format(name=name, number=number)
        code, said = ended(start(2 + number % 3, [*code_of(death, 250), *EAGER], film.parent))
        assert code not in (0, 1, 2, 75), said
        mortals.state_of(film.parent / "out" / "results.h5")
    code, said = ended(start(2, [*code_of(chunk=10_000), *EAGER], film.parent))
    assert (code, said) == (0, "")
    assert outcome(film.parent / "out" / "results.h5") == whole["dense"]


@pytest.mark.verify
def test_eighty_kills_on_any_number_of_ranks_lose_nothing(tmp_path):
    (tmp_path / "film.yaml").write_text(MANY)
    code, said = ended(start(1, [*code_of(), "run", "film.yaml", "-o", "whole", "--quiet"], tmp_path), 600)
    assert code == 0, said
    rng, seen, kept, results = random.Random(7), {}, 0, tmp_path / "out" / "results.h5"
    for _ in range(80):
        n_ranks = rng.choice([1, 2, 2, 3, 4])
        with (tmp_path / "log.txt").open("w") as log:
            process = start(n_ranks, [*code_of(), *RUN], tmp_path, log)
            time.sleep(rng.uniform(0.0, 4.0 + n_ranks))
            seen["too late"] = seen.get("too late", 0) + (process.poll() is not None)
            strike(process, rng, seen)
        assert "Traceback" not in (tmp_path / "log.txt").read_text()
        (_, kept_now), n_parts = mortals.state_of(results)
        assert kept_now >= kept or process.returncode == 0, "a checkpoint was lost"
        kept = kept_now
        seen["hit a file being written"] = seen.get("hit a file being written", 0) + n_parts
    print(seen, kept, file=sys.stderr)
    code, said = ended(start(3, [*code_of(), *RUN], tmp_path), 600)
    assert code == 0, said
    assert outcome(results) == outcome(tmp_path / "whole" / "results.h5")


@pytest.mark.verify
def test_a_film_of_ten_million_sites_is_killed_five_times_on_four_numbers_of_ranks(tmp_path):
    whole = [*code_of(chunk=200_000), *GROUND]
    whole[whole.index("out")] = "whole"
    code, said = ended(start(2, whole, tmp_path), 1800)
    assert code == 0, said
    rng, results = random.Random(2), tmp_path / "out" / "results.h5"
    for n_ranks in (3, 1, 4, 2, 4):
        process = start(n_ranks, [*code_of(chunk=200_000), *GROUND], tmp_path)
        time.sleep(rng.uniform(10.0, 30.0))
        kill_all(process)
        print(n_ranks, mortals.state_of(results), file=sys.stderr)
    code, said = ended(start(3, [*code_of(chunk=200_000), *GROUND], tmp_path), 1800)
    assert code == 0, said
    assert outcome(results) == outcome(tmp_path / "whole" / "results.h5")

# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark suite measures what it says, keeps what it is asked for, and compares like with like."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def suite(*arguments, path=None):
    """Run the command."""
    environment = os.environ | ({"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"} if path else {})
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


SPPARKS = """\
#!/bin/sh
cat > /dev/null
echo "      Time    Naccept    Nreject    Nsweeps        CPU"
echo "         0          0          0          0          0"
echo "         5      50000          0          0       0.25"
echo "Loop time of 0.25 on 1 procs"
echo "         5      50000          0          0          0"
echo "        24     240000          0          0       0.95"
echo "        25     250000          0          0          1"
echo "Loop time of 1.0 on 1 procs"
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Records and table of a quick run beside a program that prints what SPPARKS prints: 5000 ns per event."""
    folder = tmp_path_factory.mktemp("bench")
    program = folder / "spk_serial"
    program.write_text(SPPARKS)
    program.chmod(0o755)
    output = folder / "below" / "bench.json"
    run = suite("hop3d", "--cases", "eden", "sei", "--sizes", "1e4", "--quick", "--output", output, path=folder)
    assert run.returncode == 0, run.stderr
    return json.loads(output.read_text()), run.stdout


def test_records_hold_what_a_reader_asks_for(measured):
    records, _ = measured
    ours = {record["case"]: record for record in records if record["program"] == "sei-kmc"}
    assert list(ours) == ["hop3d", "eden", "sei"]
    for record in ours.values():
        assert record["ns_fastest"] <= record["ns_per_event"] <= record["ns_slowest"]
        assert record["events_per_second"] == pytest.approx(1e9 / record["ns_per_event"])
        assert record["repeats"] == 3
        assert {"load_average", "compiler", "cpu", "peak_rss_mib", "setup_seconds"} <= record.keys()
    assert ours["hop3d"]["sites"] == 22**3
    probes = [record["ns_per_event"] for record in records if record["program"].startswith("probe")]
    assert ours["hop3d"]["share_of_limit"] == pytest.approx(min(probes) / ours["hop3d"]["ns_per_event"])
    assert 9.0 < ours["hop3d"]["bytes_per_site"] < 100.0
    assert 0.0 < ours["hop3d"]["rerate_ms"] <= ours["hop3d"]["rerate_ms_slowest"]
    assert (ours["sei"]["sites"], ours["sei"]["bytes_per_site"]) == (0, 0.0)


def test_other_program_is_measured_beside_ours_and_compared(measured):
    records, table = measured
    theirs = [record for record in records if record["program"].startswith("SPPARKS")]
    own = next(record for record in records if record["case"] == "hop3d")
    assert [record["program"] for record in theirs] == ["SPPARKS tree", "SPPARKS group"]
    for record in theirs:
        assert 0.0 < record["ns_per_event"] < 5001.0  # times the share of the time in which it had a processor
        assert record["ours_over_this"] == pytest.approx(record["ns_per_event"] / own["ns_per_event"])
    assert "times as fast" in table


def test_loop_of_spparks_is_that_of_its_second_run(tmp_path):
    from benchmarks.peers import spparks_loop

    script = tmp_path / "script"
    script.write_text(SPPARKS)
    printed = subprocess.run(["sh", script], input="", capture_output=True, text=True, check=True).stdout
    assert spparks_loop(printed) == (1.0, 200_000)
    with pytest.raises(RuntimeError, match="not understood"):
        spparks_loop(printed.replace("Loop time of 0.25", "Nothing of 0.25"))


def test_probe_is_exact_hop3d_and_the_limit():
    """0.1 * 0.9 * 6 = 0.54 hops per site and time, to 3 %, for sites are filled at random."""
    from benchmarks.contest import Probe

    for ahead in (False, True):
        probe = Probe(40, ahead)
        cost = probe.nanoseconds()
        probe.close()
        assert probe.sites == 64_000
        assert probe.activity == pytest.approx(0.54, rel=0.03)
        assert 1.0 < cost < 5000.0
        assert 5.0 < probe.bytes_per_site < 6.0


def test_boxes_are_filled_to_the_fractions_asked_for():
    from benchmarks.problems import filled

    found = np.bincount(filled((100, 100, 100), [0.1, 0.3]).ravel(), minlength=3) / 1e6
    assert np.abs(found - [0.6, 0.1, 0.3]).max() < 4.9 * (0.25 / 1e6) ** 0.5


@pytest.mark.parametrize("name", ["eden", "eden-tall"])
def test_growing_front_does_not_arrive_at_the_top_while_it_is_measured(name):
    from benchmarks.problems import PROBLEMS
    from benchmarks.worker import Worker

    worker = Worker(name, 100_000)
    for _ in range(5):
        worker.run(PROBLEMS[name].events_of(100_000))
    film = worker.engine.species.reshape(worker.arguments["species"].shape)
    assert film[25].mean() > 0.9
    assert not film[60:].any()


def test_saved_engine_goes_on_where_the_worker_stands(tmp_path):
    import pickle

    from benchmarks.problems import engine_of
    from benchmarks.worker import Worker

    worker = Worker("zgb2d", 2500)
    worker.save(tmp_path / "engine")
    with open(tmp_path / "engine", "rb") as file:
        engine = engine_of(pickle.load(file))
    assert np.array_equal(engine.species, worker.engine.species)
    assert engine.total_propensity == pytest.approx(worker.engine.total_propensity, rel=1e-12)


def test_ratios_to_the_baseline_are_those_of_the_same_case_and_size(tmp_path, monkeypatch):
    from benchmarks import baseline
    from benchmarks.conditions import conditions

    monkeypatch.setattr(baseline, "PATH", tmp_path / "baseline.json")
    baseline.stored.cache_clear()
    record = {"case": "a", "program": "sei-kmc", "sites": 10, "instructions_per_event": 1000.0, "bytes_per_site": 8.0}
    record |= {"ns_per_event": 100.0, "load_average": 0.5, **conditions()}
    assert baseline.beside(record)["instructions_over_baseline"] is None
    baseline.update([record, record | {"program": "probe", "case": "a (probe)"}])
    faster = record | {"instructions_per_event": 900.0, "ns_per_event": 50.0}
    compared = baseline.beside(faster)
    assert compared["instructions_over_baseline"] == pytest.approx(0.9)
    assert compared["ns_over_baseline"] == pytest.approx(0.5)
    assert compared["bytes_over_baseline"] == 1.0
    assert baseline.beside(faster | {"sites": 11})["ns_over_baseline"] is None
    baseline.update([faster | {"instructions_per_event": None}])  # a quick run counts none: the old ones stay
    assert baseline.beside(record)["instructions_over_baseline"] == 1.0
    assert [kept["case"] for kept in json.loads(baseline.PATH.read_text())] == ["a"]
    baseline.stored.cache_clear()


def test_report_has_a_row_for_every_case_and_names_the_conditions(measured, tmp_path):
    from benchmarks import report

    records, _ = measured
    text = report.table(records)
    assert "load average" in text
    assert text.count("| `hop3d` |") == 1 + 4  # ours; two probes and two solvers of SPPARKS
    assert "| SPPARKS tree |" in text
    larger = [record | {"sites": 10 * record["sites"]} for record in records]
    report.draw(records + larger, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size > 5000


def test_what_a_run_pays_outside_the_loop_can_be_measured():
    from benchmarks.outside import outside_the_loop

    costs = outside_the_loop(repetitions=1)
    assert list(costs) == ["deck to model", "rate constants", "fields of an output"]
    assert min(costs.values()) > 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hop4d"], "no such case: hop4d"),
        (["hop3d", "--sizes", "many"], "numbers of sites are 1e+03 to 2e+09, not many"),
        (["hop3d", "--sizes", "10"], "numbers of sites are"),
        (["hop3d", "--repeats", "1"], "a median needs at least 3 repeats"),
    ],
)
def test_nonsense_is_refused_before_anything_is_measured(arguments, message):
    run = suite(*arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_size_that_does_not_fit_into_memory_is_left_out_and_said_so(monkeypatch):
    from benchmarks import suite as module

    told = []
    monkeypatch.setattr(module, "free_memory", lambda: 1 << 30)
    options = module.Options(sizes=(100_000_000,), note=told.append)
    assert module.measure("hop2d", options) == []
    assert told == ["hop2d: 1e+08 sites left out, they may take 3.7 GiB and 1.0 GiB are free"]


@pytest.mark.parametrize(("case", "total"), [("hop3d", 6.0), ("rd3d", 6.067), ("zgb2d", 1.0 + 4e10)])
def test_models_for_kmos_have_the_rates_of_ours(case, total):
    from benchmarks.kmos_model import processes

    rates = [line.split(";")[2].strip().replace("10**10", "1e10") for line in processes(case)]
    assert sum(map(float, rates)) == pytest.approx(total, rel=1e-12)

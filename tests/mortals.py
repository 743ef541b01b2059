# SPDX-License-Identifier: BSD-3-Clause
"""Runs in processes of their own, made to be killed. They are forked, so that a start costs no imports."""

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import h5py

from kmc import checkpoint, schema
from kmc.whole_files import part_of

DECK = """\
run: {duration: 1 ms, seed: 4, checkpoint-interval: 40 ms}
lattice: {type: square, spacing: 0.5 nm, size: [10, 8], fill: empty, layers: [{species: electrode, from: 0, to: 0}]}
protocol: {potential: 0 V, temperature: {ramp: {start: 300 K, end: 320 K, rate: 2e4 K/s}}, temperature-step: 0.5 K}
species:
  electrode: {phase: electrode}
  empty: {phase: liquid}
  A: {phase: dissolved, formula: C3H4O3}
  S: {phase: solid, formula: C3H4O3, molar-volume: 60 cm^3/mol}
solution: {EC: {formula: C3H4O3, activity: 1}}
processes:
- {name: birth, equation: empty + EC => A, rate: {law: eyring, barrier: 0.43 eV}}
- {name: hop, equation: A + empty => empty + A, rate: {law: eyring, barrier: 0.33 eV}}
- {name: growth, equation: A + electrode => S + electrode, rate: {law: eyring, barrier: 0.5 eV}}
- {name: loss, equation: S + A => empty + A + EC, rate: {law: eyring, barrier: 0.5 eV}}
- {name: death, equation: A => empty + EC, rate: {law: eyring, barrier: 0.35 eV}}
"""
"""str: a run whose every few milliseconds end with an output; `output` is to be added."""

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["kmc.cli", "kmc.simulation", "mortals"])


def write_deck(directory, n_outputs):
    """The deck with so many outputs, a tenth of them with snapshots."""
    path = Path(directory) / "deck.yaml"
    times = f"times: {{every: {1000 / n_outputs!r} us}}, snapshots: {{every: {10_000 / n_outputs!r} us}}"
    path.write_text(f"{DECK}output: {{{times}}}\n")
    return path


def start(arguments, prepare=None, log=os.devnull):
    """A process that runs the command; `prepare`, a function of a module, is called in it before."""
    process = _forked.Process(target=_run, args=([str(each) for each in arguments], prepare, str(log)))
    process.start()
    return process


def _run(arguments, prepare, log):
    from kmc.cli import main

    with Path(log).open("a") as stream:
        os.dup2(stream.fileno(), 2)
        os.dup2(stream.fileno(), 1)
    if prepare is not None:
        prepare[0](*prepare[1:])
    sys.exit(main(arguments))


def die_at_call(name, number):
    """Let the process kill itself before the call of that number of a function of `os`."""
    function, calls = getattr(os, name), []

    def last(*arguments, **options):
        calls.append(name)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    setattr(os, name, last)


def state_of(results):
    """Outputs in the results, and outputs and time of the newest checkpoint; fails if any file is not whole.

    Returns
    -------
    state : (int, int)
        Outputs that are there, and outputs that a resumed run keeps.
    n_parts : int
        Files that were being written when the process died.
    """
    n_outputs = kept = 0
    if results.exists():
        with h5py.File(results, "r") as file:
            n_outputs, n_snapshots = len(file["time"]), len(file["lattice"])
            assert {len(file[v.name]) for v in schema.SERIES if v.name in file} == {n_outputs}
            assert file["VTKHDF/Steps"].attrs["NSteps"] == n_snapshots == len(file["snapshot_time"])
            assert (file["n_events"][1:] >= file["n_events"][:-1]).all()
    paths = checkpoint.paths_of(results)
    found = [checkpoint.read(path) for path in paths if path.exists()]
    if found:
        kept = found[0].header["outputs"][0]
        assert kept <= n_outputs, "the results lack outputs that the checkpoint counts on"
    n_parts = sum(part_of(path).exists() for path in (results, paths[0]))
    return (n_outputs, kept), n_parts

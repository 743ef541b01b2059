# SPDX-License-Identifier: BSD-3-Clause
"""A small deck for sweeps, and MPI jobs of this interpreter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

# A lattice gas on a wall: every site of the first layer adsorbs and desorbs by itself.
GAS = """\
run: {duration: 2 s, seed: 5}
lattice: {type: square, spacing: 1 nm, size: [30, 3], fill: A, layers: [{species: wall, from: 0, to: 0}]}
protocol: {temperature: 300 K, potential: 0.1 V}
species:
  A: {phase: liquid}
  wall: {phase: electrode}
  B: {phase: solid, formula: LiF, molar-volume: 10 cm^3/mol}
solution: {LiF(d): {formula: LiF, activity: 1}}
processes:
- {name: in, equation: A + LiF(d) => B, layer: {from: 1, to: 1}, rate: {law: constant, rate-constant: 1.0 +- 0.2 1/s}}
- {name: out, equation: B => A + LiF(d), rate: {law: constant, rate-constant: 0.2 .. 0.6 1/s}}
output: {times: {every: 0.5 s}}
"""


def written(directory, sweep, name="gas.yaml"):
    """The deck of the lattice gas with a section `sweep`, as a file."""
    path = Path(directory) / name
    path.write_text(f"{GAS}sweep: {sweep}\n")
    return path


def contents(path):
    """Every dataset of a file, the group `host` apart, as bytes or lists of text by name."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("host/"):
            values = item[...]
            found[name] = values.tolist() if values.dtype.kind == "O" else (values.dtype.str, values.tobytes())

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return found


def mpiexec(n_ranks, *arguments, timeout=60, **environment):
    """Run this interpreter on MPI ranks; skips the test where there is no mpiexec."""
    beside = Path(sys.executable).with_name("mpiexec")
    launcher = str(beside) if beside.is_file() else shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec here; `pip install mpich` has one")
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return subprocess.run(
        [launcher, "-n", str(n_ranks), sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths, **environment}, capture_output=True, text=True, timeout=timeout,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""Instructions per event, counted by callgrind: they repeat exactly where seconds do not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

INSIDE_RUN = "__pyx_pw_*6Engine_*run"
"""str: the compiled `Engine.run`; only what happens inside it is counted."""


def is_available():
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def instructions_per_event(path, events):
    """Instructions of an event.

    Two runs, one of twice as many events, are counted at the same time; their difference leaves out what a run costs
    before its first event and while environments are met for the first time.

    Parameters
    ----------
    path : path-like
        What `Worker.save` wrote.
    events : int
        Events of the shorter run.

    Returns
    -------
    instructions : float or None
        None if nothing was counted: the core has been built without the names of its functions.

    Raises
    ------
    RuntimeError
        If valgrind fails, with what it said.
    """
    runs = [_start(path, n) for n in (events, 2 * events)]
    shorter, longer = (_collected(run) for run in runs)
    return (longer - shorter) / events if longer else None


def _start(path, events):
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--toggle-collect={INSIDE_RUN}",
        "--callgrind-out-file=/dev/null",
        sys.executable,
        "-m",
        "benchmarks.counted",
        str(path),
        str(events),
    ]
    # Order in dictionaries and threads of linear algebra must not differ from run to run.
    environment = os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


def _collected(run):
    _, said = run.communicate()
    found = re.search(r"Collected : (\d+)", said)
    if run.returncode or found is None:
        raise RuntimeError(f"callgrind failed: {said.strip()[-500:]}")
    return int(found[1])

# SPDX-License-Identifier: BSD-3-Clause
"""Runs on MPI ranks, also made to be stopped and killed: the launcher, the ranks, or all of them at once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent

COMMAND = """
import os, sys
from kmc import simulation
from kmc.cli import main
from kmc.ranks import launched_ranks
simulation.CHUNK = {chunk}
{prepare}
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
"""str: the command with looks at the clock and at signals after so many events."""


def code_of(prepare="", chunk=500):
    """Arguments of Python for the command, after something that every rank does first."""
    return ["-c", COMMAND.format(prepare=prepare, chunk=chunk)]


def _launcher(n_ranks):
    """Command that starts processes on ranks."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    return [str(mpiexec) if mpiexec.exists() else shutil.which("mpiexec"), "-n", str(n_ranks)]


def _environment():
    paths = [str(HERE.parent), str(HERE), str(HERE / "reference")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run_mpi(n_ranks, arguments, directory, *, timeout=100):
    """Run Python on ranks, a single one under the launcher too; the completed process."""
    return subprocess.run([*_launcher(n_ranks), sys.executable, *arguments], cwd=directory, timeout=timeout,
                          capture_output=True, text=True, check=False, env=_environment())


def start(n_ranks, arguments, directory, log=subprocess.PIPE):
    """Start Python on ranks; the process of the launcher, or of Python itself for a single rank."""
    launcher = _launcher(n_ranks) if n_ranks > 1 else []
    return subprocess.Popen([*launcher, sys.executable, *(str(each) for each in arguments)], cwd=directory,
                            stdout=log, stderr=log, text=True, env=_environment())


def ended(process, timeout=60):
    """Exit code and all that was said, once the ranks are gone too; what hangs is killed and fails the test."""
    deadline, pids = time.monotonic() + timeout, set()
    while process.poll() is None:
        pids.update(descendants(process.pid))
        if time.monotonic() > deadline:
            kill_all(process)
            raise AssertionError(f"still running after {timeout} s: {''.join(process.communicate())}")
        time.sleep(0.02)
    wait_for(pids)
    said, errors = process.communicate()
    return process.returncode, (said or "") + (errors or "")


def descendants(pid):
    """Processes that a process has started, and those that they have started, in this order."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, ()))
    return found[1:]


def ranks_of(process):
    """Processes of the ranks, in no order."""
    def has_rank(pid):
        with suppress(OSError):
            return b"PMI_RANK=" in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    return [pid for pid in descendants(process.pid) if has_rank(pid)] or [process.pid]


def kill_all(process):
    """Kill the launcher and all that it has started, as a machine does that goes down; waits until they are gone."""
    pids = [process.pid, *descendants(process.pid)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    wait_for(pids)


def wait_for(pids):
    """Wait until processes are gone: a launcher may end before its ranks."""
    deadline = time.monotonic() + 30
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "processes that do not die"
        time.sleep(0.01)


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

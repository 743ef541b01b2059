# SPDX-License-Identifier: BSD-3-Clause
"""The scripts for Slurm, with stand-ins for its commands."""

import os
import signal
import subprocess
import time

import pytest

SRUN = """\
#!/bin/bash
echo "$1" > "$LOG.ranks"
shift                              # --ntasks=1
trap 'echo stopped >> "$LOG"; exit 75' TERM USR1
echo "$@" >> "$LOG"
for _ in $(seq "${LASTS:-0}"); do sleep 0.05; done
exit "$CODE"
"""
SCONTROL = '#!/bin/bash\necho "scontrol $@" >> "$LOG"\n'


@pytest.fixture
def job(tmp_path, repository):
    """A function that starts the script as Slurm would; gives the process."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def start(code, lasts=0, n_ranks="1"):
        environment = os.environ | {
            "SLURM_NTASKS": n_ranks,
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(tmp_path / "log"), "CODE": str(code),
            "LASTS": str(lasts), "SLURM_JOB_ID": "42",
        }
        command = ["bash", str(repository / "scripts" / "slurm_film.sh"), "my deck.yaml", "-o", "there"]
        return subprocess.Popen(command, env=environment, cwd=tmp_path, start_new_session=True)

    return start


@pytest.mark.parametrize(("code", "calls"), [(0, []), (75, ["scontrol requeue 42"]), (2, []), (1, [])])
def test_a_run_that_stopped_early_goes_back_into_the_queue(code, calls, job, tmp_path):
    assert job(code).wait(30) == code
    assert (tmp_path / "log").read_text().splitlines() == ["kmc run my deck.yaml -o there --resume", *calls]


@pytest.mark.parametrize("n_ranks", ["1", "16"])
def test_a_film_gets_the_ranks_that_the_job_has(n_ranks, job, tmp_path):
    assert job(0, n_ranks=n_ranks).wait(30) == 0
    assert (tmp_path / "log.ranks").read_text() == f"--ntasks={n_ranks}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_the_shell_waits_for_the_checkpoint(number, job, tmp_path):
    process = job(0, lasts=400)
    deadline = time.monotonic() + 30
    while not (tmp_path / "log").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, number)  # the shell and the step, as on preemption
    assert process.wait(30) == 75
    assert (tmp_path / "log").read_text().splitlines()[1:] == ["stopped", "scontrol requeue 42"]

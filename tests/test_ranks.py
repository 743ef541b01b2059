# SPDX-License-Identifier: BSD-3-Clause
"""Launchers and MPI libraries that do not belong together are told apart, and what a rank says last is heard."""

import os
import sys
import threading
import time

import pytest

from kmc.errors import KmcError
from kmc.ranks import all_or_none, world

LAUNCHED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")


class Job:
    """A communicator whose abort notes what the launcher has read by then."""

    rank = 0

    def __init__(self):
        self.read, self.read_at_abort = b"", None

    def Abort(self, exit_code):  # noqa: N802 (the name is MPI's)
        self.read_at_abort = self.read


def ended_with(job, stream, monkeypatch):
    """Exit code of a job that is refused and speaks through a stream."""
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(SystemExit) as left, all_or_none(job, 75):
        raise KmcError("not this deck")
    return left.value.code


def test_a_launcher_that_reads_late_has_the_message_before_the_abort(monkeypatch):
    job, (source, sink) = Job(), os.pipe()

    def read_late():
        time.sleep(0.2)
        job.read = os.read(source, 1000)

    launcher = threading.Thread(target=read_late)
    launcher.start()
    with os.fdopen(sink, "w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    launcher.join()
    os.close(source)
    assert job.read_at_abort == b"not this deck\n"


def test_a_launcher_that_never_reads_holds_the_abort_up_for_a_second_only(monkeypatch):
    job, (source, sink) = Job(), os.pipe()
    began = time.monotonic()
    with os.fdopen(sink, "w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    os.close(source)
    assert job.read_at_abort == b""
    assert time.monotonic() - began < 30


def test_a_file_for_messages_is_not_waited_for(monkeypatch, tmp_path):
    job = Job()
    with (tmp_path / "said").open("w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    assert (tmp_path / "said").read_text() == "not this deck\n"
    assert job.read_at_abort is not None


@pytest.fixture
def launched(monkeypatch):
    """Pretend that a launcher started this process as one of several."""

    def pretend(size, rank_name, rank=0):
        for name in LAUNCHED:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(size, "2")
        monkeypatch.setenv(rank_name, str(rank))

    return pretend


def test_no_mpi_library_gets_a_sentence(launched, monkeypatch):
    launched("PMI_SIZE", "PMI_RANK")
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(KmcError, match="mpiexec of MPICH or Intel MPI started 2 ranks, but there is no MPI library"):
        world()


def test_only_the_first_rank_speaks(launched, monkeypatch):
    launched("PMI_SIZE", "PMI_RANK", 1)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(SystemExit) as caught:
        world()
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("size", "rank", "library", "sentence"),
    [
        ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "MPICH Version:\t5.0.2\nabc", "MPI library is MPICH 5.0.2"),
        ("PMI_SIZE", "PMI_RANK", "Open MPI v5.0.11, package", "(Open MPI v5.0.11) each of them stands alone"),
        ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "MPICH Version: 5.0.2", "start with `srun --mpi=pmix`"),
    ],
)
def test_launcher_of_another_library_gets_a_sentence(size, rank, library, sentence, launched, monkeypatch):
    launched(size, rank)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", mpi(library))
    with pytest.raises(KmcError) as caught:
        world()
    assert "started 2 ranks" in str(caught.value)
    assert sentence in str(caught.value)


def mpi(library):
    """A stand-in for mpi4py.MPI, of a process that stands alone."""
    from types import SimpleNamespace

    return SimpleNamespace(
        Get_library_version=lambda: library, Is_initialized=lambda: True, COMM_WORLD=SimpleNamespace(size=1, rank=0)
    )


def test_two_mpi_libraries_get_a_sentence(launched, monkeypatch):
    launched("PMI_SIZE", "PMI_RANK")
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", mpi("MPICH Version: 5.0.2"))
    monkeypatch.setattr("kmc.ranks.loaded_libraries", lambda: ["/a/libmpi.so.12", "/b/libmpi.so.40"])
    with pytest.raises(KmcError, match=r"two MPI libraries are loaded, /a/libmpi.so.12 and /b/libmpi.so.40"):
        world()


def test_process_without_a_launcher_stands_alone(monkeypatch):
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    assert world() is None

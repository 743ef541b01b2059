# SPDX-License-Identifier: BSD-3-Clause
"""MPI ranks: how many a launcher started, the library that joins them, and an end that no rank survives. Floor 1.

MPI is touched only if a launcher started more than one process. What can be wrong with a cluster's MPI gets a sentence
each, before any work is done.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
import warnings
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO, TypeVar

from kmc.errors import KmcError

if TYPE_CHECKING:
    from mpi4py.MPI import Comm

T = TypeVar("T")

# Number of ranks and own rank, as launchers tell them: PMI (MPICH, Intel MPI), Open MPI, MVAPICH, srun.
_LAUNCHERS = (
    ("PMI_SIZE", "PMI_RANK", "mpiexec of MPICH or Intel MPI"),
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "mpiexec of Open MPI"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "mpiexec of MVAPICH"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"),
)
# The first rank, if it meets the same (a signal, something wrong in the deck), has spoken within this time [s].
GRACE = 3.0
# How long a launcher may take to read what was said [s].
_HEARD = 1.0


def launched_ranks() -> tuple[int, int]:
    """Number of ranks that an MPI launcher started, and which of them this is; (1, 0) without a launcher."""
    found = _launcher()
    return (1, 0) if found is None else found[:2]


def _launcher() -> tuple[int, int, str] | None:
    """Size, rank and name of the launcher, if there is one."""
    for size, rank, name in _LAUNCHERS:
        if os.environ.get(size, "").isdigit():
            return int(os.environ[size]), int(os.environ.get(rank, "0")), name
    return None


def world() -> Comm | None:
    """The communicator of all ranks; None if this process stands alone.

    Returns
    -------
    communicator : mpi4py.MPI.Comm or None

    Raises
    ------
    KmcError
        If there is no MPI library, there are two of them, or the launcher belongs to another one; the other ranks leave
        without a word.
    """
    found = _launcher()
    if found is None or found[0] == 1:
        return None
    n_ranks, rank, launcher = found
    try:
        return _joined(n_ranks, launcher)
    except KmcError:
        if rank:  # all ranks find the same; the first one says it
            raise SystemExit(KmcError.exit_code) from None
        raise


def _joined(n_ranks: int, launcher: str) -> Comm:
    """The communicator, or what is wrong with it."""
    started = f"{launcher} started {n_ranks} ranks"
    try:
        import mpi4py

        mpi4py.rc.initialize = False  # the library can be asked what it is before it is started
        mpi4py.rc.finalize = True
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the latter from mpi4py that looks for a library when it is imported
        reason = str(error).split("\n")[0]
        raise KmcError(f"{started}, but there is no MPI library ({reason}): load the MPI module of the cluster "
                       "or `pip install mpich`") from None
    library = " ".join(MPI.Get_library_version().strip().split("\n")[0].split(",")[0].replace("Version:", "").split())
    is_open = "Open MPI" in library
    if "PMI_SIZE" not in os.environ and is_open != ("Open MPI" in launcher) and launcher != "srun":
        raise KmcError(f"{started}, but the MPI library is {library}: use its own mpiexec")
    if not MPI.Is_initialized():
        with warnings.catch_warnings():  # what mpi4py suspects here is said below in full
            warnings.simplefilter("ignore")
            MPI.Init_thread()
    twice = loaded_libraries()
    if len(twice) > 1:
        raise KmcError(f"two MPI libraries are loaded, {' and '.join(twice)}: keep one of them in the environment")
    if MPI.COMM_WORLD.size != n_ranks:
        own = "`srun --mpi=pmix` or `srun --mpi=pmi2`" if launcher == "srun" else "the mpiexec of that library"
        raise KmcError(f"{started}, but to the MPI library ({library}) each of them stands alone: start with {own}")
    return MPI.COMM_WORLD


def loaded_libraries() -> list[str]:
    """Paths of the MPI libraries in this process, from what the system has mapped; empty where it does not tell."""
    try:
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted(set(re.findall(r"(/\S*/libmpi(?:_abi)?\.so\S*)$", mapped, flags=re.MULTILINE)))


def first_rank_decides(communicator: Comm | None, decide: Callable[[], T]) -> T:
    """What rank 0 finds out, on all ranks; collective.

    If it refuses, rank 0 raises what it found wrong and the others leave without a word, so that there is one message.

    Parameters
    ----------
    communicator : Comm or None
    decide : callable
        Called on rank 0; its result must be picklable.

    Returns
    -------
    found : object
    """
    if communicator is None:
        return decide()
    if communicator.rank:
        found, exit_code = communicator.bcast(None)
        if exit_code:
            raise SystemExit(exit_code)
        return found
    try:
        found = decide()
    except BaseException as error:
        communicator.bcast((None, getattr(error, "exit_code", 1)))
        raise
    communicator.bcast((found, 0))
    return found


@contextmanager
def all_or_none(communicator: Comm | None, stopped_code: int, advice: str = "go on with --resume") -> Iterator[None]:
    """End all ranks if one of them fails in the block, within seconds and with one message.

    Without this a rank that waits for the one that failed waits for ever.

    Parameters
    ----------
    communicator : Comm or None
        None: the block runs as it stands.
    stopped_code : int
        Exit code of the job after a signal.
    advice : str
        What to do after a signal.
    """
    if communicator is None:
        yield
        return
    try:
        yield
    except KeyboardInterrupt:
        # A signal to the launcher reaches all ranks; the first of them speaks for all.
        if communicator.rank:
            time.sleep(GRACE)
        _end(communicator, f"kmc: stopped by a signal; {advice}", stopped_code)
    except KmcError as error:
        _end(communicator, str(error), error.exit_code)
    except Exception as error:
        reason = (str(error).strip() or "no message").split("\n")[0]
        _end(communicator, f"kmc: rank {communicator.rank}: {type(error).__name__}: {reason}", 1)


def _end(communicator: Comm, message: str, exit_code: int) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    _wait_until_read(sys.stderr)
    communicator.Abort(exit_code)
    raise SystemExit(exit_code)  # not reached with any library that keeps to the standard


def _wait_until_read(stream: TextIO) -> None:
    """Wait until the launcher has read what was said: at an abort it drops what it has not (mpiexec of MPICH does)."""
    with suppress(OSError, ValueError, ImportError):  # no file behind the stream, or a system that cannot be asked
        deadline = time.monotonic() + _HEARD
        while time.monotonic() < deadline and _is_unread(stream.fileno()):
            time.sleep(0.01)


def _is_unread(descriptor: int) -> bool:
    """Whether something that was written still waits for its reader; a socket does not tell."""
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISFIFO(mode):
        return stat.S_ISSOCK(mode)
    import fcntl
    import termios

    waiting = array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
    return waiting[0] > 0

# SPDX-License-Identifier: BSD-3-Clause
"""The processes that run one film together, and what they tell each other. Floor 1.

`ALONE` is a single process, without MPI. All others go through mpi4py, which is imported here and nowhere else. What
arrives does so in an order that depends on ranks of sectors and not on the time of arrival.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from kmc.errors import KmcError

# Number of ranks and own rank, as launchers tell them: PMI (MPICH, Intel MPI), Open MPI, MVAPICH, srun.
_LAUNCHERS = (
    ("PMI_SIZE", "PMI_RANK"),
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
)
_TAG = 7


class Ranks:
    """A single process; the base of those that are several.

    Attributes
    ----------
    size, rank : int
    """

    size = 1
    rank = 0

    @property
    def is_root(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def every(self, values: Sequence[float]) -> np.ndarray:
        """float64, shape (size, n): the numbers of all processes, on each of them."""
        return np.array([values], dtype=np.float64)

    def summed(self, counts: np.ndarray) -> np.ndarray:
        """int64: the sum over all processes, on each of them."""
        return counts

    def joined(self, part: np.ndarray) -> list[np.ndarray]:
        """The uint8 arrays of all processes, on each of them."""
        return [part]

    def exchange(self, messages: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Swap uint64 arrays with neighbours; both sides name each other.

        Parameters
        ----------
        messages : dict of int to uint64 array
            By rank.

        Returns
        -------
        dict of int to uint64 array
            What they have sent, in ascending rank.
        """
        return {}

    def agreed(self, value: Any) -> Any:
        """The value of the root, on every process."""
        return value


ALONE = Ranks()
"""Ranks: one process."""


class MpiRanks(Ranks):
    """Processes under MPI.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
    """

    def __init__(self, communicator: Any):
        self.communicator = communicator
        self.size, self.rank = communicator.Get_size(), communicator.Get_rank()
        self.waited = 0.0

    def every(self, values: Sequence[float]) -> np.ndarray:
        """See `Ranks.every`."""
        own = np.array(values, dtype=np.float64)
        found = np.empty((self.size, len(own)))
        self.communicator.Allgather(own, found)
        return found

    def summed(self, counts: np.ndarray) -> np.ndarray:
        """See `Ranks.summed`."""
        found = np.empty_like(counts)
        self.communicator.Allreduce(counts, found)
        return found

    def joined(self, part: np.ndarray) -> list[np.ndarray]:
        """See `Ranks.joined`."""
        return [np.frombuffer(each, dtype=np.uint8) for each in self.communicator.allgather(part.tobytes())]

    def exchange(self, messages: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """See `Ranks.exchange`."""
        from mpi4py import MPI

        status = MPI.Status()
        pending = [self.communicator.Isend([part, MPI.UINT64_T], rank, _TAG) for rank, part in messages.items()]
        found = {}
        for rank in sorted(messages):
            self.communicator.Probe(rank, _TAG, status)
            found[rank] = np.empty(status.Get_count(MPI.UINT64_T), dtype=np.uint64)
            self.communicator.Recv([found[rank], MPI.UINT64_T], rank, _TAG)
        MPI.Request.Waitall(pending)
        return found

    def agreed(self, value: Any) -> Any:
        """See `Ranks.agreed`."""
        return self.communicator.bcast(value)


def launched() -> tuple[int, int]:
    """Number of processes that an MPI launcher started, and which of them this is; (1, 0) without a launcher."""
    for size, rank in _LAUNCHERS:
        if os.environ.get(size, "").isdigit():
            return int(os.environ[size]), int(os.environ.get(rank, "0"))
    return 1, 0


def ranks() -> Ranks:
    """The processes that the launcher of this one has started.

    Raises
    ------
    KmcError
        If there is no MPI library, or one that does not belong to the launcher.
    """
    size, _ = launched()
    if size == 1:
        return ALONE
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise KmcError(f"started on {size} ranks, but there is no MPI library that mpi4py can use ({error}): load the "
                       "MPI module of the cluster, or `pip install mpi4py mpich`") from None
    if MPI.COMM_WORLD.Get_size() != size:
        raise KmcError(f"the launcher started {size} processes, but the MPI library of mpi4py sees "
                       f"{MPI.COMM_WORLD.Get_size()}: start with the mpiexec or srun that belongs to this library, "
                       f"{MPI.Get_library_version().splitlines()[0]}")
    return MpiRanks(MPI.COMM_WORLD)


def give_up(exit_code: int) -> None:
    """End the processes of all ranks, so that none waits for one that has failed; returns where there is only one."""
    if launched()[0] > 1 and "mpi4py.MPI" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.modules["mpi4py.MPI"].COMM_WORLD.Abort(exit_code)

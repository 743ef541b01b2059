# SPDX-License-Identifier: BSD-3-Clause
"""What the processes that run one film together tell each other. Floor 2.

`ALONE` is a single process, without MPI. What arrives is put in the order of ranks, not of arrival, so that the
film does not depend on it.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mpi4py.MPI import Comm

_TAG = 7
# The first rank, if it finds the same wrong, has spoken within this time [s].
_GRACE = 1.0
# Looks for a message before sleeping, and how long to sleep [s].
_YIELDS, _NAP = 200, 2e-5


class Ranks:
    """A single process; the base of those that are several.

    Attributes
    ----------
    size, rank : int
    waited : float, [s]
        Wall time spent in waiting for others.
    """

    size = 1
    rank = 0
    waited = 0.0

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
            What they have sent.
        """
        return {}

    def agreed(self, value: Any) -> Any:
        """The value of the root, on every process."""
        return value

    def collected(self, part: Mapping[str, np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """Named arrays of all processes, in ascending rank, on the root; nothing on others. All have the same names."""
        return [part]

    def dealt(self, parts: Sequence[Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
        """The part of this process of what the root has for each of them; what others give is not looked at."""
        return parts[0]

    def root_does(self, action: Callable[[], None]) -> None:
        """Let the root do what may fail; if it does, the root says why and the others end without a word.

        Parameters
        ----------
        action : callable
            Called on the root alone.
        """
        action()


ALONE = Ranks()
"""Ranks: one process."""


class MpiRanks(Ranks):
    """Processes under MPI.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
    """

    def __init__(self, communicator: Comm):
        self.communicator = communicator
        self.size, self.rank = communicator.Get_size(), communicator.Get_rank()
        atexit.register(_leave)       # a launcher takes a process that ends without for one that has failed

    def every(self, values: Sequence[float]) -> np.ndarray:
        """See `Ranks.every`."""
        own = np.array(values, dtype=np.float64)
        found = np.empty((self.size, len(own)))
        with self._waiting():
            _patiently([self.communicator.Iallgather(own, found)])
        return found

    def summed(self, counts: np.ndarray) -> np.ndarray:
        """See `Ranks.summed`."""
        found = np.empty_like(counts)
        self.communicator.Allreduce(counts, found)
        return found

    def joined(self, part: np.ndarray) -> list[np.ndarray]:
        """See `Ranks.joined`."""
        sizes = self.every([part.size])[:, 0].astype(np.int64)
        found = np.empty(int(sizes.sum()), dtype=np.uint8)
        self.communicator.Allgatherv(np.ascontiguousarray(part), (found, sizes))
        return np.split(found, np.cumsum(sizes)[:-1])

    def exchange(self, messages: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """See `Ranks.exchange`."""
        from mpi4py import MPI

        status = MPI.Status()
        found = {}
        with self._waiting():
            pending = [self.communicator.Isend([part, MPI.UINT64_T], rank, _TAG) for rank, part in messages.items()]
            for rank in messages:
                _until(lambda rank=rank: self.communicator.Iprobe(rank, _TAG, status))
                found[rank] = np.empty(status.Get_count(MPI.UINT64_T), dtype=np.uint64)
                self.communicator.Recv([found[rank], MPI.UINT64_T], rank, _TAG)
            _patiently(pending)
        return found

    def agreed(self, value: Any) -> Any:
        """See `Ranks.agreed`."""
        return self.communicator.bcast(value)

    def collected(self, part: Mapping[str, np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """See `Ranks.collected`."""
        # Array by array, from one process after another: no message is longer than what one of them has of a kind.
        if self.rank:
            for array in part.values():
                self.communicator.send(array, 0, _TAG)
            return []
        return [part, *({name: self.communicator.recv(None, rank, _TAG) for name in part} for rank in self._others)]

    def dealt(self, parts: Sequence[Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
        """See `Ranks.dealt`."""
        names = self.agreed(list(parts[0]) if self.is_root else None)
        if self.rank:
            return {name: self.communicator.recv(None, 0, _TAG) for name in names}
        for rank in self._others:
            for name in names:
                self.communicator.send(parts[rank][name], rank, _TAG)
        return parts[0]

    def root_does(self, action: Callable[[], None]) -> None:
        """See `Ranks.root_does`."""
        failure, exit_code = None, 0
        if self.is_root:
            try:
                action()
            except BaseException as error:
                failure, exit_code = error, getattr(error, "exit_code", 1)
        exit_code = int(self.every([exit_code])[0, 0])
        if failure is not None:
            raise failure
        if exit_code:
            raise SystemExit(exit_code)

    @property
    def _others(self) -> range:
        return range(1, self.size)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.waited += time.perf_counter() - begin


def _leave() -> None:
    """Say farewell to the other processes."""
    from mpi4py import MPI

    if MPI.Is_initialized() and not MPI.Is_finalized():
        MPI.Finalize()


def _patiently(requests: list[Any]) -> None:
    """Wait for requests, but let others have the core: on fewer cores than ranks, MPI's own waiting takes them all."""
    for request in requests:
        _until(request.Test)


def _until(arrived: Callable[[], bool]) -> None:
    for _ in range(_YIELDS):
        if arrived():
            return
        os.sched_yield()
    while not arrived():
        time.sleep(_NAP)


def ranks_of(communicator: Comm | None) -> Ranks:
    """The processes of a communicator; None stands for a single one."""
    return ALONE if communicator is None else MpiRanks(communicator)


class Silent:
    """Stands where a rank that writes nothing would have its writer.

    Parameters
    ----------
    n_outputs : int
        That the first rank has written.
    """

    n_snapshots = 0

    def __init__(self, n_outputs: int = 0):
        self.n_outputs = n_outputs

    def flush(self, durable: bool = False) -> None:
        """Do nothing."""

    def append(self, values: Mapping[str, Any], lattice: np.ndarray | None = None) -> None:
        """Count the output."""
        self.n_outputs += 1

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Do nothing."""


@contextmanager
def first_speaks(communicator: Comm | None) -> Iterator[None]:
    """Let the first rank tell what is wrong, where all find the same at once.

    Parameters
    ----------
    communicator : Comm or None
    """
    try:
        yield
    except Exception:
        if communicator is not None and communicator.Get_rank() > 0:
            time.sleep(_GRACE)
        raise

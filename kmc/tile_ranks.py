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
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kmc.ranks import GRACE

if TYPE_CHECKING:
    from mpi4py.MPI import Comm

_TAG = 7
# How long to look for a message before sleeping, because a nap takes at least four times as long as it should, and how
# long to sleep [s].
_PATIENCE, _NAP = 1e-3, 2e-5


class Ranks:
    """A single process; the base of those that are several.

    Attributes
    ----------
    size, rank : int
    waited, polled : float, [s]
        Wall time spent in waiting for others while a film grows, and CPU time of this process in it.
    """

    size = 1
    rank = 0
    waited = polled = 0.0

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

    def shared(self, part: Mapping[str, np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """Small named arrays of all processes, in ascending rank, on each of them."""
        return [part]

    def begin_every(self, values: Sequence[float]) -> Any:
        """Start `every`; what `finish_every` wants."""
        return np.array([values], dtype=np.float64)

    def finish_every(self, under_way: Any) -> np.ndarray:
        """What `every` gives."""
        return under_way

    def begin(self, messages: Mapping[int, np.ndarray]) -> Any:
        """Send uint64 arrays to neighbours, who do the same; what `finish` wants.

        Parameters
        ----------
        messages : mapping of int to uint64 array
            By rank; not to be changed before `finish`.
        """
        return None

    def finish(self, under_way: Any) -> list[np.ndarray]:
        """What neighbours have sent, in ascending rank."""
        return []

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
        from mpi4py import MPI

        self.size, self.rank = communicator.Get_size(), communicator.Get_rank()
        self._word, self._status = MPI.UINT64_T, MPI.Status()
        atexit.register(_leave)       # a launcher takes a process that ends without for one that has failed

    def every(self, values: Sequence[float]) -> np.ndarray:
        """See `Ranks.every`."""
        return self.finish_every(self.begin_every(values))

    def begin_every(self, values: Sequence[float]) -> Any:
        """See `Ranks.begin_every`."""
        own = np.array(values, dtype=np.float64)
        found = np.empty((self.size, len(own)))
        return self.communicator.Iallgather(own, found), found, own

    def finish_every(self, under_way: Any) -> np.ndarray:
        """See `Ranks.finish_every`."""
        self._until(under_way[0].Test)
        return under_way[1]

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

    def shared(self, part: Mapping[str, np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """See `Ranks.shared`."""
        return self.communicator.allgather(part)

    def begin(self, messages: Mapping[int, np.ndarray]) -> Any:
        """See `Ranks.begin`."""
        return [(rank, self.communicator.Isend([part, self._word], rank, _TAG)) for rank, part in messages.items()]

    def finish(self, under_way: Any) -> list[np.ndarray]:
        """See `Ranks.finish`."""
        found = []
        for rank, _ in under_way:
            self._until(partial(self.communicator.Iprobe, rank, _TAG, self._status))
            found.append(np.empty(self._status.Get_count(self._word), dtype=np.uint64))
            self.communicator.Recv([found[-1], self._word], rank, _TAG)
        for _, request in under_way:
            self._until(request.Test)
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

    def _until(self, arrived: Callable[[], bool]) -> None:
        """Wait, but let others have the core: on fewer cores than ranks, MPI's own waiting takes them all."""
        if arrived():
            return
        begin, used = time.perf_counter(), time.process_time()
        while not arrived():
            if time.perf_counter() - begin < _PATIENCE:
                os.sched_yield()
            else:
                time.sleep(_NAP)
        self.waited += time.perf_counter() - begin
        self.polled += time.process_time() - used


def _leave() -> None:
    """Say farewell to the other processes."""
    from mpi4py import MPI

    if MPI.Is_initialized() and not MPI.Is_finalized():
        MPI.Finalize()


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
            time.sleep(GRACE)
        raise

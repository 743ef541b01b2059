# SPDX-License-Identifier: BSD-3-Clause
"""Work shared among this process, local workers or MPI ranks: who is free gets the next piece. Floor 72.

Pieces are numbers. What a piece yields goes to disk, so that only its number travels, and who does it makes no
difference.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time as wall
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from kmc.errors import InternalError, KmcError

if TYPE_CHECKING:
    from mpi4py.MPI import Comm

Work = Callable[[int], str | None]
"""Does a piece; gives its status, or None if it was given up."""
Report = Callable[[int, str | None], None]
"""Hears of every piece that came to its end."""

_REQUEST, _REPLY = 1, 2
_STOP = -1
# A waiting server looks for messages this often [s]; films take much longer.
_POLL = 1e-3


class Pieces:
    """The pieces that are left, safe to ask from two threads.

    Parameters
    ----------
    order : iterable of int
        Which piece goes first, second, ...
    report : callable
        Hears of every piece that came to its end.
    deadline : float, [s]
        Reading of the monotonic clock after which nothing is handed out.
    """

    def __init__(self, order: Iterable[int], report: Report, deadline: float):
        self._left = list(order)[::-1]
        self._report = report
        self._deadline = deadline
        self._lock = threading.Lock()

    def next(self, done: int = _STOP, status: str | None = None) -> int:
        """Take note of a piece and hand out the next one; -1 if there is none any more."""
        with self._lock:
            if done != _STOP:
                self._report(done, status)
            if not self._left or wall.monotonic() >= self._deadline:
                return _STOP
            return self._left.pop()


def work_here(pieces: Pieces, work: Work) -> None:
    """Do all pieces in this process, one after the other."""
    piece = pieces.next()
    while piece != _STOP:
        piece = pieces.next(piece, work(piece))


def work_on_ranks(communicator: Comm, pieces: Pieces | None, work: Work) -> None:
    """Do all pieces on MPI ranks; collective.

    Parameters
    ----------
    communicator : Comm
    pieces : Pieces or None
        On rank 0, which hands them out and works as well: a thread of it answers the others.
    work : callable
    """
    from mpi4py import MPI

    if communicator.rank == 0:
        # The thread is the only one that speaks to MPI meanwhile, so that serialized threads will do.
        if MPI.Query_thread() < MPI.THREAD_SERIALIZED:
            _serve(communicator, pieces)
            return
        failure: list[BaseException] = []
        server = threading.Thread(target=_serve, args=(communicator, pieces, failure), daemon=True)
        server.start()
        work_here(pieces, work)
        server.join()
        if failure:
            raise failure[0]
        return
    reply = communicator.sendrecv((_STOP, None), 0, _REQUEST, source=0, recvtag=_REPLY)
    while reply != _STOP:
        reply = communicator.sendrecv((reply, work(reply)), 0, _REQUEST, source=0, recvtag=_REPLY)


def _serve(communicator: Comm, pieces: Pieces, failure: list[BaseException] | None = None) -> None:
    """Answer the other ranks until each of them has been told to stop."""
    from mpi4py import MPI

    try:
        busy, status = communicator.size - 1, MPI.Status()
        while busy:
            # Probing and sleeping, because a blocking receive spins at the cost of the film that grows here.
            if not communicator.iprobe(MPI.ANY_SOURCE, _REQUEST, status):
                wall.sleep(_POLL)
                continue
            done = communicator.recv(source=status.Get_source(), tag=_REQUEST)
            piece = pieces.next(*done)
            busy -= piece == _STOP
            communicator.send(piece, status.Get_source(), _REPLY)
    except BaseException as error:
        if failure is None:
            raise
        failure.append(error)


class Worker:
    """A local process that does pieces: numbers go in, statuses come out, one line each.

    Parameters
    ----------
    module : str
        Run as `python -m module`. It reads `start` as first line and says `{"ready": true}`, then reads numbers, and
        answers each by `{"status": ...}` or `{"error": ..., "exit_code": ...}`.
    start : str
        One line.
    """

    def __init__(self, module: str, start: str):
        # The worker imports what this process imports, from wherever that came.
        paths = [path or os.getcwd() for path in sys.path]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True,
        )
        self.piece = _STOP
        self.is_ready = False  # until it has said so
        self._send(start)

    def give(self, piece: int) -> None:
        """Start a piece."""
        self.piece = piece
        self._send(str(piece))

    def _send(self, line: str) -> None:
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died; its output ends as well, which is where this is dealt with

    def answer(self) -> dict[str, object] | None:
        """What the worker says; None if it is dead."""
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def death(self) -> str:
        """How the worker ended, in words."""
        code = self.process.wait()
        if code < 0:
            return f"the process was killed by {signal.Signals(-code).name}"
        return f"the process ended with exit code {code}"

    def close(self) -> None:
        """Let the worker end."""
        self.process.stdin.close()
        self.process.wait()

    def stop(self) -> None:
        """End the worker at once, or after its piece if that is about to end: a run that has all notices no signal."""
        self.process.terminate()
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def work_in_processes(n_workers: int, pieces: Pieces, new_worker: Callable[[], Worker], bury: Callable) -> None:
    """Do all pieces in local processes.

    Parameters
    ----------
    n_workers : int
    pieces : Pieces
    new_worker : callable
        Starts a worker.
    bury : callable
        Called with a piece and how the process died that worked on it; gives the status of the piece.

    Raises
    ------
    KmcError
        If a worker reports that the machine is at fault, as on a full disk.
    InternalError
        If a worker does not start.
    """
    workers: list[Worker] = []
    try:
        while len(workers) < n_workers and (piece := pieces.next()) != _STOP:
            workers.append(new_worker())
            workers[-1].give(piece)
        while workers:
            for ready in wait([worker.process.stdout for worker in workers]):
                worker = next(each for each in workers if each.process.stdout is ready)
                _hear(worker, workers, pieces, new_worker, bury)
    finally:
        for worker in workers:
            worker.stop()


def _hear(worker: Worker, workers: list[Worker], pieces: Pieces, new_worker: Callable, bury: Callable) -> None:
    """Deal with the answer of a worker, or with its death."""
    answer = worker.answer()
    if answer is None:
        death = worker.death()
        if not worker.is_ready:
            raise InternalError(f"a worker did not start: {death}")
        workers.remove(worker)
        status = bury(worker.piece, death)
    elif "ready" in answer:
        worker.is_ready = True
        return
    elif "error" in answer:
        error = KmcError(str(answer["error"]))
        error.exit_code = int(answer["exit_code"])
        raise error
    else:
        status = answer["status"]
    piece = pieces.next(worker.piece, status)
    if answer is None and piece != _STOP:
        worker = new_worker()
        workers.append(worker)
    if piece != _STOP:
        worker.give(piece)
    elif answer is not None:
        workers.remove(worker)
        worker.close()

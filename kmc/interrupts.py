# SPDX-License-Identifier: BSD-3-Clause
"""Signals that stop a run, and the stretches of code that they must not cut in two (floor 0).

SIGINT is Ctrl-C, SIGTERM what systems and batch queues send, SIGUSR1 what a queue is asked to send ahead of its time
limit. The command turns all into `Stopped`, a KeyboardInterrupt. What appends an output to a file wraps itself in
`held`, so that the file holds whole outputs only, wherever the signal falls. A run that writes a checkpoint before it
stops looks for signals at places of its own, inside of `noticed`.
"""

import signal
import threading
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


_raised: list[str] = []
"""Signals that have raised `Stopped`, in a program that still runs: lost where Python ignores errors (`__del__`)."""


class Stopped(KeyboardInterrupt):
    """A signal asks the command to stop.

    A class of its own, because `python -m` ends by SIGINT, whatever exit code it was given, if a KeyboardInterrupt
    proper ever left a text under `exec` or `eval`, even though it was caught further out. Libraries execute texts
    while they are imported.
    """


@contextmanager
def held():
    """Hold the signals that stop a run back until the block ends; then they take effect.

    Outside the main thread Python neither sees nor sets signal handlers, and the block runs as it stands.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived = []
    # None stands for a handler that was not installed from Python, which signal.signal could not restore.
    previous = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    replaced = {number: handler for number, handler in previous.items() if handler is not None}
    for number in replaced:
        signal.signal(number, lambda number, _frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)


@contextmanager
def signals_as_interrupt():
    """Let signals raise `Stopped` inside the block; a SIGINT that is ignored, as under nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in STOP_SIGNALS if number != signal.SIGINT]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        taken.append(signal.SIGINT)
    try:
        with _handled(taken, _record_and_stop):
            yield
    finally:
        _raised.clear()


@contextmanager
def noticed():
    """Let signals be noticed inside the block instead of interrupting it, for code that looks for them.

    A second SIGINT does interrupt it, for a user who does not want to wait. Ignored signals stay ignored.

    Yields
    ------
    signals : list of str
        Names of those that have come: `["SIGTERM"]`. Stays empty outside of the main thread, which gets none. Holds
        what should have stopped the program before, within `signals_as_interrupt`, and has been lost.
    """
    arrived = list(_raised)

    def notice(number, _frame):
        if number == signal.SIGINT and signal.SIGINT.name in arrived:
            raise Stopped
        arrived.append(signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    taken = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    with _handled(taken, notice):
        yield arrived


@contextmanager
def ignored():
    """Ignore signals inside the block: what should stop has stopped, and says its last words."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handled(STOP_SIGNALS, signal.SIG_IGN):
        yield


@contextmanager
def _handled(numbers, handler):
    """Another handler for some signals inside the block."""
    previous = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before if before is not None else signal.SIG_DFL)


def _record_and_stop(number, _frame):
    _raised.append(signal.Signals(number).name)
    raise Stopped

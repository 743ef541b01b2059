# SPDX-License-Identifier: BSD-3-Clause
"""Signals that stop a run, and the stretches of code that they must not cut in two (floor 0).

The command turns both into `Stopped`, a KeyboardInterrupt. What appends an output to a file
wraps itself in `held`, so that the file holds whole outputs only, wherever the signal falls.
"""

import signal
import threading
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asks the command to stop.

    A class of its own, because `python -m` ends by SIGINT, whatever exit code it was given, if a KeyboardInterrupt
    proper ever left a text under `exec` or `eval`, even though it was caught further out. Libraries execute texts
    while they are imported.
    """


@contextmanager
def held():
    """Hold SIGINT and SIGTERM back until the block ends; then they take effect.

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
    """Let SIGTERM and SIGINT raise `Stopped` inside the block; a SIGINT that is ignored, as under nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    if previous[signal.SIGINT] is not signal.default_int_handler:
        del previous[signal.SIGINT]
    for number in previous:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _stop(_number, _frame):
    raise Stopped

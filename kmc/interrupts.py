# SPDX-License-Identifier: BSD-3-Clause
"""Signals that stop a run, and the stretches of code that they must not cut in two (floor 0).

The command turns SIGTERM into KeyboardInterrupt, as Python does with SIGINT. What appends an output to a file
wraps itself in `held`, so that the file holds whole outputs only, wherever the signal falls.
"""

import signal
import threading
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
def terminate_as_interrupt():
    """Let SIGTERM raise KeyboardInterrupt inside the block, as SIGINT does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous if previous is not None else signal.SIG_DFL)

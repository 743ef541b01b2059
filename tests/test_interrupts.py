# SPDX-License-Identifier: BSD-3-Clause
"""Signals wait until an output is whole, and SIGTERM stops a run as Ctrl-C does."""

import signal
import threading

import pytest

from kmc.interrupts import STOP_SIGNALS, held, terminate_as_interrupt


def write_with_a_signal_in_the_middle(number, done):
    with held():
        done.append("first half")
        signal.raise_signal(number)
        done.append("second half")
    done.append("never reached")


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_held_signal_takes_effect_after_the_block(number):
    done = []
    with terminate_as_interrupt(), pytest.raises(KeyboardInterrupt):
        write_with_a_signal_in_the_middle(number, done)
    assert done == ["first half", "second half"]


def test_handlers_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with terminate_as_interrupt(), held():
        pass
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_an_error_in_the_block_restores_the_handlers_too():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with pytest.raises(OSError, match="disk full"), held():
        raise OSError("disk full")
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_another_thread_may_hold_without_handlers():
    done = []

    def hold():
        with terminate_as_interrupt(), held():
            done.append("ran")

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert done == ["ran"]

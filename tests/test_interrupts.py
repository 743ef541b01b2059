# SPDX-License-Identifier: BSD-3-Clause
"""Signals wait until an output is whole, and SIGTERM stops a run as Ctrl-C does."""

import signal
import subprocess
import sys
import threading

import pytest

from kmc.interrupts import STOP_SIGNALS, Stopped, held, noticed, signals_as_interrupt


def write_with_a_signal_in_the_middle(number, done):
    with held():
        done.append("first half")
        signal.raise_signal(number)
        done.append("second half")
    done.append("never reached")


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_held_signal_takes_effect_after_the_block(number):
    done = []
    with signals_as_interrupt(), pytest.raises(KeyboardInterrupt):
        write_with_a_signal_in_the_middle(number, done)
    assert done == ["first half", "second half"]


def test_handlers_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with signals_as_interrupt(), held():
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
        with signals_as_interrupt(), held():
            done.append("ran")

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert done == ["ran"]


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_an_interrupt_of_its_own_class(number):
    with signals_as_interrupt(), pytest.raises(Stopped):
        signal.raise_signal(number)
    assert issubclass(Stopped, KeyboardInterrupt)


def test_an_ignored_ctrl_c_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals_as_interrupt():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_in_executed_text_does_not_change_the_exit_code_of_python_m(number, tmp_path):
    (tmp_path / "program.py").write_text(
        "import sys\nfrom kmc.interrupts import signals_as_interrupt\n"
        f"try:\n    with signals_as_interrupt(): exec('import signal; signal.raise_signal({int(number)})')\n"
        "except KeyboardInterrupt: sys.exit(75)\n"
    )
    path = f"import sys; sys.path[:0] = {[str(tmp_path), *filter(None, sys.path)]!r}"
    (tmp_path / "sitecustomize.py").write_text(path)
    environment = {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run([sys.executable, "-m", "program"], env=environment, timeout=60, check=False)
    assert answer.returncode == 75


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_noticed_signal_interrupts_nothing(number):
    with noticed() as signals:
        signal.raise_signal(number)
        assert signals == [signal.Signals(number).name]


def test_a_second_ctrl_c_interrupts():
    with noticed() as signals:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)
    with noticed() as signals:
        assert signals == []


def test_a_held_signal_is_noticed_after_the_block():
    with noticed() as signals:
        with held():
            signal.raise_signal(signal.SIGTERM)
            assert signals == []
        assert signals == ["SIGTERM"]


def test_a_signal_that_fell_where_errors_are_ignored_is_noticed_later(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)

    class Signalling:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    with signals_as_interrupt():
        Signalling()  # Python reports the exception and goes on
        with noticed() as signals:
            assert signals == ["SIGTERM"]
    with signals_as_interrupt(), noticed() as signals:
        assert signals == []


def test_an_ignored_signal_is_not_noticed():
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with noticed() as signals:
            signal.raise_signal(signal.SIGUSR1)
        assert signals == []
    finally:
        signal.signal(signal.SIGUSR1, before)

# SPDX-License-Identifier: BSD-3-Clause
"""What a rank says before it ends the job reaches the launcher, however late that reads."""

import os
import sys
import threading
import time

import pytest

from kmc.errors import KmcError
from kmc.ranks import all_or_none


class Job:
    """A communicator whose abort notes what the launcher has read by then."""

    rank = 0

    def __init__(self):
        self.read, self.read_at_abort = b"", None

    def Abort(self, exit_code):  # noqa: N802 (the name is MPI's)
        self.read_at_abort = self.read


def ended_with(job, stream, monkeypatch):
    """Exit code of a job that is refused and speaks through a stream."""
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(SystemExit) as left, all_or_none(job, 75):
        raise KmcError("not this deck")
    return left.value.code


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are asked as POSIX has it")
def test_a_launcher_that_reads_late_has_the_message_before_the_abort(monkeypatch):
    job, (source, sink) = Job(), os.pipe()

    def read_late():
        time.sleep(0.2)
        job.read = os.read(source, 1000)

    launcher = threading.Thread(target=read_late)
    launcher.start()
    with os.fdopen(sink, "w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    launcher.join()
    os.close(source)
    assert job.read_at_abort == b"not this deck\n"


def test_a_launcher_that_never_reads_holds_the_abort_up_for_a_second_only(monkeypatch):
    job, (source, sink) = Job(), os.pipe()
    began = time.monotonic()
    with os.fdopen(sink, "w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    os.close(source)
    assert job.read_at_abort == b""
    assert time.monotonic() - began < 30


def test_a_file_for_messages_is_not_waited_for(monkeypatch, tmp_path):
    job = Job()
    with (tmp_path / "said").open("w") as stream:
        assert ended_with(job, stream, monkeypatch) == KmcError.exit_code
    assert (tmp_path / "said").read_text() == "not this deck\n"
    assert job.read_at_abort is not None

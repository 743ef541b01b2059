# SPDX-License-Identifier: BSD-3-Clause
"""What a run says on a terminal and in a log."""

import io

import pytest

from kmc.progress import Progress, format_count, format_time


class Terminal(io.StringIO):
    def isatty(self):
        return True


def report(progress, n_updates, seconds_each, duration=1e-3):
    for i in range(1, n_updates + 1):
        fraction = i / n_updates
        progress.update(fraction * duration, 7.4e-9, 0.21, 1000 * i, fraction, i * seconds_each)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (1e-12, "1 ps"),
        (1.25e-6, "1.25 us"),
        (9.999e-4, "1 ms"),
        (1.0, "1 s"),
        (90, "90 s"),
        (119.6, "120 s"),
        (120, "2 min"),
        (252, "4.2 min"),
        (86400 * 1.5, "36 h"),
        (1.5 * 31557600, "548 d"),
        (3 * 31557600, "3 yr"),
        (3e-14, "3e-14 s"),
    ],
)
def test_time_is_said_in_the_unit_a_person_would_use(seconds, text):
    assert format_time(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (950, "950"), (999.9, "1 k"), (1234567, "1.23 M"), (2.5e10, "25 G"), (3e12, "3 T")],
)
def test_count_is_said_in_three_digits_and_a_prefix(number, text):
    assert format_count(number) == text


def test_log_gets_a_header_and_aligned_rows():
    stream = io.StringIO()
    report(Progress(1e-3, stream), n_updates=3, seconds_each=10.0)
    header, *rows = stream.getvalue().splitlines()
    assert header.split() == ["time", "done", "thickness", "porosity", "events", "events/s", "time", "left"]
    assert len(rows) == 3
    assert {len(row) for row in rows} == {len(header)}
    assert rows[-1].split("  ")[-1].strip() == "0 s"
    assert "7.40 nm" in rows[0]
    assert "0.210" in rows[0]


def test_log_of_a_quick_run_has_a_row_for_each_tenth_of_the_way():
    stream = io.StringIO()
    report(Progress(1e-3, stream), n_updates=10000, seconds_each=1e-4)
    assert 10 <= len(stream.getvalue().splitlines()) <= 13


def test_log_of_a_long_run_grows_with_the_logarithm_of_its_length():
    stream = io.StringIO()
    report(Progress(1e-3, stream), n_updates=86400, seconds_each=1.0)
    assert len(stream.getvalue().splitlines()) < 800


def test_terminal_shows_one_line_and_no_table():
    stream = Terminal()
    progress = Progress(1e-3, stream)
    report(progress, n_updates=5, seconds_each=1.0)
    progress.finish()
    assert "events  " in stream.getvalue()
    assert "time left" not in stream.getvalue()


def test_rate_is_that_of_the_latest_stretch():
    stream = io.StringIO()
    progress = Progress(1.0, stream)
    progress.update(0.1, 1e-9, None, 1000, 0.1, 10.0)
    progress.update(0.2, 1e-9, None, 51000, 0.2, 20.0)
    assert "5 k" in stream.getvalue().splitlines()[-1]


def test_film_that_does_not_exist_yet_has_no_porosity():
    stream = io.StringIO()
    progress = Progress(1.0, stream)
    progress.update(0.0, 0.0, float("nan"), 0, 0.0, 0.0)
    progress.update(0.5, 0.0, None, 10, 0.5, 60.0)
    assert "nan" not in stream.getvalue()
    assert "None" not in stream.getvalue()


@pytest.mark.parametrize(
    ("reason", "word"), [(None, "finished"), ("max-wall-time", "stopped (max-wall-time)")]
)
def test_finish_says_how_the_run_ended(reason, word):
    stream = io.StringIO()
    progress = Progress(1e-3, stream)
    report(progress, n_updates=2, seconds_each=1.0)
    progress.finish(reason)
    last = stream.getvalue().splitlines()[-1]
    assert last.startswith(word)
    assert "t = 1 ms" in last
    assert "2000 events" in last


def test_finish_without_an_update_says_nothing():
    stream = io.StringIO()
    Progress(1.0, stream).finish()
    assert stream.getvalue() == ""

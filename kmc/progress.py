# SPDX-License-Identifier: BSD-3-Clause
"""What a run says while it runs: one rewritten line on a terminal, rows of a table in a log (floor 6).

In: the state at an output, as plain numbers. Out: text on a stream. Nothing here reads a clock or touches the
run; the wall time comes in with every update.
"""

import sys

# A log gets a row at least this many seconds after the one before ...
LOG_INTERVAL = 5.0
# ... and at least this fraction of the time elapsed, so that a run of days does not write a row every 5 s ...
LOG_GROWTH = 0.01
# ... but always one for each tenth of the way, so that a run of seconds shows something too.
LOG_STEPS = 10
# A terminal line is rewritten at most this often [s].
TERMINAL_INTERVAL = 0.1

_COLUMNS = ("time", "done", "thickness", "porosity", "events", "events/s", "time left")
_ROW = "{:>10} {:>6} {:>12} {:>9} {:>9} {:>10} {:>10}"
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"), (1e-12, "ps"))
_LONG = ((31557600.0, "yr"), (86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Progress:
    """Status of one run on one stream.

    Parameters
    ----------
    duration : float, [s]
        Physical time that the run is asked for.
    stream : text stream, optional
        Standard error by default. A terminal gets one line that is rewritten, anything else a table.
    """

    def __init__(self, duration, stream=None):
        self.duration = duration
        self.stream = sys.stderr if stream is None else stream
        self._line = None  # rich's live display, once a terminal has been written to
        self._last_print = None  # wall time of the last row or rewrite [s]
        self._last_fraction = 0.0  # fraction done at that row
        self._rows = 0
        self._first = (0, 0.0)  # events and fraction done when the run began; not zero where it goes on
        self._previous = (0, 0.0)  # events and wall time at the last row
        self._rate = 0.0  # events per second between the last two rows
        self._latest = None  # arguments of the last update

    def update(self, time, thickness_m, porosity, n_events, fraction, wall_elapsed):
        """Report the state of the run.

        Parameters
        ----------
        time : float, [s]
            Physical time reached.
        thickness_m : float or None, [m]
            Thickness of the film; None without a lattice.
        porosity : float or None
            Mean porosity of the film; None or nan when there is no film yet.
        n_events : int
            Events executed so far.
        fraction : float in [0, 1]
            How much of the run is done, by the stop criterion that comes first.
        wall_elapsed : float, [s]
            Wall time since the run began; exactly 0 where it begins, or goes on.
        """
        if self._latest is None and wall_elapsed == 0.0:
            self._first, self._previous = (n_events, fraction), (n_events, wall_elapsed)
        self._latest = (time, thickness_m, porosity, n_events, fraction, wall_elapsed)
        if self.stream.isatty():
            self._rewrite()
        elif self._row_is_due(fraction, wall_elapsed):
            if self._rows == 0:
                print(_ROW.format(*_COLUMNS), file=self.stream)
            print(_ROW.format(*self._columns()), file=self.stream, flush=True)
            self._rows += 1

    def finish(self, reason=None):
        """Print the closing summary.

        Parameters
        ----------
        reason : str, optional
            Why the run ended, when it did not reach its duration.
        """
        if self._line is not None:
            self._line.stop()
            self._line = None
        if self._latest is None:
            return
        time, thickness, porosity, n_events, _, wall = self._latest
        n_new = n_events - self._first[0]
        mean_rate = n_new / wall if wall > 0 else 0.0
        film = ""
        if thickness is not None:
            film = f"thickness {_format_thickness(thickness)}, porosity {_format_porosity(porosity)}, "
        print(
            f"{'finished' if reason is None else f'stopped ({reason})'}: t = {format_time(time)}, "
            f"{film}{n_events} events{f', {n_new} of them' if n_new < n_events else ''} in {format_time(wall)} "
            f"({format_count(mean_rate)} events/s)",
            file=self.stream,
            flush=True,
        )

    def _row_is_due(self, fraction, wall):
        if self._last_print is None:
            return True
        if wall - self._last_print >= max(LOG_INTERVAL, LOG_GROWTH * wall):
            return True
        return int(fraction * LOG_STEPS) > int(self._last_fraction * LOG_STEPS)

    def _rewrite(self):
        wall = self._latest[-1]
        if self._last_print is not None and wall - self._last_print < TERMINAL_INTERVAL:
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._line is None:
            # No refresh thread: the line changes when the run reports, and never while the core computes.
            self._line = Live(console=Console(file=self.stream), auto_refresh=False, transient=True)
            self._line.start()
        self._line.update(Text(self._status(), no_wrap=True, overflow="ellipsis"), refresh=True)

    def _status(self):
        time, done, thickness, porosity, events, rate, left = self._columns()
        film = f"  L={thickness}  porosity {porosity}" if self._latest[1] is not None else ""
        return f"t={time}  {done}{film}  {events} events  {rate}/s  left {left}"

    def _columns(self):
        time, thickness, porosity, n_events, fraction, wall = self._latest
        before, wall_before = self._previous
        if wall > wall_before:
            self._rate = (n_events - before) / (wall - wall_before)
            self._previous = (n_events, wall)
        self._last_print, self._last_fraction = wall, fraction
        return (
            format_time(time),
            f"{100 * fraction:.0f} %",
            _format_thickness(thickness),
            _format_porosity(porosity),
            format_count(n_events),
            format_count(self._rate),
            _format_left(fraction, self._first[1], wall),
        )


def format_time(seconds):
    """Time with the unit in which a person would say it.

    Parameters
    ----------
    seconds : float, [s]

    Returns
    -------
    text : str
        From ``0 s`` through ``1.25 us`` and ``3.2 min`` to ``1.5 yr``.
    """
    if seconds == 0:
        return "0 s"
    for scale, unit in _LONG:
        if seconds >= 2 * scale:
            return f"{seconds / scale:.3g} {unit}"
    for scale, unit in _SECONDS:
        # 0.9995 would round up to 1: 999.7 ms is said as 1 s
        if seconds >= 0.9995 * scale:
            return f"{seconds / scale:.3g} {unit}" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds:.2g} s"


def format_count(number):
    """Count or rate in three digits and a prefix, as ``950``, ``1.23 M``, ``12.3 G``.

    Parameters
    ----------
    number : float

    Returns
    -------
    text : str
    """
    for scale, prefix in _COUNTS:
        if number >= 0.9995 * scale:
            return f"{number / scale:.3g} {prefix}"
    return f"{number:.3g}"


def _format_thickness(thickness):
    return "-" if thickness is None else f"{thickness * 1e9:.2f} nm"


def _format_porosity(porosity):
    return "-" if porosity is None or porosity != porosity else f"{porosity:.3f}"


def _format_left(fraction, first, wall):
    if fraction <= first:
        return "-"
    return format_time(round(wall * (1 - fraction) / (fraction - first), 1))

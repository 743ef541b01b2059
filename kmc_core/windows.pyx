# SPDX-License-Identifier: BSD-3-Clause
"""Windows of time of a lattice in parts, one after another, where one process runs all parts.

`kmc.tile_windows` goes through the same steps where there are several processes. Here a window costs little beside its
events, which matters where there are few of them: a film of ten walkers in 64 sectors.
"""
from itertools import permutations

from libc.math cimport INFINITY, NAN, floor, isnan

from kmc_core.tiles cimport Sectors
from kmc_core.typedefs cimport int64_t

cdef int64_t NEVER = 1 << 60          # seconds: later than any
cdef int[24][4] ORDERS = list(permutations(range(4)))

cdef enum:
    SPARSE_EVENTS = 8

SPARSE = SPARSE_EVENTS
"""int: events per sector and window below which empty time between windows is looked for."""


cdef struct Moment:
    int64_t seconds
    double fraction


cdef class Windows:
    """The clock of a lattice in parts, for a stretch of time.

    Parameters
    ----------
    sectors : Sectors
        All that there are.
    time : (int, float)
        [s]
    length : float
        Of the next window [s].
    n_windows, n_events : int
        So far.
    counted : int
        Events of the sectors that `n_events` holds.
    is_sparse : bool
        Whether empty time before the next window is looked for.
    fraction : float
        Events that the fastest site at an edge has in a window, on average.
    fixed : float or None
        Length of all windows instead [s].
    """

    cdef Sectors sectors
    cdef Moment now
    cdef double fraction, fixed
    cdef readonly double length
    cdef readonly int64_t n_windows, n_events
    cdef readonly bint is_sparse
    cdef readonly int64_t counted

    def __init__(self, Sectors sectors, time, length, n_windows, n_events, counted, is_sparse, fraction, fixed):
        self.sectors, self.now, self.is_sparse = sectors, Moment(time[0], time[1]), is_sparse
        self.length, self.n_windows, self.n_events, self.counted = length, n_windows, n_events, counted
        self.fraction, self.fixed = fraction, NAN if fixed is None else fixed

    def run(self, stop, int64_t last_event, int64_t last_window, int64_t[::1] orders):
        """Advance to a time, which ends a window.

        Parameters
        ----------
        stop : (int, float)
            [s]
        last_event : int
            Come back at the end of the window in which so many events have been executed in all.
        last_window : int
            Come back at the end of this window.
        orders : int64
            Of the colours in the windows from the next one on, as indexes of permutations.

        Returns
        -------
        int
            0 if the time is reached, 1 if so many events have been executed, 2 if nothing can happen any more, 3 at the
            end of the last window.
        """
        cdef Moment until = Moment(stop[0], stop[1])
        cdef Moment start
        cdef int64_t first = self.n_windows
        while True:
            start = self.settled() if self.is_sparse else self.now
            if self.n_events >= last_event:
                return 1
            if not is_before(start, until):
                self.now = until
                return 2 if start.seconds == NEVER else 0
            self.window(start, until, ORDERS[orders[self.n_windows - first]])
            if self.n_windows >= last_window:
                return 3

    cdef Moment settled(self) except *:
        """Start of the next window in which something happens; its length is what the rates of now allow.

        Windows are skipped whole: one that began with the next event would know more than its sectors may, because
        those that are told of a change draw their waiting times anew.
        """
        cdef Moment due, start
        cdef double wait
        self.sectors.find_due(self.n_windows, self.now.seconds, self.now.fraction)
        self.count()
        self.length = self.allowed()
        if not self.is_sparse:        # no empty time to pass by: who comes back here finds the same
            return self.now
        due = Moment(self.sectors.first_seconds, self.sectors.first_fraction)
        if due.seconds == NEVER:
            return due
        wait = (due.seconds - self.now.seconds) + (due.fraction - self.now.fraction)
        start = later(self.now, floor(wait / self.length) * self.length)
        return self.now if is_before(due, start) else start

    cdef int window(self, Moment start, Moment until, int* order) except -1:
        """One window: every colour in turn."""
        cdef Moment end = later(start, self.length)
        cdef int k
        cdef bint was_sparse = self.is_sparse
        if is_before(until, end):
            end = until
        self.n_windows += 1
        for k in range(4):
            self.sectors.advance(2 * order[k] + 1, self.n_windows, start.seconds, start.fraction, end.seconds,
                                 end.fraction)
        self.now = end
        if not was_sparse:            # where little happens this is done before the next window
            self.count()
            # What others have changed is not counted yet: a window that is too short by half is soon long enough.
            self.length = min(self.allowed(), 2.0 * self.length)
        return 0

    cdef void count(self) noexcept:
        """Count the events of the last window."""
        cdef int64_t n = self.sectors.n_events - self.counted
        self.counted += n
        self.n_events += n
        self.is_sparse = n < SPARSE_EVENTS * self.sectors.inboxes.n.shape[0]

    cdef double allowed(self) noexcept:
        """Length of a window [s] by the fastest rate that can reach another sector."""
        cdef double fastest = self.sectors.most_reaching()
        if not isnan(self.fixed):
            return self.fixed
        return self.fraction / fastest if fastest > 0.0 else INFINITY

    @property
    def time(self):
        """(int, float): the end of the last window [s]."""
        return self.now.seconds, self.now.fraction


cdef inline bint is_before(Moment one, Moment other) noexcept:
    return one.seconds < other.seconds or (one.seconds == other.seconds and one.fraction < other.fraction)


cdef Moment later(Moment time, double wait) noexcept:
    """A time, and a wait [s]; as `kmc.tile_windows.later`, to the last bit."""
    cdef double fraction = time.fraction + wait
    cdef double whole
    if not fraction < 1e15:
        return Moment(NEVER, 0.0)
    whole = floor(fraction)
    return Moment(time.seconds + <int64_t> whole, fraction - whole)

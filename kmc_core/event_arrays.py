# SPDX-License-Identifier: BSD-3-Clause
"""What an event of every rule does to the rows and lanes around it, in the order in which the core walks.

Near sites with as many changing rows are beside each other; what a row adds goes to the anchors that have lanes about
the site, which are among those that are told.
"""
import numpy as np

from kmc_core.event_lists import ORIGIN


class EventArrays:
    """Flat arrays of all rules; in each a last row of zeros stands for none.

    Parameters
    ----------
    lists : EventLists
    lanes : Lanes
    step : int64, shape (n_positions + 1,)
        Difference of site indexes to every position of the lists where no boundary is near, 0 at the end.
    record_size, first_row : int
        Bytes of what is kept of a site, and where in it the rows of the blocks start.

    Attributes
    ----------
    told_ptr, told, near_ptr : int32
        As in `lists`.
    near : int32, shape (n_near + 1,)
        Which of the anchors that its rule tells each near site is.
    told_step : uint32, shape (n_told + 1,)
        Step to them where no boundary is near.
    told_bytes, near_bytes : int64
        From the record of the anchor to theirs, where no boundary is near.
    run_ptr : int32, shape (n_rules + 1,)
    runs : int32, shape (n_runs + 1, 2)
        Number of rows, and of near sites that have so many: a kmc_run each.
    entry_ptr : int32, shape (n_rules + 1,)
    entries : int32, shape (n_entries + 1, 2)
        Where in a record a row is that changes, and what is added to it, times the number of lanes, where the rule
        tells: a kmc_entry each.
    shares : int32, shape (n_entries + 1, 3)
        Number of a change, -1 where the rule tells; what a kind adds to the row there, and at the next change.
    posts : int64, shape (n_posts + 1, 2)
        Those who have lanes about a site: from its record to theirs, where no boundary is near, and the vector.
    masks : int16, shape (n_posts + 1, width)
        Which lanes of this vector.
    posted_to : uint16, shape (n_near + 1, n_posts)
        Which of the anchors that its rule tells these are, for each near site.
    """

    def __init__(self, lists, lanes, step, record_size, first_row):
        self._lists, self._n_lanes, self._width, self._posts = lists, lanes.n_lanes, lanes.width, lanes.posts
        self.told_ptr, self.told, self.near_ptr = lists.told_ptr, lists.told, lists.near_ptr
        rule = np.repeat(np.arange(len(lists.near_ptr) - 1), np.diff(lists.near_ptr))
        sizes = np.diff(lists.near[:, 1])
        order = np.lexsort((np.arange(len(sizes)), sizes, rule))
        self._position = lists.near[:-1, 0][order]
        self._set_entries(order, sizes, first_row)
        self._set_runs(sizes[order], rule)
        self.near = np.append(self._numbers(rule), 0).astype(np.int32)
        self.told_step = step[self.told].astype(np.uint32)
        self.told_bytes = step[self.told] * record_size
        self.near_bytes = step[np.append(self._position, -1)] * record_size
        self._set_posts(step, record_size)

    @property
    def most_near(self):
        """int: near sites of the rule that has most."""
        return int(np.diff(self.near_ptr).max(initial=0))

    @property
    def most_entries(self):
        """int: changing rows of the rule that has most."""
        return int(np.diff(self.entry_ptr).max(initial=0))

    def _set_entries(self, order, sizes, first_row):
        first, last = self._lists.near[:, 1], len(self._lists.entries) - 1
        parts = [np.arange(first[k], first[k + 1]) for k in order]
        entries = self._lists.entries[np.concatenate([*parts, [last]]).astype(np.int64)]
        self.entry_ptr = np.append(0, np.cumsum(sizes[order]))[self.near_ptr].astype(np.int32)
        self.entries = np.column_stack([first_row + 4 * entries[:, 0], entries[:, 2] * self._n_lanes]).astype(np.int32)
        self.shares = np.ascontiguousarray(entries[:, 1:] * np.array([1, self._n_lanes, self._n_lanes], dtype=np.int32))

    def _set_runs(self, sizes, rule):
        starts = np.flatnonzero(np.append(True, (np.diff(rule) != 0) | (np.diff(sizes) != 0))[:len(rule)])
        lengths = np.diff(np.append(starts, len(rule)))
        self.runs = np.append(np.column_stack([sizes[starts], lengths]), [[0, 0]], axis=0).astype(np.int32)
        self.run_ptr = np.searchsorted(rule[starts], np.arange(len(self.near_ptr))).astype(np.int32)

    def _numbers(self, rule):
        ends = zip(self.told_ptr[:-1], self.told_ptr[1:], strict=True)
        number = [{where: i for i, where in enumerate(self.told[first:end].tolist())} for first, end in ends]
        return np.array([number[k][where] for k, where in zip(rule.tolist(), self._position.tolist(), strict=True)],
                        dtype=np.int64)

    def _set_posts(self, step, record_size):
        """Who has lanes about a site: where in memory, and which of those whom an event tells."""
        places = [place for _, place, _ in self._posts]
        steps = [*map(tuple, self._lists.offsets.tolist()), ORIGIN]
        bytes_to = dict(zip(steps, (step * record_size).tolist(), strict=True))
        self.posts = np.array([*((-bytes_to[place], v) for v, place, _ in self._posts), (0, 0)], dtype=np.int64)
        self.masks = np.array([*(mask for _, _, mask in self._posts), np.zeros(self._width)], dtype=np.int16)
        self.posted_to = np.zeros((len(self.near), max(len(places), 1)), dtype=np.uint16)
        for rule in range(len(self.near_ptr) - 1):
            first, end = self.told_ptr[rule], self.told_ptr[rule + 1]
            number = {steps[where]: i for i, where in enumerate(self.told[first:end].tolist())}
            for i in range(self.near_ptr[rule], self.near_ptr[rule + 1]):
                site = steps[self._position[i]]
                for k, place in enumerate(places):
                    self.posted_to[i, k] = number[tuple(a - b for a, b in zip(site, place, strict=True))]

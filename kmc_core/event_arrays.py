# SPDX-License-Identifier: BSD-3-Clause
"""What an event of every rule does to the rows and lanes around it, in the order in which the core walks.

Near sites with as many changing rows are beside each other; what these add to the lanes about them is written down in
the same order, and the anchors that are told take it from there.
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
    n_links : int
        Links of each vector of lanes.
    masks : int16, shape (n_vectors * n_links + 1, width)
        Which lanes of its vector each is for.
    link : uint16, shape (n_told + 1, n_vectors * n_links)
        Where an anchor that is told finds what is added to them: counted in lanes, those of the near sites one after
        the other, after zeros.
    sparse_ptr : int32, shape (n_told + 2,)
    sparse : uint16, shape (n_sparse + 1, 3)
        Vector, mask and place in what is added of those links that lead somewhere: a kmc_link each.

    Raises
    ------
    ValueError
        If an event is near too many sites.
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
        self._set_links()

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

    def _set_links(self):
        """As many links for every vector of lanes; those that lead nowhere find nothing, by a mask of none."""
        if (self.most_near + 1) * self._n_lanes > np.iinfo(np.uint16).max:
            raise ValueError("an event has too many neighbours for interactions")
        vectors = [[post for post in self._posts if post[0] == v] for v in range(self._n_lanes // self._width)]
        self.n_links = max(map(len, vectors))
        numbered = [(v * self.n_links + k, post) for v, posts in enumerate(vectors) for k, post in enumerate(posts)]
        n_links = len(vectors) * self.n_links
        self.masks = np.zeros((n_links + 1, self._width), dtype=np.int16)
        self.link = np.zeros((len(self.told), max(n_links, 1)), dtype=np.uint16)
        for k, (_, _, mask) in numbered:
            self.masks[k] = mask
        steps = [*map(tuple, self._lists.offsets.tolist()), ORIGIN]
        for rule in range(len(self.near_ptr) - 1):
            near = self._position[self.near_ptr[rule]:self.near_ptr[rule + 1]].tolist()
            row = {steps[j]: k + 1 for k, j in enumerate(near)}
            for i in range(self.told_ptr[rule], self.told_ptr[rule + 1]):
                for k, (v, place, _) in numbered:
                    site = tuple(a + b for a, b in zip(steps[self.told[i]], place, strict=True))
                    self.link[i, k] = row.get(site, 0) * self._n_lanes + v * self._width
        leads = self.link[:, :n_links] >= self._n_lanes
        anchor, k = np.nonzero(leads)
        self.sparse_ptr = np.append(0, np.cumsum(leads.sum(axis=1))).astype(np.int32)
        self.sparse = np.append(np.column_stack([k // max(self.n_links, 1), k, self.link[anchor, k]]), [[0, 0, 0]],
                                axis=0).astype(np.uint16)

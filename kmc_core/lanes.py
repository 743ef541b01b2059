# SPDX-License-Identifier: BSD-3-Clause
"""Energy changes of all rules in a few numbers for every site, near enough to tell which rules are fast.

The energy change of a rule of one or two sites is what the first one changes in its surroundings, and what the second
does in its own after the first has changed. A *lane* is one of these terms as a function of what is around a site;
rules share them, as adsorption and desorption do but for the sign. So whatever the clusters are, the change is the sum
of two lanes. They are 16-bit numbers of units, sums over the same blocks as energies, each part rounded: how far they
can be from the truth is known.
"""
from itertools import pairwise

import numpy as np

from kmc_core.event_lists import ORIGIN
from kmc_core.interactions import QUANTUM

WIDTH = 8
"""int: lanes that are worked on at once; a site has so many, or a power of two more."""

NOTE = 2
"""int: the last lanes of a site hold a note, how it is to be looked at; events add zero to it."""

LARGEST = 16000
"""int: no lane is larger: the sum of two is within 16 bits [units]."""

COARSEST = 4
"""int: a unit is kB T over this at most: beyond, what lanes do not know would be drawn in vain too often."""

GENERAL, UNMOVED, LANED = 0, 1, 2
"""int: kinds of rules by their energy change: worked out as it is; their rate does not depend on it; a sum of lanes."""


class Lanes:
    """Lanes of a mechanism.

    Parameters
    ----------
    steps : Steps
    energies : SiteEnergies
    thermal : float
        kB T [eV].

    Attributes
    ----------
    n_lanes : int
        A power of two, at least WIDTH.
    shift : int
        A unit is 2**shift quanta.
    alone : int16, shape (n_lanes,)
        Lanes of a site by itself [units].
    tables : int16, shape (n_rows, n_lanes)
        What every row of every block adds [units].
    terms : int32, shape (n_rules, 8)
        Kind; position of the first site, -1 for the anchor, lane, and sign or 0; the same of the second site; how far
        the sum can be from the energy change [units].
    """

    def __init__(self, steps, energies, thermal):
        self._steps, self._energies = steps, energies
        self._functions = {}
        self.terms = np.zeros((len(steps.changes), 8), dtype=np.int32)
        for rule, terms in enumerate(self.terms):
            self._compile(rule, terms)
        values = [self._values(*function) for function in self._functions]
        starts = np.append(energies.starts, len(energies.tables))
        parts = [slice(*ends) for ends in pairwise(starts.tolist())]
        largest = [abs(alone) + sum(int(np.abs(rows[part]).max()) for part in parts) for alone, rows in values]
        values, largest = self._leave_out(values, largest, LARGEST * thermal / COARSEST / QUANTUM)
        self.n_lanes = max(1 << (len(values) + NOTE - 1).bit_length(), WIDTH)
        self.shift = int(max(largest, default=0) // LARGEST).bit_length()
        self.alone = np.zeros(self.n_lanes, dtype=np.int16)
        self.tables = np.zeros((len(energies.tables), self.n_lanes), dtype=np.int16)
        errors = np.zeros(self.n_lanes, dtype=np.int64)
        for lane, (alone, rows) in enumerate(values):
            self.alone[lane], self.tables[:, lane] = self._rounded(alone), self._rounded(rows)
            missed = np.abs(rows - (self.tables[:, lane].astype(np.int64) << self.shift))
            errors[lane] = abs(alone - (int(self.alone[lane]) << self.shift)) + sum(int(missed[p].max()) for p in parts)
        signs, lanes = np.abs(self.terms[:, [3, 6]]), self.terms[:, [2, 5]]
        self.terms[:, 7] = -(-(signs * errors[lanes]).sum(axis=1) >> self.shift)

    def _compile(self, rule, terms):
        steps, changes = self._steps, self._steps.changes[rule]
        first = steps.rules.change_ptr[rule]
        terms[1] = terms[4] = -1
        if not steps.notices[rule]:
            terms[0] = UNMOVED
            return
        if not (1 <= len(changes) <= 2 and all(len(before) == 1 for _, before, _ in changes)):
            terms[0] = GENERAL
            return
        terms[0] = LANED
        for k, (place, (old,), new) in enumerate(changes):
            seen = -1, 0
            if k:
                kind = int(steps.kind[changes[0][2]])
                at = int(self._energies.pairs[first + 1, 0])
                if at >= 0 and kind != steps.kind[changes[0][1][0]]:
                    seen = at, kind
            position = -1 if place == ORIGIN else int(steps.rules.change_position[first + k])
            columns = self._energies.columns[[new, old]].tolist()
            terms[1 + 3 * k:4 + 3 * k] = position, *self._lane(*columns, *seen)

    def _leave_out(self, values, largest, most):
        """Values and sizes of the lanes that are not larger; rules that need others are worked out as they are."""
        kept = [lane for lane, size in enumerate(largest) if size <= most]
        number = np.full(len(largest) + 1, -1)
        number[kept] = np.arange(len(kept))
        for terms in self.terms:
            lanes = number[[terms[2], terms[5]]]
            if terms[0] == LANED and ((terms[3] and lanes[0] < 0) or (terms[6] and lanes[1] < 0)):
                terms[0] = GENERAL
            terms[[2, 5]] = np.maximum(lanes, 0)
        return [values[lane] for lane in kept], [largest[lane] for lane in kept]

    def _lane(self, comes, goes, position, kind):
        """Number of a lane and its sign, 0 where nothing changes."""
        if comes == goes:
            return 0, 0
        sign = 1 if comes > goes else -1
        function = max(comes, goes), min(comes, goes), position, kind
        return self._functions.setdefault(function, len(self._functions)), sign

    def _values(self, comes, goes, position, kind):
        """What a term is of a site by itself, and what every row of every block adds to it [quanta].

        Where it sees another change of its rule, at a position, rows show what stands there after that.
        """
        energies = self._energies
        column = np.append(energies.tables, np.zeros((len(energies.tables), 1), dtype=np.int64), axis=1)
        alone = np.append(energies.alone_energies, 0)
        rows = np.arange(len(column))
        for block, stride in energies.members[position] if position >= 0 else ():
            for each in range(energies.n_kinds):
                rows[energies.rows_showing(block, stride, each)] += (kind - each) * stride
        found = column[:, comes] - column[:, goes]
        return int(alone[comes] - alone[goes]), found[rows]

    def _rounded(self, quanta):
        half = (1 << self.shift) >> 1
        return (quanta + half) >> self.shift

    def inner(self, step):
        """Where the lanes of each rule are, counted from those of the anchor, where no boundary is near.

        Parameters
        ----------
        step : int32, shape (n_positions + 1,)
            Difference of site indexes to the site itself and to every neighbour.

        Returns
        -------
        inner : int32, shape (n_rules, 4)
            Two lanes, then their signs. A lane that stands alone is the second one.

        Raises
        ------
        ValueError
            If neighbours are further apart in memory than 32 bits can say.
        """
        step, terms = np.asarray(step).astype(np.int64), self.terms.astype(np.int64)
        found = np.stack([step[terms[:, 1] + 1] * self.n_lanes + terms[:, 2],
                          step[terms[:, 4] + 1] * self.n_lanes + terms[:, 5], terms[:, 3], terms[:, 6]], axis=1)
        alone = found[:, 3] == 0
        found[alone] = found[alone][:, [1, 0, 3, 2]]
        if found.size and np.abs(found).max() > np.iinfo(np.int32).max:
            raise ValueError("the layers of the box are too large for interactions")
        return np.ascontiguousarray(found, dtype=np.int32)

# SPDX-License-Identifier: BSD-3-Clause
"""Energy changes of all rules in a few numbers for every anchor, near enough to tell which rules are fast.

The energy change of a rule of one or two sites is what the first one changes in its surroundings, and what the second
does in its own after the first has changed. A *lane* is one of these terms, as a function of what is around a site that
the anchor sees at a certain place; rules share them, as adsorption and desorption do but for the sign. So whatever the
clusters are, the change is the sum of two lanes. They are kept where they are asked for, at the anchor, and *posted*
there by the site that they are about, place by place. They are 16-bit numbers of units, sums over the same blocks as
energies, each part rounded: how far they can be from the truth is known.
"""
from itertools import pairwise

import numpy as np

from kmc_core.event_lists import ORIGIN
from kmc_core.interactions import QUANTUM

FEWEST, WIDEST = 8, 16
"""int: a site has so many lanes, or a power of two more; so many are worked on at once, a vector, if there are."""

MOST = 256
"""int: lanes of a site at most; rules that need more are worked out as they are."""

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
        A power of two, at least FEWEST.
    width : int
        Lanes of a vector.
    shift : int
        A unit is 2**shift quanta.
    places : list of step or None
        Place of the site that each lane is about, from the anchor; None where there is no lane.
    alone : int16, shape (n_lanes,)
        Lanes of sites that nothing is around [units].
    tables : int16, shape (n_rows, n_lanes)
        What every row of every block adds [units].
    terms : int32, shape (n_rules, 6)
        Kind; a lane and its sign or 0; another lane and its sign or 0; how far the sum can be from the energy change
        [units].
    posts : list of (vector, place, mask)
        Lanes of a vector that are about the same place: int16, shape (width,), -1 there, elsewhere 0.
    """

    def __init__(self, steps, energies, thermal):
        self._steps, self._energies = steps, energies
        self._numbers = {}
        self.terms = np.zeros((len(steps.changes), 6), dtype=np.int32)
        for rule, terms in enumerate(self.terms):
            self._compile(rule, terms)
        functions = {function: self._values(*function) for function in {key[1:] for key in self._numbers}}
        starts = np.append(energies.starts, len(energies.tables))
        parts = [slice(*ends) for ends in pairwise(starts.tolist())]
        sizes = {each: abs(alone) + sum(int(np.abs(rows[part]).max()) for part in parts)
                 for each, (alone, rows) in functions.items()}
        kept = self._arrange({key for key in self._numbers if sizes[key[1:]] <= LARGEST * thermal / COARSEST / QUANTUM})
        self.shift = int(max((sizes[key[1:]] for key in kept), default=0) // LARGEST).bit_length()
        self.alone = np.zeros(self.n_lanes, dtype=np.int16)
        self.tables = np.zeros((len(energies.tables), self.n_lanes), dtype=np.int16)
        errors = np.zeros(self.n_lanes, dtype=np.int64)
        for key, lane in kept.items():
            alone, rows = functions[key[1:]]
            self.alone[lane], self.tables[:, lane] = self._rounded(alone), self._rounded(rows)
            missed = np.abs(rows - (self.tables[:, lane].astype(np.int64) << self.shift))
            errors[lane] = abs(alone - (int(self.alone[lane]) << self.shift)) + sum(int(missed[p].max()) for p in parts)
        signs, lanes = np.abs(self.terms[:, [2, 4]]), self.terms[:, [1, 3]]
        self.terms[:, 5] = -(-(signs * errors[lanes]).sum(axis=1) >> self.shift)

    def _compile(self, rule, terms):
        steps, changes = self._steps, self._steps.changes[rule]
        first = steps.rules.change_ptr[rule]
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
            columns = self._energies.columns[[new, old]].tolist()
            terms[1 + 2 * k:3 + 2 * k] = self._lane(place, *columns, *seen)

    def _lane(self, place, comes, goes, position, kind):
        """Number of a lane and its sign, 0 where nothing changes."""
        if comes == goes:
            return 0, 0
        sign = 1 if comes > goes else -1
        key = place, max(comes, goes), min(comes, goes), position, kind
        return self._numbers.setdefault(key, len(self._numbers)), sign

    def _arrange(self, keys):
        """Give lanes their places, those about one site beside each other; rules without them are GENERAL.

        Returns
        -------
        dict of key, lane
        """
        self.n_lanes = self.width = FEWEST
        while (vectors := self._packed(parts := self._parts(keys))) is None:
            if self.n_lanes == MOST:
                dropped = set(parts[-1])
                keys = {key for key in keys if key not in dropped}
            self.n_lanes, self.width = min(2 * self.n_lanes, MOST), WIDEST
        kept, self.places = {}, [None] * self.n_lanes
        masks = {}
        for v, vector in enumerate(vectors):
            for lane, key in enumerate([key for part in vector for key in part], v * self.width):
                kept[key], self.places[lane] = lane, key[0]
                masks.setdefault((v, key[0]), np.zeros(self.width, dtype=np.int16))[lane % self.width] = -1
        self.posts = [(v, place, mask) for (v, place), mask in masks.items()]
        self._renumber(kept)
        return kept

    def _parts(self, keys):
        """Keys of lanes about the same place, by FEWEST as larger parts leave more room unused; the largest first."""
        parts = []
        for place in sorted({key[0] for key in keys}):
            about = sorted(key for key in keys if key[0] == place)
            parts += [about[i:i + FEWEST] for i in range(0, len(about), FEWEST)]
        return sorted(parts, key=lambda part: (-len(part), part[0][0] != ORIGIN, part))

    def _packed(self, parts):
        """Parts in the vectors of n_lanes, each where it fits first; None if they do not fit."""
        vectors = [[] for _ in range(self.n_lanes // self.width)]
        room = [self.width] * len(vectors)
        for part in parts:
            v = next((v for v, left in enumerate(room) if left >= len(part)), None)
            if v is None:
                return None
            vectors[v].append(part)
            room[v] -= len(part)
        return vectors

    def _renumber(self, kept):
        number = np.array([kept.get(key, -1) for key in self._numbers] or [-1])
        for terms in self.terms:
            lanes = number[terms[[1, 3]]]
            if terms[0] == LANED and ((terms[2] and lanes[0] < 0) or (terms[4] and lanes[1] < 0)):
                terms[0] = GENERAL
            terms[[1, 3]] = np.maximum(lanes, 0)

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

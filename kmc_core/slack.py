# SPDX-License-Identifier: BSD-3-Clause
"""By how much an event can bring any rule of a site nearer to its threshold: lists and windows for the core.

A slow site keeps how far the nearest of its rules is from its threshold: its *slack*. After an event the *fall* of
every near site is known, the most by which its energy change can have fallen in any way in which a rule may change
it. What an anchor loses is no more than its own fall, the largest among the other sites that its rules change, and a
*charge* for what the two share, which is the most that the event can do to it. Falls stand in the cells of a window
around the event, row by row, so that the largest of the neighbours is found for eight cells at once. All is in units
of 2**shift quanta, rounded up. A fast site keeps likewise how far its energy changes may fall before it outgrows its
list.
"""
import numpy as np

from kmc_core.event_lists import GENERAL, ORIGIN, TWO_SITES, UNMOVED

LARGEST = 32000
"""int: units of the largest fall there can be, within 16 bits."""

MOST, RISE = 6000, 3000
"""int: most slack that is kept, and the largest rise that is counted at once [units]."""

ALWAYS = MOST + RISE + 1
"""int: fall or charge that uses up all slack, whatever else rises: what is larger need not be told apart [units].

Three of them are within 16 bits.
"""

ROOM = 8
"""int: clusters as strong as the strongest that the most slack allows for at least."""

LANES = 8
"""int: cells that are worked on at once."""

PIECE = np.dtype([("step", np.int32), ("cell", np.int32), ("told", np.int32), ("unused", np.int32),
                  ("charge", np.int16, LANES), ("mask", np.int16, LANES)])
"""dtype: a kmc_piece."""


class Slack:
    """Windows and charges of all rules.

    Parameters
    ----------
    steps : Steps
    lists : EventLists
    terms : RuleTerms
    energies : SiteEnergies
    shape, periodic : of the box

    Attributes
    ----------
    shift : int
        A unit is 2**shift quanta.
    turns : int64, shape (n_species + 1, 2 * most)
        Ways in which rules change a site of each species: columns of what comes and of what goes, in turn.
    is_partner : int16, shape (n_species + 1,)
        -1 for species that a rule changes beside its anchor, else 0.
    near_cell, told_cell : int32
        Cell of every near site and told anchor of `lists`.
    cells : int32, shape (n_rules, 2)
        First cell of a rule and the end, a multiple of LANES cells later.
    n_cells, margin : int
        Cells of the window, and how far from a cell the sites are that its rules change.
    is_narrow : bool
        Whether an event reaches a site on two ways, around the box.
    beside : int32
        Steps in cells from an anchor to the other sites that its rules change; a multiple of four, some twice.
    is_followed : uint8, shape (n_rules,)
        Whether slack covers a rule: the anchor and at most one other site change, or no energy matters to it.
    charge : int16, shape (n_told,)
        For every told anchor: what its rules share may fall by [units].
    pieces : PIECE, shape (n_pieces,)
        The same in pieces of rows, to be taken off all sites of a piece at once where no boundary is near.
    piece_ptr : int32, shape (n_rules + 1,)
    """

    def __init__(self, steps, lists, terms, energies, shape, periodic):
        self._steps, self._lists = steps, lists
        kind, rules = terms.terms[:, 0], range(len(steps.changes))
        self._simple = [rule for rule in rules if kind[rule] not in (GENERAL, UNMOVED) and ORIGIN in steps.places[rule]]
        self.is_followed = (kind == UNMOVED).astype(np.uint8)
        self.is_followed[self._simple] = 1
        self.shift = 0
        while energies.strongest * ROOM >> self.shift > MOST or self._largest(energies) >> self.shift >= LARGEST:
            self.shift += 1
        self.turns = self._turns(energies)
        self.is_partner = np.zeros(len(self.turns), dtype=np.int16)
        changes = [change for rule in self._simple for change in steps.changes[rule]]
        self.is_partner[[old for place, (old,), _ in changes if place != ORIGIN]] = -1
        self._lay_out()
        self.is_narrow = bool((np.asarray(periodic) & (np.asarray(shape) < self._span)).any())
        self.charge = self._charges(terms)
        self._cut(shape)

    def _largest(self, energies):
        """No event can let the energy change of a site fall by more, whatever it changes there [quanta]."""
        return 2 * max(map(len, self._steps.changes), default=0) * energies.swing

    def _turns(self, energies):
        """Ways in which rules change a site of each species, as many for each: some twice.

        A way without energy counts too: what rises for the others does not for that one.
        """
        n_centres = energies.tables.shape[1]
        column = np.append(energies.columns, -1)
        column[column < 0] = n_centres
        ways = [set() for _ in range(self._steps.rules.n_species + 1)]
        for rule in self._simple:
            for _, (old,), new in self._steps.changes[rule]:
                ways[old].add((int(column[new]), int(column[old])))
        ways = [sorted(each) or [(n_centres, n_centres)] for each in ways]
        most = max(map(len, ways))
        return np.array([(each * most)[:most] for each in ways], dtype=np.int64).reshape(len(ways), -1)

    def _lay_out(self):
        """Number the cells of a window that holds all near sites and told anchors of every rule, and what is beside."""
        lists = self._lists
        where = np.vstack([lists.offsets, [ORIGIN]])
        near, told = where[lists.near[:-1, 0]], where[lists.told[:-1]]
        others = {place for rule in self._simple for place in self._steps.places[rule]} - {ORIGIN}
        beside = np.array(sorted(others) or [ORIGIN])
        changed = sorted({place for places in self._steps.places for place in places} | {ORIGIN})
        every = np.vstack([near, told, changed])
        room = np.abs(beside).max(axis=0)
        low, size = every.min(axis=0) - room, np.ptp(every, axis=0) + 1 + 2 * room
        stride = np.array([size[1] * size[2], size[2], 1])
        self.margin = int(room @ stride)
        self.near_cell = ((near - low) @ stride + self.margin).astype(np.int32)
        self.told_cell = ((told - low) @ stride + self.margin).astype(np.int32)
        self.n_cells = int(size.prod()) + 2 * self.margin + 3 * LANES
        found = (beside @ stride).astype(np.int32)
        self.beside = np.resize(found, (len(found) + 3) // 4 * 4)
        self._span = np.ptp(every, axis=0) + 1
        self.cells = np.array([self._range(rule) for rule in range(len(self._steps.changes))],
                              dtype=np.int32).reshape(-1, 2)

    def _range(self, rule):
        lists = self._lists
        cells = np.concatenate([self.near_cell[lists.near_ptr[rule]:lists.near_ptr[rule + 1]],
                                self.told_cell[lists.told_ptr[rule]:lists.told_ptr[rule + 1]]])
        if not len(cells):
            return self.margin, self.margin
        return cells.min(), cells.min() + -(-(int(np.ptp(cells)) + LANES) // LANES) * LANES  # the last piece as a whole

    def _cut(self, shape):
        """Pieces of rows that hold the told anchors of every rule."""
        lists, pieces = self._lists, []
        where = np.vstack([lists.offsets, [ORIGIN]])[lists.told[:-1]]
        self.piece_ptr = np.zeros(len(lists.told_ptr), dtype=np.int32)
        for rule in range(len(lists.told_ptr) - 1):
            part, piece, begin = range(lists.told_ptr[rule], lists.told_ptr[rule + 1]), None, None
            for k in sorted(part, key=lambda k: tuple(where[k])):
                z, y, x = where[k].tolist()
                if begin is None or (z, y) != begin[:2] or x - begin[2] >= LANES:
                    step, begin = x + shape[2] * (y + shape[1] * z), (z, y, x)
                    piece = [step, int(self.told_cell[k]), 0, 0, [0] * LANES, [0] * LANES]
                    pieces.append(piece)
                piece[2] |= 1 << x - begin[2]
                piece[4][x - begin[2]], piece[5][x - begin[2]] = int(self.charge[k]), -1
            self.piece_ptr[rule + 1] = len(pieces)
        pieces.append((0, 0, 0, 0, [0] * LANES, [0] * LANES))
        self.pieces = np.array([tuple(piece) for piece in pieces], dtype=PIECE)

    def _charges(self, terms):
        """What an event of every rule can do to what the rules of every told anchor share, whatever species it is."""
        lists, steps = self._lists, self._steps
        where = np.vstack([lists.offsets, [ORIGIN]])
        charge = np.zeros(len(lists.told) - 1, dtype=np.int64)
        groups = self._grouped_shares(terms)
        places = _Grid(steps.offsets)
        for rule in range(len(steps.changes)):
            part = slice(lists.told_ptr[rule], lists.told_ptr[rule + 1])
            told = where[lists.told[part]]
            for second, falls in groups.items():
                lost = np.zeros((len(falls), len(told)), dtype=np.int64)
                for place, before, after in steps.changes[rule]:
                    seen = places.find(np.array(place) - told - np.array(second))
                    ways = [falls[:, seen, steps.kind[old], steps.kind[after]] for old in before]
                    lost += np.maximum.reduce(ways)
                charge[part] = np.maximum(charge[part], lost.max(axis=0))
            noticing = {tuple(np.subtract(place, step)) for place in steps.places[rule] for step in steps.looks_at}
            always = [i for i, step in enumerate(told.tolist()) if tuple(step) in noticing]
            charge[np.arange(part.start, part.stop)[always]] = ALWAYS << self.shift
        return np.minimum((charge + (1 << self.shift) - 1) >> self.shift, ALWAYS).astype(np.int16)

    def _grouped_shares(self, terms):
        """{second place: by how much what each rule shares can fall}."""
        groups, n_positions, n_kinds = {}, len(self._steps.offsets), int(self._steps.kind.max()) + 1
        for rule in self._simple:
            if terms.terms[rule, 0] == TWO_SITES and terms.parts[rule]:
                falls = groups.setdefault(self._steps.places[rule][1], [])
                falls.append(_falls(terms.parts[rule], n_positions, n_kinds))
        return {key: np.array(falls) for key, falls in groups.items()}


class _Grid:
    """Numbers of positions by their steps."""

    def __init__(self, offsets):
        self._low = offsets.min(axis=0, initial=0)
        self._number = np.full(np.ptp(np.vstack([offsets, [ORIGIN]]), axis=0) + 1, len(offsets), dtype=np.int64)
        self._number[tuple((offsets - self._low).T)] = np.arange(len(offsets))
        self._none = len(offsets)

    def find(self, steps):
        """Number of the position at every step; that behind the last one where there is none."""
        place = steps - self._low
        inside = ((place >= 0) & (place < self._number.shape)).all(axis=1)
        return np.where(inside, self._number[tuple(np.where(inside[:, None], place, 0).T)], self._none)


def _falls(parts, n_positions, n_kinds):
    """int64, shape (n_positions + 1, n_kinds, n_kinds): most by which a sum can fall when one kind becomes another."""
    falls = np.zeros((n_positions + 1, n_kinds, n_kinds), dtype=np.int64)
    for places, values in parts:
        for axis, place in enumerate(places):
            by_kind = np.moveaxis(values, axis, 0).reshape(n_kinds, -1)
            falls[place] += (by_kind[:, None] - by_kind[None, :]).max(axis=2)
    return falls

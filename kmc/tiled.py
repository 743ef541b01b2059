# SPDX-License-Identifier: BSD-3-Clause
"""An engine for a lattice in tiles, on one process or many: the loop over windows of time. Floor 40.

It is used like `kmc_core.Engine`. Under MPI every method and property that speaks of the whole film is called by all
processes, and gives all of them the same.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from kmc_core.tiles import Sector, Sectors

from kmc.errors import KmcError
from kmc.tile_probe import WindowProbe
from kmc.tile_ranks import ALONE
from kmc.tiling import N_COLOURS, steps_to_edge
from kmc_core import Engine, ExitReason
from kmc_core.ghosts import decay_with_ghosts, with_ghosts
from kmc_core.reach import reaching_rates

if TYPE_CHECKING:
    from kmc.tile_ranks import Ranks
    from kmc.tiling import Box, Tiling
    from kmc_core import Rules

FRACTION = 0.1
"""float: events that the fastest site at an edge has in a window, on average, where the window follows the rates."""

STREAMS, ORDERS = 3, 4
"""int: purposes of random streams, keys of the seed sequence: the draws of each sector, and the order of colours."""

SPARSE = 8
"""int: events per sector and window below which empty time between windows is looked for."""

_PERMUTATIONS = tuple(itertools.permutations(range(N_COLOURS)))
_BLOCK = 1024
_NEVER = 2**60


class TiledEngine:
    """Grows a film in tiles.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
        Initial species, of the whole lattice.
    periodic : (bool, bool, bool)
        For z, y, x.
    rules : kmc_core.Rules
    tiling : Tiling
    seed : int
    window : float, optional, [s]
        Length of windows; by default it follows the rates.
    fraction : float
        Where it does: events that the fastest site at an edge has in a window, on average.
    ranks : Ranks
        Processes that share the tiles.
    probes : bool
        Whether to measure what the windows cost in accuracy.
    watched : bool, shape (n_species,), optional
        Species whose sites are counted by the probes, beside events: the solids.
    decay, quantum, cutoff, layer_of
        As for `kmc_core.Engine`.
    """

    def __init__(self, species, periodic, rules: Rules, tiling: Tiling, seed: int, *, window: float | None = None,
                 fraction: float = FRACTION, ranks: Ranks = ALONE, probes: bool = True, watched=None,
                 decay=None, quantum=0.0, cutoff=-1, layer_of=None):
        self.tiling, self.ranks, self.seed, self.rules = tiling, ranks, seed, rules
        self.fixed_window, self.fraction = window, fraction
        species = np.asarray(species, dtype=np.uint8)
        self.shape = species.shape
        decay = np.zeros(rules.n_species + 1, dtype=np.int64) if decay is None else decay
        self._given = {"decay": decay, "quantum": quantum, "cutoff": cutoff, "layer_of": layer_of}
        self._arguments = self._given | {"decay": decay_with_ghosts(decay)}
        self.probe = WindowProbe() if probes else None
        self.watched = np.zeros(rules.n_species, dtype=bool) if watched is None else np.asarray(watched, dtype=bool)
        self._periodic = tuple(bool(each) for each in periodic)
        if ranks.size > tiling.n_tiles:
            raise KmcError(f"{ranks.size} ranks share {tiling.n_tiles} tiles: start fewer, or cut smaller tiles")
        owner = tiling.owners(ranks.size)
        self.rank_of = {box.number: int(owner[box.number // N_COLOURS]) for box in tiling.boxes}
        self._own = [box for box in tiling.boxes if self.rank_of[box.number] == ranks.rank]
        self._places = self._neighbours()
        ghostly = with_ghosts(rules)
        stride = _stride(rules)
        self._sectors = Sectors([self._sector(box, species, ghostly, stride) for box in self._own], len(self._places))
        self._sectors.limit(reaching_rates(rules, np.asarray(rules.rates)))
        self.time, self.window, self.n_windows = (0, 0.0), math.inf, 0
        self.n_events, self._is_sparse = 0, True
        self._seen: tuple[object, np.ndarray] = None, species.ravel()

    def _neighbours(self) -> list[int]:
        """Ranks that know sites of ours, this one included, in ascending order."""
        numbers = {other.number for box in self._own for other, _ in self.tiling.overlaps(box)}
        return sorted({self.rank_of[number] for number in numbers} | {self.ranks.rank})

    def _sector(self, box: Box, species: np.ndarray, rules: Rules, stride: tuple[int, int]) -> Sector:
        """A sector with its engine."""
        inside = species[:, box.y[:, None], box.x[None, :]]
        inside = np.where(box.own, inside, inside + np.uint8(self.rules.n_species))
        periodic = (self._periodic[0], self._periodic[1] and not self.tiling.y_axis.is_cut,
                    self._periodic[2] and not self.tiling.x_axis.is_cut)
        targets = self._targets(box)
        engine = Engine(inside, periodic, rules, self.stream(STREAMS, box.number), **self._arguments)
        return Sector(engine, box.number, targets, steps_to_edge(box, np.diff(targets[0]) > 0, stride))

    def _targets(self, box: Box) -> tuple[np.ndarray, ...]:
        """Who must be told of a change in each column, as `kmc_core.tiles.Sector` wants it."""
        rows = [np.empty((0, 5), dtype=np.int64)]
        for other, columns in self.tiling.overlaps(box):
            rank = self.rank_of[other.number]
            known = np.flatnonzero(columns >= 0)
            same = np.ones(len(known), dtype=np.int64)
            rows.append(np.stack([known, self._places.index(rank) * same, self.slot(other.number) * same,
                                  columns[known], other.n_columns * same], axis=1))
        table = np.concatenate(rows)
        table = table[np.argsort(table[:, 0], kind="stable")]
        pointers = np.searchsorted(table[:, 0], np.arange(box.n_columns + 1))
        return tuple(np.ascontiguousarray(part, dtype=np.int32) for part in (pointers, *table[:, 1:].T))

    def slot(self, number: int) -> int:
        """Index of a sector on the rank that runs it."""
        rank = self.rank_of[number]
        return sum(1 for other in self.rank_of if other < number and self.rank_of[other] == rank)

    def stream(self, *key: int) -> np.random.PCG64DXSM:
        """The random numbers of one purpose."""
        return np.random.PCG64DXSM(np.random.SeedSequence(self.seed, spawn_key=key))

    def run(self, stop, max_events: int = 2**60) -> ExitReason:
        """Advance to a time, which ends a window.

        Parameters
        ----------
        stop : (int, float)
            Whole seconds and fraction in [0, 1) [s].
        max_events : int
            Come back at the end of the window in which so many events have been executed.

        Returns
        -------
        ExitReason

        Raises
        ------
        ValueError
            If `stop` lies in the past or is no time.
        """
        stop = (int(stop[0]), float(stop[1]))
        if not 0.0 <= stop[1] < 1.0 or stop < self.time:
            raise ValueError(f"cannot run to {stop}: the clock stands at {self.time}")
        last = self.n_events + max_events
        while self.n_events < last:
            start = self._settled() if self._is_sparse else self.time
            if start >= stop:
                self.time = stop
                return ExitReason.NO_EVENTS if start[0] == _NEVER else ExitReason.MAX_TIME
            self._advance(start, min(later(start, self.window), stop))
            if self.probe is not None:
                self.probe.look(self)
        return ExitReason.MAX_EVENTS

    def _settled(self) -> tuple[int, float]:
        """Start of the next window in which something happens; its length is what the rates of now allow.

        Windows are skipped whole: one that began with the next event would know more than its sectors may, because
        those that are told of a change draw their waiting times anew.
        """
        due = self._sectors.settle(self.n_windows, self.time)
        found = self.ranks.every([*due, self._sectors.fastest])
        self.window = self._allowed(found[:, 2].max())
        seconds, fraction = min((int(seconds), float(fraction)) for seconds, fraction, _ in found)
        if seconds == _NEVER:
            return seconds, fraction
        wait = (seconds - self.time[0]) + (fraction - self.time[1])
        start = later(self.time, math.floor(wait / self.window) * self.window)
        return start if start <= (seconds, fraction) else self.time

    def _advance(self, start: tuple[int, float], end: tuple[int, float]) -> None:
        """One window: every colour in turn."""
        self.n_windows += 1
        before = self._sectors.n_events
        for colour in self._order():
            self._sectors.turn(colour, self.n_windows, start, end)
            self._swap()
        self.time = end
        found = self.ranks.every([self._sectors.n_events - before, self._sectors.fastest])
        n_events = int(found[:, 0].sum())
        self.n_events += n_events
        self._is_sparse = n_events < SPARSE * len(self.tiling.boxes)
        # What others have changed is not counted yet: a window that is too short by half is soon long enough.
        self.window = min(self._allowed(found[:, 1].max()), 2.0 * self.window)

    def _swap(self) -> None:
        """Put what sectors have changed into the inboxes of others, in ascending number of the former."""
        if self.ranks.size == 1:
            self._sectors.hear(self._sectors.told(0))
            return
        own = self.ranks.rank
        messages = {rank: self._sectors.told(place) for place, rank in enumerate(self._places)}
        heard = self.ranks.exchange({rank: part for rank, part in messages.items() if rank != own})
        for rank in self._places:
            self._sectors.hear(messages[own] if rank == own else heard[rank])

    def _allowed(self, fastest: float) -> float:
        """Length of a window [s] by the fastest rate that can reach another sector [1/s]."""
        if self.fixed_window is not None:
            return self.fixed_window
        return self.fraction / fastest if fastest > 0.0 else math.inf

    def _order(self) -> tuple[int, ...]:
        """Order of the colours in this window; random, the same for all tiles."""
        block, place = divmod(self.n_windows, _BLOCK)
        if place == 0 or self.n_windows == 1 or self._orders[0] != block:
            generator = np.random.Generator(self.stream(ORDERS, block))
            self._orders = block, generator.integers(len(_PERMUTATIONS), size=_BLOCK)
        return _PERMUTATIONS[self._orders[1][place]]

    def set_rates(self, rates, interactions=None) -> None:
        """Replace the rate constants, as `kmc_core.Engine.set_rates` does."""
        self._sectors.take_over_all(self.n_windows)
        self.rules = replace(self.rules, rates=np.array(rates, dtype=np.float64))
        self._sectors.limit(reaching_rates(self.rules, self.rules.rates))
        self._sectors.set_rates(rates, self.time)
        self._is_sparse = True

    def on_patch(self, species: np.ndarray, tiling: Tiling, seed: int, window: float) -> TiledEngine:
        """An engine for other sites under the same conditions, on this process alone, without probes.

        Parameters
        ----------
        species : uint8, shape (nz, ny, nx)
        tiling : Tiling
        seed : int
        window : float, [s]

        Returns
        -------
        TiledEngine
        """
        given = {"window": window, "probes": False} | self._given
        return TiledEngine(species, self._periodic, self.rules, tiling, seed, **given)

    @property
    def species(self) -> np.ndarray:
        """uint8, shape (n_sites,): species of every site of the film."""
        moment = self.time, self.n_windows
        if self._seen[0] != moment:
            self._seen = moment, self._gathered()
        return self._seen[1]

    def _gathered(self) -> np.ndarray:
        """The own sites of all sectors, put together."""
        self._sectors.take_over_all(self.n_windows)
        parts = self.ranks.joined(np.concatenate([
            _in_box(sector.engine, box)[:, box.own].ravel()
            for sector, box in zip(self._sectors.sectors, self._own, strict=True)]))
        whole = np.empty(self.shape, dtype=np.uint8)
        for rank, part in enumerate(parts):
            first = 0
            for box in (each for each in self.tiling.boxes if self.rank_of[each.number] == rank):
                n = int(box.own.sum()) * self.shape[0]
                rows, columns = np.flatnonzero(box.own.any(axis=1)), np.flatnonzero(box.own.any(axis=0))
                whole[:, box.y[rows][:, None], box.x[columns][None, :]] = part[first:first + n].reshape(
                    self.shape[0], len(rows), len(columns))
                first += n
        found = whole.ravel()
        found.flags.writeable = False
        return found

    @property
    def event_count(self) -> np.ndarray:
        """int64, shape (n_processes,): events of each process so far."""
        own = np.sum([sector.engine.event_count for sector in self._sectors.sectors], axis=0, dtype=np.int64)
        return self.ranks.summed(own)

    @property
    def total_propensity(self) -> float:
        """float: sum of the rate constants of everything that can happen now [1/s]."""
        self._sectors.take_over_all(self.n_windows)
        own = math.fsum(sector.engine.total_propensity for sector in self._sectors.sectors)
        return math.fsum(self.ranks.every([own])[:, 0])

    @property
    def n_bytes(self) -> int:
        """int: memory of the engines of all ranks [bytes]."""
        return int(self.ranks.every([sum(sector.engine.n_bytes for sector in self._sectors.sectors)]).sum())

    def report(self) -> dict[str, object]:
        """What is worth knowing of the windows, for the attributes of the results.

        Returns
        -------
        dict of str to str or number
        """
        counters, n_windows = self.counters, max(self.n_windows, 1)
        y_axis, x_axis = self.tiling.y_axis, self.tiling.x_axis
        turns = n_windows * len(self.tiling.boxes)
        return {
            "tiles": f"{x_axis.n_tiles} x {y_axis.n_tiles}",
            "windows": self.n_windows,
            "events_per_window": self.n_events / n_windows,
            "idle_turns": 1.0 - counters["turns"] / turns,
            "halo_changes": counters["handed"],
            "halo_conflicts": counters["conflicts"],
            **({} if self.probe is None else self.probe.report()),
        }

    @property
    def counters(self) -> dict[str, int]:
        """Changes told to other sectors, sites that two sectors changed in one window, and turns of sectors."""
        sectors = self._sectors.sectors
        own = np.array([sum(each.n_handed for each in sectors), sum(each.n_conflicts for each in sectors),
                        self._sectors.n_turns, sum(each.engine.n_candidates for each in sectors)], dtype=np.int64)
        return dict(zip(("handed", "conflicts", "turns", "candidates"), self.ranks.summed(own).tolist(), strict=True))

    def verify(self) -> None:
        """Check every sector as `kmc_core.Engine.verify` does, and that all agree on the sites that they share.

        Raises
        ------
        AssertionError
            Naming the first structure that differs.
        """
        whole = self.species.reshape(self.shape)
        for sector, box in zip(self._sectors.sectors, self._own, strict=True):
            sector.engine.verify()
            seen = _in_box(sector.engine, box)
            assert ((seen >= self.rules.n_species) == ~box.own).all(), f"sector {box.number}: marks of foreign sites"
            shown = np.where(box.own, seen, seen - np.uint8(self.rules.n_species))
            there = whole[:, box.y[:, None], box.x[None, :]]
            assert np.array_equal(shown, there), f"sector {box.number}: sites of others differ"


def _in_box(engine: Engine, box: Box) -> np.ndarray:
    """uint8, shape (nz, n_y, n_x): species as a sector sees them."""
    return engine.species.reshape(-1, *box.own.shape)


def _stride(rules: Rules) -> tuple[int, int]:
    """Sites along y and x that the changes of one event reach at most; at least one."""
    positions = np.asarray(rules.change_position)
    changed = np.asarray(rules.offsets)[positions[positions >= 0]]
    most = np.abs(changed).max(axis=0, initial=1)
    return int(most[1]), int(most[2])


def later(time: tuple[int, float], wait: float) -> tuple[int, float]:
    """A time, as whole seconds and a fraction, and a wait [s]."""
    fraction = time[1] + wait
    if not fraction < 1e15:
        return _NEVER, 0.0
    whole = math.floor(fraction)
    return time[0] + whole, fraction - whole

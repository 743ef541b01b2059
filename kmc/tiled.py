# SPDX-License-Identifier: BSD-3-Clause
"""An engine for a lattice in tiles, on one process or many: the loop over windows of time. Floor 40.

It is used like `kmc_core.Engine`. Under MPI every method and property that speaks of the whole film is called by all
processes, and gives all of them the same.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from kmc_core.sector import Sector
from kmc_core.tile_snapshots import restore, snapshot
from kmc_core.tiles import Sectors
from kmc_core.windows import Windows

from kmc.errors import KmcError
from kmc.tile_arrays import dealt, joined, packed, unpacked
from kmc.tile_probe import WindowProbe
from kmc.tile_ranks import ALONE
from kmc.tile_sites import TiledSites
from kmc.tile_windows import PERMUTATIONS, Post, SharedWindows
from kmc.tiling import N_COLOURS, most_changed, steps_to_edge
from kmc_core import Engine, ExitReason
from kmc_core.ghosts import decay_with_ghosts, with_ghosts
from kmc_core.reach import reaching_rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmc.tile_ranks import Ranks
    from kmc.tiling import Box, Tiling
    from kmc_core import Rules

FRACTION = 0.1
"""float: events that the fastest site at an edge has in a window, on average, where the window follows the rates."""

STREAMS, ORDERS = 3, 4
"""int: purposes of random streams, keys of the seed sequence: the draws of each sector, and the order of colours."""

_OF_THE_FILM = ("seconds", "fraction", "window", "n_windows", "n_events", "is_sparse", "n_turns", "rates", "probe")
_BLOCK = 1024
_REASONS = (ExitReason.MAX_TIME, ExitReason.MAX_EVENTS, ExitReason.NO_EVENTS, None)


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
    decay, quantum, cutoff, layer_of, blinds
        As for `kmc_core.Engine`.
    """

    def __init__(self, species, periodic, rules: Rules, tiling: Tiling, seed: int, *, window: float | None = None,
                 fraction: float = FRACTION, ranks: Ranks = ALONE, probes: bool = True, watched=None,
                 decay=None, quantum=0.0, cutoff=-1, layer_of=None, blinds: bool = False):
        self.tiling, self.ranks, self.seed, self.rules = tiling, ranks, seed, rules
        self.fixed_window, self.fraction = window, fraction
        species = np.asarray(species, dtype=np.uint8)
        self.shape = species.shape
        decay = np.zeros(rules.n_species + 1, dtype=np.int64) if decay is None else decay
        self._given = {"decay": decay, "quantum": quantum, "cutoff": cutoff, "layer_of": layer_of, "blinds": blinds}
        self._arguments = self._given | {"decay": decay_with_ghosts(decay)}
        self.probe = WindowProbe() if probes else None
        self.watched = np.zeros(rules.n_species, dtype=bool) if watched is None else np.asarray(watched, dtype=bool)
        self._periodic = tuple(bool(each) for each in periodic)
        if ranks.size > tiling.n_tiles:
            raise KmcError(f"{ranks.size} ranks share {tiling.n_tiles} tiles: start fewer, or cut smaller tiles")
        owner = tiling.owners(ranks.size)
        self.rank_of = {box.number: int(owner[box.number // N_COLOURS]) for box in tiling.boxes}
        self._own = [box for box in tiling.boxes if self.rank_of[box.number] == ranks.rank]
        self._places, self._slot_of = self._neighbours(), self._slots()
        ghostly = with_ghosts(rules)
        stride = most_changed(rules.offsets, rules.change_position)
        self._sectors = Sectors([self._sector(box, species, ghostly, stride) for box in self._own], len(self._places),
                                self._places.index(ranks.rank))
        self._sectors.limit(reaching_rates(rules, np.asarray(rules.rates)))
        self.post = Post(self._sectors, ranks, self._places)
        self._clock = Windows if ranks.size == 1 else partial(SharedWindows, self.post, ranks, len(tiling.boxes))
        self.time, self.window, self.n_windows = (0, 0.0), math.inf, 0
        self.n_events, self._counted, self._is_sparse = 0, 0, True
        self._orders: tuple[int, np.ndarray] = -1, np.empty(0, dtype=np.int64)
        self._sites = TiledSites([each.engine.species for each in self._sectors.sectors], tiling, ranks,
                                 self.shape)

    def _neighbours(self) -> list[int]:
        """Ranks that know sites of ours, this one included, in ascending order."""
        numbers = {number for box in self._own for number in self.tiling.neighbours(box)}
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
        return self._slot_of[number]

    def _slots(self) -> dict[int, int]:
        """Index of every sector on the rank that runs it, by number."""
        n_on = dict.fromkeys(range(self.ranks.size), 0)
        found = {}
        for number, rank in sorted(self.rank_of.items()):
            found[number] = n_on[rank]
            n_on[rank] += 1
        return found

    def stream(self, *key: int) -> np.random.SFC64:
        """The random numbers of one purpose."""
        return np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))

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
        while True:
            reason = self._windows(stop, last)
            if reason is not None:
                return reason
            if self.probe is not None:
                self.probe.look(self)

    def _windows(self, stop: tuple[int, float], last: int) -> ExitReason | None:
        """Windows until it is time for a probe or to stop; then why."""
        orders = self._next_orders()
        probed = math.inf if self.probe is None else self.probe.due
        until = max(min(self.n_windows + len(orders), probed), self.n_windows + 1)
        windows = self._clock(self._sectors, self.time, self.window, self.n_windows, self.n_events, self._counted,
                              self._is_sparse, self.fraction, self.fixed_window)
        try:
            return _REASONS[windows.run(stop, last, until, orders)]
        finally:
            self.time, self.window, self.n_windows = windows.time, windows.length, windows.n_windows
            self.n_events, self._counted, self._is_sparse = windows.n_events, windows.counted, windows.is_sparse

    def _next_orders(self) -> np.ndarray:
        """Order of the colours from the next window on, as indexes of permutations; the same for all tiles."""
        block, place = divmod(self.n_windows + 1, _BLOCK)
        if self._orders[0] != block:
            generator = np.random.Generator(self.stream(ORDERS, block))
            self._orders = block, generator.integers(len(PERMUTATIONS), size=_BLOCK)
        return self._orders[1][place:]

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
        given = {"window": window, "probes": False} | self._given | {"blinds": False}  # too short for it to pay
        return TiledEngine(species, self._periodic, self.rules, tiling, seed, **given)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All that the future of the film depends on, on the root; it does not depend on the number of ranks.

        Returns
        -------
        dict of str to array
            Copies.
        """
        species = self.sites.whole()  # all changes are taken over by that
        turns = self.ranks.summed(np.array([self._sectors.n_turns], dtype=np.int64))[0]
        sectors = joined(self.ranks.collected(packed(snapshot(self._sectors))))
        probe = WindowProbe() if self.probe is None else self.probe
        film = zip(_OF_THE_FILM, (*self.time, self.window, self.n_windows, self.n_events, self._is_sparse, turns,
                                  self.rules.rates, probe.state), strict=True)
        found = {name: np.array(value) for name, value in film}
        found |= {f"sectors/{name}": array for name, array in sectors.items()}
        return found if species is None else {"species": species.ravel()} | found

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from a snapshot.

        Parameters
        ----------
        arrays : mapping of str to array
            From `snapshot`, of an engine that was made like this one; this one is made from the species of the
            snapshot. Looked at on the root only.

        Raises
        ------
        ValueError, KeyError
            If it does not fit.
        """
        parts = {name[8:]: array for name, array in arrays.items() if name.startswith("sectors/")}
        film = self.ranks.agreed({name: array for name, array in arrays.items() if name in _OF_THE_FILM})
        n_sectors = np.bincount(list(self.rank_of.values()), minlength=self.ranks.size)
        own = self.ranks.dealt(dealt(parts, n_sectors.tolist()) if self.ranks.is_root else ())
        self.rules = replace(self.rules, rates=np.array(film["rates"]))
        self._sectors.limit(reaching_rates(self.rules, self.rules.rates))
        restore(self._sectors, unpacked(own), int(film["n_turns"]) if self.ranks.is_root else 0)
        self.time, self.window = (int(film["seconds"]), float(film["fraction"])), float(film["window"])
        self.n_windows, self.n_events = int(film["n_windows"]), int(film["n_events"])
        self._is_sparse, self._counted = bool(film["is_sparse"]), self._sectors.n_events
        if self.probe is not None:
            self.probe.state = film["probe"]

    @property
    def species(self) -> np.ndarray:
        """uint8, shape (n_sites,): species of every site of the film."""
        found = self.sites.everywhere().ravel()
        found.flags.writeable = False
        return found

    @property
    def sites(self) -> TiledSites:
        """TiledSites: species of the film as they are now, where they are."""
        self._sectors.take_over_all(self.n_windows)
        return self._sites

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

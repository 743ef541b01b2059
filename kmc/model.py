# SPDX-License-Identifier: BSD-3-Clause
"""A deck made ready to run: mechanism, lattice, tables and protocol, and the engine that they give.

Floor 4, above tables. Everything that `kmc check` explains and `kmc run` executes is put together here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kmc.conditions import conditions_of
from kmc.errors import KmcError
from kmc.interactions import compile_interactions, with_lines
from kmc.lattice import Lattice, initial_species, lattice_of
from kmc.layers import Layers, layer_numbers, layers_of
from kmc.mechanism import Mechanism, compile_mechanism
from kmc.protocol import Protocol
from kmc.sites import Sites
from kmc.solution_tables import SolutionTables, compile_solution_tables
from kmc.tables import Tables, compile_tables
from kmc.tile_layout import tiling_of
from kmc.tile_ranks import ALONE

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.tile_ranks import Ranks
    from kmc.tiled import TiledEngine
    from kmc.tiling import Tiling
    from kmc_core import Engine, Interactions

EVENTS, PLACES = 0, 1
"""int: purposes of random streams, keys of the seed sequence: the engine's draws, and random initial sites."""


@dataclass(frozen=True)
class Model:
    """What a deck stands for.

    Attributes
    ----------
    deck : Deck
    mechanism : Mechanism
    lattice : Lattice
    tables : Tables
    protocol : Protocol
    solution : SolutionTables or None
        None where nothing is counted but the sites of the lattice.
    interactions : kmc_core.Interactions or None
        Energies of neighbours, with barriers that follow them as at the lowest temperature; None where there are none.
    tiling : Tiling or None
        How the lattice is cut; None where it is in one piece.
    """

    deck: Deck
    mechanism: Mechanism
    lattice: Lattice
    tables: Tables
    protocol: Protocol
    solution: SolutionTables | None = None
    interactions: Interactions | None = None
    tiling: Tiling | None = None

    @classmethod
    def of(cls, deck: Deck) -> Model:
        """Compile a deck.

        Raises
        ------
        DeckError
            With everything that is wrong with its chemistry.
        KmcError
            If the protocol or the lattice cannot be had, or interactions have no bound.
        """
        mechanism = compile_mechanism(deck)
        lattice = lattice_of(deck)
        tables = compile_tables(mechanism, lattice, deck.tunnelling, _layers(deck, mechanism, lattice))
        section = deck.protocol
        protocol = Protocol(section.potential, section.temperature, (section.potential_step, section.temperature_step))
        coldest = min(each.temperature for each in conditions_of(protocol, deck.run.duration))
        interactions = compile_interactions(mechanism, lattice, tables.rules, coldest)
        solution = compile_solution_tables(mechanism)
        tiling = tiling_of(deck, lattice, mechanism, tables.rules.offsets, solution is not None)
        return cls(deck, mechanism, lattice, tables, protocol, solution, interactions, tiling)

    def with_seed(self, seed: int) -> Model:
        """The same model with other random numbers; everything else is shared.

        Parameters
        ----------
        seed : int

        Returns
        -------
        Model
        """
        run = self.deck.run.model_copy(update={"seed": seed})
        return replace(self, deck=replace(self.deck, run=run))

    @property
    def has_lattice(self) -> bool:
        """Whether there are sites; without, all is solution."""
        return self.lattice.n_sites > 0

    def rates(self, time: float) -> np.ndarray:
        """Rate table of the core under the conditions applied at a time.

        Parameters
        ----------
        time : float, [s]

        Returns
        -------
        rates : float64, shape (n_rates,), [1/s]

        Raises
        ------
        KmcError
            If a rate constant is not finite there, naming the processes.
        """
        return self._rates_of(self.tables, time)

    def solution_rates(self, time: float) -> np.ndarray:
        """Rates of the solution processes under the conditions applied at a time.

        Parameters
        ----------
        time : float, [s]

        Returns
        -------
        rates : float64, shape (n_reactions,), [1/s]
            For every distinct combination of the molecules that react; empty where nothing happens in the solution.

        Raises
        ------
        KmcError
            If a rate constant is not finite there, naming the processes.
        """
        return np.zeros(0) if self.solution is None else self._rates_of(self.solution, time)

    def _rates_of(self, tables: Tables | SolutionTables, time: float) -> np.ndarray:
        potential, temperature = self.protocol.at(time)
        with np.errstate(over="ignore"):
            rates = tables.rates(self.mechanism, temperature, potential, self.lattice.spacing)
        if not np.isfinite(rates).all():
            constants = self.mechanism.rate_constants(temperature, potential, self.lattice.spacing)
            names = [p.name for p, k in zip(self.mechanism.processes, constants, strict=True) if not np.isfinite(k)]
            raise KmcError(f"rate constants are not finite at {potential:g} V and {temperature:g} K: "
                           f"{', '.join(names) or 'through neighbour energies'}")
        return rates

    def initial(self) -> np.ndarray:
        """uint8, shape (nz, ny, nx): species of every site at time zero."""
        return _initial(self.deck, self.mechanism, self.lattice)

    def engine(self, ranks: Ranks = ALONE) -> Engine | TiledEngine:
        """An engine at time zero with the rates of time zero.

        Parameters
        ----------
        ranks : Ranks
            Processes that share the tiles of the film.

        Returns
        -------
        engine : kmc_core.Engine or TiledEngine

        Raises
        ------
        KmcError
            If there are more ranks than tiles.
        """
        if self.tiling is None:
            engine = self._engine_on(self.initial())
        else:
            engine = self.tiled_engine(self.tiling, ranks)
        self.apply(engine, 0.0)
        return engine

    def sites(self, engine: Engine | TiledEngine) -> Sites:
        """Species of every site as they are now, live; of tiles, each rank has its own.

        Parameters
        ----------
        engine : kmc_core.Engine or TiledEngine
        """
        return Sites(engine.species.reshape(self.lattice.shape)) if self.tiling is None else engine.sites

    def snapshot(self, engine: Engine | TiledEngine) -> dict[str, np.ndarray]:
        """All that the future of an engine depends on, by name; of tiles that ranks share, on the first rank.

        Parameters
        ----------
        engine : kmc_core.Engine or TiledEngine
        """
        from kmc_core import snapshot

        return snapshot(engine) if self.tiling is None else engine.snapshot()

    def restored(self, snapshot: Mapping[str, np.ndarray], ranks: Ranks = ALONE) -> Engine | TiledEngine:
        """An engine that goes on from a snapshot to the same bits.

        Parameters
        ----------
        snapshot : mapping of str to numpy array
            What `snapshot` gave for an engine of this model, on any number of ranks; looked at on the first one.
        ranks : Ranks
            Processes that share the tiles of the film from now on.

        Returns
        -------
        engine : kmc_core.Engine or TiledEngine

        Raises
        ------
        KmcError
            If it is a snapshot of an engine of another model.
        """
        from kmc_core import restore

        try:
            species = ranks.agreed(snapshot["species"] if ranks.is_root else None).reshape(self.lattice.shape)
            if self.tiling is not None:
                engine = self.tiled_engine(self.tiling, ranks, species)
                engine.restore(snapshot)
                return engine
            engine = self._engine_on(species)
            restore(engine, snapshot)
        except (ValueError, KeyError) as error:
            raise KmcError(f"the checkpoint is that of another model: {error}") from error
        return engine

    def _engine_on(self, species: np.ndarray) -> Engine:
        """An engine on a lattice of these species."""
        from kmc_core import Engine

        tables = self.tables
        return Engine(
            species, self.lattice.periodic, tables.rules, self._stream(EVENTS),
            decay=tables.decay, quantum=tables.quantum, cutoff=tables.cutoff,
            layer_of=None if tables.layers is None else tables.layers.layer_of, interactions=self.interactions,
            blinds=True, **self._solution_arguments(),
        )

    def tiled_engine(self, tiling: Tiling, ranks: Ranks = ALONE, species: np.ndarray | None = None) -> TiledEngine:
        """An engine for the film in tiles, before any rate constants are given to it.

        Parameters
        ----------
        tiling : Tiling
        ranks : Ranks
        species : uint8, shape (nz, ny, nx), optional
            Of every site; those of time zero by default.

        Returns
        -------
        TiledEngine
        """
        from kmc.tiled import TiledEngine

        tables, tiles = self.tables, self.deck.tiles
        windows = {} if tiles is None else {"window": tiles.window, "fraction": tiles.events_per_window}
        return TiledEngine(
            self.initial() if species is None else species, self.lattice.periodic, tables.rules, tiling,
            self.deck.run.seed, ranks=ranks, watched=[each.phase == "solid" for each in self.mechanism.species],
            **windows, decay=tables.decay, quantum=tables.quantum,
            cutoff=tables.cutoff, layer_of=None if tables.layers is None else tables.layers.layer_of, blinds=True,
        )

    def apply(self, engine: Engine, time: float) -> None:
        """Give an engine the rates of the conditions applied at a time.

        Parameters
        ----------
        engine : kmc_core.Engine
        time : float, [s]

        Raises
        ------
        KmcError
            If a rate constant is not finite there, naming the processes.
        """
        rates = self.rates(time)
        if self.solution is not None:
            engine.solution.set_rates(self.solution_rates(time))
        interactions = self.interactions
        if interactions is not None:
            interactions = with_lines(interactions, self.mechanism, self.protocol.at(time)[1])
        engine.set_rates(rates, interactions)

    def event_count(self, engine: Engine) -> np.ndarray:
        """Events of every process so far, int64, shape (n_processes,), in the order of the mechanism."""
        on_lattice = engine.event_count[: self.mechanism.n_lattice]
        if self.solution is None:
            return on_lattice
        return np.concatenate([on_lattice, engine.solution.event_count])

    def molecules(self, engine: Engine) -> np.ndarray | None:
        """Molecules of every solution species, int64, shape (n_solution,); 0 for what is held at an activity.

        None where nothing is counted but the sites of the lattice.
        """
        if self.solution is None:
            return None
        molecules = np.zeros(len(self.mechanism.solution), dtype=np.int64)
        molecules[self.solution.species] = engine.solution.count
        return molecules

    def _solution_arguments(self) -> dict[str, object]:
        """Arguments of the engine for a solution that is counted."""
        if self.solution is None:
            return {}
        from kmc_core import Solution

        solution = Solution(**self.solution.arrays(), rates=self.solution_rates(0.0))
        if not self.solution.has_exchange:
            return {"solution": solution}
        exchange = {"exchange_change": self.solution.exchange_change, "exchange_order": self.solution.exchange_order}
        return {"solution": solution, **exchange}

    def _stream(self, purpose: int) -> np.random.SFC64:
        return _stream(self.deck, purpose)


def _stream(deck: Deck, purpose: int) -> np.random.SFC64:
    return np.random.SFC64(np.random.SeedSequence(deck.run.seed, spawn_key=(purpose,)))


def _initial(deck: Deck, mechanism: Mechanism, lattice: Lattice) -> np.ndarray:
    index_of = {species.name: species.index for species in mechanism.species}
    return initial_species(deck, lattice, index_of, _stream(deck, PLACES))


def _layers(deck: Deck, mechanism: Mechanism, lattice: Lattice) -> Layers | None:
    """Layers that processes tell apart; None if none does."""
    processes = mechanism.processes[: mechanism.n_lattice]
    notices_height = mechanism.notices_height[: mechanism.n_lattice]
    if not any(process.layers for process in processes) and not any(notices_height):
        return None
    numbers = layer_numbers(_initial(deck, mechanism, lattice), mechanism.species)
    return layers_of(processes, notices_height, numbers, lattice.layer_height)

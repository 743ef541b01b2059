# SPDX-License-Identifier: BSD-3-Clause
"""A deck made ready to run: mechanism, lattice, tables and protocol, and the engine that they give.

Floor 4, above tables. Everything that `kmc check` explains and `kmc run` executes is put together here, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.errors import KmcError
from kmc.lattice import Lattice, initial_species, lattice_of
from kmc.mechanism import Mechanism, compile_mechanism
from kmc.protocol import Protocol
from kmc.tables import Tables, compile_tables

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc_core import Engine

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
    """

    deck: Deck
    mechanism: Mechanism
    lattice: Lattice
    tables: Tables
    protocol: Protocol

    @classmethod
    def of(cls, deck: Deck) -> Model:
        """Compile a deck.

        Raises
        ------
        DeckError
            With everything that is wrong with its chemistry.
        KmcError
            If the protocol or the lattice cannot be had.
        """
        mechanism = compile_mechanism(deck)
        lattice = lattice_of(deck)
        tables = compile_tables(mechanism, lattice, deck.tunnelling)
        section = deck.protocol
        protocol = Protocol(section.potential, section.temperature, (section.potential_step, section.temperature_step))
        return cls(deck, mechanism, lattice, tables, protocol)

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
        potential, temperature = self.protocol.at(time)
        with np.errstate(over="ignore"):
            rates = self.tables.rates(self.mechanism, temperature, potential, self.lattice.spacing)
        if not np.isfinite(rates).all():
            constants = self.mechanism.rate_constants(temperature, potential, self.lattice.spacing)
            names = [p.name for p, k in zip(self.mechanism.processes, constants, strict=True) if not np.isfinite(k)]
            raise KmcError(f"rate constants are not finite at {potential:g} V and {temperature:g} K: "
                           f"{', '.join(names) or 'through neighbour energies'}")
        return rates

    def initial(self) -> np.ndarray:
        """uint8, shape (nz, ny, nx): species of every site at time zero."""
        index_of = {species.name: species.index for species in self.mechanism.species}
        return initial_species(self.deck, self.lattice, index_of, self._stream(PLACES))

    def engine(self) -> Engine:
        """An engine at time zero with the rates of time zero."""
        from kmc_core import Engine

        tables = self.tables
        engine = Engine(
            self.initial(), self.lattice.periodic, tables.rules, self._stream(EVENTS),
            decay=tables.decay, quantum=tables.quantum, cutoff=tables.cutoff,
        )
        engine.set_rates(self.rates(0.0))
        return engine

    def _stream(self, purpose: int) -> np.random.PCG64DXSM:
        return np.random.PCG64DXSM(np.random.SeedSequence(self.deck.run.seed, spawn_key=(purpose,)))

# SPDX-License-Identifier: BSD-3-Clause
"""Which barriers follow the interactions of the lattice, and by how much. Floor 3.

The coefficient w of Bronsted, Evans and Polanyi: of an energy change dE the forward barrier takes w dE, the reverse
one -(1 - w) dE. A process that is its own reverse, such as a hop, therefore has w = 1/2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from kmc.process import Step
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS

if TYPE_CHECKING:
    from kmc.deck import Deck, ProcessDeck

HALF = Quantity(0.5, source="symmetry of a process that is its own reverse")
"""Quantity: the transfer coefficient of a process that is its own reverse."""


class TransferFault(NamedTuple):
    """Something about a process that does not go with the interactions."""

    message: str
    key: str  # of the process
    hint: str | None = None


class Transfers:
    """The transfer coefficients of the processes of a deck.

    Parameters
    ----------
    deck : Deck
    index_of : mapping of str to int
        Lattice species by name.
    """

    def __init__(self, deck: Deck, index_of: Mapping[str, int]):
        section = deck.interactions
        clusters = section.clusters if section is not None else ()
        self._default = section.transfer if section is not None else None
        self._interacting = {index_of[name] for cluster in clusters for name in cluster.species}

    def touches(self, step: Step) -> bool:
        """Whether a step writes or removes a species that is in a cluster."""
        return any(
            after is not None and not self._interacting.isdisjoint({after, *before})
            for before, after in zip(step.reactants, step.products, strict=True)
        )

    def coefficient(self, entry: ProcessDeck, step: Step) -> Quantity | None:
        """Coefficient of a process in its forward direction, None where no cluster changes its energy."""
        if not self.touches(step):
            return None
        return HALF if is_own_reverse(step) else entry.transfer or self._default

    def faults(self, entry: ProcessDeck, step: Step, parameters: Mapping[str, Quantity]) -> Iterator[TransferFault]:
        """What is wrong with a process in the presence of interactions.

        Parameters
        ----------
        entry : ProcessDeck
        step : Step
        parameters : mapping of str to Quantity
            Of its rate law.
        """
        if not self.touches(step):
            return
        if entry.neighbours and RATE_LAWS[entry.law].has_barrier:
            message = "'neighbours' and 'interactions' would both move its barrier, each as if it were alone"
            yield TransferFault(message, "neighbours", "write the neighbours as clusters")
        if not is_own_reverse(step):
            return
        if entry.transfer is not None and entry.transfer.value != HALF.value:
            message = f"is its own reverse, so 'transfer' is 0.5, not {entry.transfer.value:g}"
            yield TransferFault(message, "transfer")
        energy = parameters.get("reaction-free-energy")
        if energy is not None and energy.value != 0.0:
            message = f"is its own reverse, so its reaction free energy is 0 eV, not {energy.value:g} eV"
            yield TransferFault(message, "rate", "the energy of the sites around it comes from 'interactions'")

    def notes(self, entry: ProcessDeck, step: Step) -> list[str]:
        """What is odd, though allowed."""
        without_effect = entry.transfer is not None and not self.touches(step)
        return ["'transfer' has no effect: no cluster changes its energy"] if without_effect else []


def is_own_reverse(step: Step) -> bool:
    """Whether a step backwards is the same step at other sites."""
    return step.reverse().key() == step.key()

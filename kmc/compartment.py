# SPDX-License-Identifier: BSD-3-Clause
"""The well-mixed volume of the solution: its size, and what a rate constant means in it. Floor 3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kmc.constants import AVOGADRO
from kmc.lattice import lattice_of
from kmc.quantity import Quantity

if TYPE_CHECKING:
    from kmc.deck import Deck

STANDARD_CONCENTRATION = 1000.0
"""float: c0 [mol/m^3], the concentration at activity 1; 1 mol/L (IUPAC Gold Book, doi:10.1351/goldbook.S05909)."""


@dataclass(frozen=True)
class Compartment:
    """The well-mixed volume beside the lattice, or of a run without lattice.

    Parameters
    ----------
    volume : Quantity, optional
        [m^3]
    distance : Quantity
        Of the molecules from the electrode [m]; 0, in contact, if left out.
    per_activity : bool
        Whether rate constants of solution processes are per activity, not per pair.
    transmission : float
        Share of the electrons that reach the molecules by tunnelling.
    """

    volume: Quantity | None = None
    distance: Quantity = field(default_factory=lambda: Quantity(0.0))
    per_activity: bool = False
    transmission: float = 1.0

    @property
    def size(self) -> float | None:
        """Volume [m^3]; None where the deck gives none."""
        return None if self.volume is None else self.volume.value

    @property
    def molecules(self) -> float:
        """Molecules at activity 1, N_A V c0; NaN without a volume."""
        return math.nan if self.size is None else AVOGADRO * self.size * STANDARD_CONCENTRATION

    def combination(self, orders: Mapping[int, int], at_site: bool = False) -> float:
        """Rate of one combination of molecules, per rate constant at activity 1.

        Parameters
        ----------
        orders : mapping of int to int
            Molecules of each finite species that react.
        at_site : bool
            Whether the process happens at a site of the lattice, not anywhere in the volume.

        Returns
        -------
        factor : float
            NaN where it takes a volume and there is none.

        Notes
        -----
        With M = N_A V c0, activities a = n/M and n^o counted as n (n - 1) ... (n - o + 1) = o! C(n, o):

        - in the volume, v = M k prod_s a_s^o_s is M^(1 - m) k prod_s o_s! for each of the prod_s C(n_s, o_s) distinct
          combinations, m = sum_s o_s;
        - at a site, v = k prod_s a_s^o_s is M^-m k prod_s o_s! for each of them.
        """
        alike = math.prod(math.factorial(each) for each in orders.values())
        return alike * self.molecules ** ((0 if at_site else 1) - sum(orders.values()))


def compartment_of(deck: Deck) -> Compartment:
    """The compartment that a deck describes.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    Compartment
        Without volume where the deck gives none.
    """
    section = deck.compartment
    if section is None:
        return Compartment(transmission=_transmission(deck, 0.0))
    volume = section.volume
    if section.height is not None:
        area, height = lattice_of(deck).area, section.height
        spread = None if height.uncertainty is None else area * height.uncertainty
        volume = Quantity(area * height.value, spread, height.source, "from the height", height.where)
    distance = section.distance or Quantity(0.0)
    per_activity = section.rate_constants == "per activity"
    return Compartment(volume, distance, per_activity, _transmission(deck, distance.value))


def _transmission(deck: Deck, distance: float) -> float:
    """Share of the electrons that tunnel over a distance [m] through the solution."""
    if deck.tunnelling is None or "default" not in deck.tunnelling.decay:
        return 1.0
    share = math.exp(-deck.tunnelling.decay["default"].value * distance)
    return share if share >= deck.tunnelling.cutoff else 0.0

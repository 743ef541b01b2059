# SPDX-License-Identifier: BSD-3-Clause
"""Rows of networks of RNMC, for tests of `kmc import`."""

import numpy as np

from kmc.constants import BOLTZMANN_EV
from kmc.rate_laws import attempt_frequency

ROOM = 298.15


def eyring(barrier, temperature=ROOM):
    return float(attempt_frequency(temperature)) * np.exp(-max(barrier, 0.0) / (BOLTZMANN_EV * temperature))


def row(reactants, products, barrier, energy, **columns):
    """One reaction after Eyring."""
    places = {"number_of_reactants": len(reactants), "number_of_products": len(products)}
    for side, species in (("reactant", reactants), ("product", products)):
        for place in (0, 1):
            places[f"{side}_{place + 1}"] = species[place] if place < len(species) else -1
    return {**places, "rate": eyring(barrier), "dG": energy, "dG_barrier": barrier} | columns


DIMERISATION = [row((0, 0), (1,), 0.3, -0.2), row((1,), (0, 0), 0.5, 0.2)]
PARAMETERS = "2\n10\n12\n3\n300\n-2.1\nF\nB\n"

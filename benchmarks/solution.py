# SPDX-License-Identifier: BSD-3-Clause
"""Reaction networks on which the solution of the core is measured."""

import sys
from pathlib import Path

# The networks are those of the tests, so that what is measured is what is checked.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import networks


def ring(n_species, count=5):
    """Isomers in a ring, each with its own rate to the next one: as many reactions as species."""
    rates = (10.0 ** (i * 0.618 % 3) for i in range(n_species))  # three decades, well mixed along the ring
    reactions = tuple(({i: 1}, {(i + 1) % n_species: 1}, rate) for i, rate in enumerate(rates))
    return networks.Network((count,) * n_species, reactions)


NETWORKS = {
    "sei": lambda: networks.sei_like(500),
    "sei-few": lambda: networks.sei_like(5),
    "dimers": lambda: networks.dimerisation(1000),
    "ring-1e2": lambda: ring(100),
    "ring-1e3": lambda: ring(1000),
    "ring-1e4": lambda: ring(10_000),
    "ring-1e5": lambda: ring(100_000),
}
"""dict: name -> function that makes the network; described in tests/reference/networks.py."""

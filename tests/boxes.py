# SPDX-License-Identifier: BSD-3-Clause
"""Lattices of every kind, for tests of geometry."""

import numpy as np

from kmc import bravais
from kmc.lattice import Lattice

PERIODIC = (True, True, True)
CUBIC = [("fcc", surface) for surface in bravais.SURFACES] + [("bcc", surface) for surface in bravais.SURFACES]
EVERY = [("simple cubic", None), ("square", None), ("hexagonal", None), *CUBIC]
A = frozenset({0})


def lattice(kind, surface=None, shape=(9, 9, 9), periodic=PERIODIC):
    return Lattice(kind, 1.0, (shape[0], 1, shape[2]) if kind == "square" else shape, periodic, surface)


def cell(*vectors, shape=(9, 9, 9)):
    vectors = tuple(tuple(float(c) for c in vector) for vector in vectors)
    return Lattice("cell", min(np.linalg.norm(vector) for vector in vectors), shape, PERIODIC, cell=vectors)


ORTHORHOMBIC = cell((1, 0, 0), (0, 1.2, 0), (0, 0, 1.5))
TETRAGONAL = cell((1, 0, 0), (0, 1, 0), (0, 0, 1.5))
MONOCLINIC = cell((1, 0, 0), (0.3, 1.2, 0), (0, 0, 1.5))
TRICLINIC = cell((1, 0, 0), (0.3, 1.2, 0), (0.2, 0.1, 1.5))
RHOMBOHEDRAL = cell((1, 0, 0), (0.5, 3**0.5 / 2, 0), (0.5, 3**0.5 / 6, 1.3))

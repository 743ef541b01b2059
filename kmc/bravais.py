# SPDX-License-Identifier: BSD-3-Clause
"""Bravais lattices as integer triples: primitive vectors, neighbour shells, point group, contacts. Floor 1.

With a1 and a2 in the plane of the electrode surface and a3 to the next layer, every Bravais lattice with every surface
is the set of sites i a1 + j a2 + k a3 with whole i, j, k. Offsets between sites are written (dk, dj, di), the order
of the core's (z, y, x); a basis is the matrix of a3, a2, a1 in rows, so that an offset times the basis is cartesian.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

TOLERANCE = 1e-3
"""Lengths that differ by less, relative, are equal: cells are written with three or four digits."""

NAMED = ("simple cubic", "square", "hexagonal", "fcc", "bcc")
"""Lattices that a spacing, and for the last two a surface, describe completely."""

SURFACES = (100, 110, 111)
"""Miller indexes of the surfaces of fcc and bcc."""

_HALF, _THIRD = 0.5, 1.0 / 3.0
_ROOT2, _ROOT3 = np.sqrt(2.0), np.sqrt(3.0)
# Rows a1, a2, a3 in units of the distance of nearest neighbours. a1 is along x; a3 leans as little as it can among
# the steps to a nearest neighbour in the next layer.
_TRIANGULAR = ((1.0, 0.0, 0.0), (_HALF, _ROOT3 / 2.0, 0.0))
_VECTORS = {
    ("simple cubic", None): ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ("square", None): ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ("hexagonal", None): (*_TRIANGULAR, (0.0, 0.0, 1.0)),
    ("fcc", 100): ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (_HALF, _HALF, _ROOT2 / 2.0)),
    ("fcc", 110): ((1.0, 0.0, 0.0), (0.0, _ROOT2, 0.0), (_HALF, _ROOT2 / 2.0, _HALF)),
    ("fcc", 111): (*_TRIANGULAR, (_HALF, _ROOT3 / 6.0, _ROOT2 / _ROOT3)),
    ("bcc", 100): ((2.0 / _ROOT3, 0.0, 0.0), (0.0, 2.0 / _ROOT3, 0.0), (1.0 / _ROOT3, 1.0 / _ROOT3, 1.0 / _ROOT3)),
    ("bcc", 110): (
        (1.0, 0.0, 0.0),
        (-_THIRD, 2.0 * _ROOT2 / 3.0, 0.0),
        (_THIRD, _ROOT2 / 3.0, _ROOT2 / _ROOT3),
    ),
    ("bcc", 111): (
        (2.0 * _ROOT2 / _ROOT3, 0.0, 0.0),
        (_ROOT2 / _ROOT3, _ROOT2, 0.0),
        (_ROOT2 / _ROOT3, _ROOT2 / 3.0, _THIRD),
    ),
}


def primitive_vectors(kind: str, surface: int | None = None) -> np.ndarray:
    """Primitive vectors of a named lattice.

    Parameters
    ----------
    kind : str
        One of `NAMED`.
    surface : int, optional
        Of fcc and bcc: Miller index of the plane of a1 and a2.

    Returns
    -------
    vectors : float64, shape (3, 3)
        Rows a1, a2, a3 in units of the distance of nearest neighbours; a1 and a2 in the plane z = 0.

    Raises
    ------
    KeyError
        If there is no such lattice.
    """
    return np.array(_VECTORS[kind, surface])


def offsets_within(basis: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """All offsets up to a length, (0, 0, 0) not among them.

    Parameters
    ----------
    basis : float64, shape (3, 3)
        Rows a3, a2, a1.
    radius : float
        In the unit of the basis.

    Returns
    -------
    offsets : int64, shape (n, 3)
        (dk, dj, di) in lexicographic order.
    lengths : float64, shape (n,)
    """
    # An offset is the cartesian vector times the inverse basis, so each index is at most radius times a column of it.
    reach = np.floor(radius * np.linalg.norm(np.linalg.inv(basis), axis=0) + 1e-9).astype(int)
    offsets = np.array(list(product(*(range(-n, n + 1) for n in reach))), dtype=np.int64)
    lengths = np.linalg.norm(offsets @ basis, axis=1)
    keep = (lengths <= radius) & offsets.any(axis=1)
    return offsets[keep], lengths[keep]


def shells(basis: np.ndarray, n: int) -> list[list[tuple[int, int, int]]]:
    """The nearest n neighbour shells.

    Parameters
    ----------
    basis : float64, shape (3, 3)
        Rows a3, a2, a1.
    n : int

    Returns
    -------
    shells : list of list of (int, int, int)
        Offsets of equal length, within `TOLERANCE`, nearest shell first; each in lexicographic order.
    """
    radius = 1.1 * float(np.linalg.norm(basis, axis=1).min())
    while True:
        offsets, lengths = offsets_within(basis, radius)
        found: list[list[tuple[int, int, int]]] = []
        start = 0.0
        for index in np.argsort(lengths, kind="stable"):
            if lengths[index] > start * (1.0 + TOLERANCE):
                start = lengths[index]
                found.append([])
            found[-1].append(tuple(offsets[index].tolist()))
        # The last shell may have members just beyond the radius.
        if len(found) > n:
            return [sorted(shell) for shell in found[:n]]
        radius *= 1.5


def point_group(basis: np.ndarray) -> np.ndarray:
    """Rotations and reflections that map a lattice onto itself, as matrices of whole numbers.

    Parameters
    ----------
    basis : float64, shape (3, 3)
        Rows a3, a2, a1.

    Returns
    -------
    operations : int64, shape (n_operations, 3, 3)
        M with M G M^T = G for row offsets times M^T: an offset (dk, dj, di) goes to M times it as a column.

    Notes
    -----
    An operation is known from the images of the three vectors: lattice vectors of the same lengths with the same
    scalar products, M^T G M = G with the Gram matrix G of the basis. Products count as equal within twice
    `TOLERANCE` of the lengths involved.
    """
    gram = basis @ basis.T
    length = np.sqrt(np.diag(gram))
    offsets, lengths = offsets_within(basis, (1.0 + TOLERANCE) * float(length.max()))
    images = [offsets[np.abs(lengths - each) <= TOLERANCE * each] for each in length]
    allowed = 2.0 * TOLERANCE * np.outer(length, length)
    found = []
    for first in images[0]:
        for second in images[1]:
            if abs(first @ gram @ second - gram[0, 1]) > allowed[0, 1]:
                continue
            for third in images[2]:
                matrix = np.stack([first, second, third], axis=1)
                if (np.abs(matrix.T @ gram @ matrix - gram) <= allowed).all():
                    found.append(matrix)
    return np.array(found, dtype=np.int64)


def contacts(basis: np.ndarray) -> list[tuple[int, int, int]]:
    """Neighbours with which a site shares a face, when each site owns the points that are nearest to it.

    Parameters
    ----------
    basis : float64, shape (3, 3)
        Rows a3, a2, a1.

    Returns
    -------
    contacts : list of (int, int, int)
        Offsets in lexicographic order: 6 on the simple cubic lattice, 12 on fcc, 14 on bcc, 8 on the simple hexagonal.

    Notes
    -----
    The cell of a site has a face towards v if and only if v and -v are the only shortest vectors among all that
    differ from v by twice a lattice vector.

    References
    ----------
    G. Voronoi, J. Reine Angew. Math. 134, 198 (1908), doi:10.1515/crll.1908.134.198; J. H. Conway and N. J. A. Sloane,
    Proc. R. Soc. Lond. A 436, 55 (1992), doi:10.1098/rspa.1992.0004, theorem 2.
    """
    # The mean of |+-a1 +-a2 +-a3|^2 over the signs bounds the shortest vector of every such class.
    offsets, lengths = offsets_within(basis, (1.0 + TOLERANCE) * float(np.linalg.norm(basis)))
    found = []
    for parity in product((0, 1), repeat=3):
        members = np.flatnonzero((offsets % 2 == parity).all(axis=1))
        if not any(parity) or not members.size:
            continue
        nearest = members[lengths[members] <= (1.0 + TOLERANCE) * lengths[members].min()]
        if len(nearest) == 2:
            found += [tuple(offset) for offset in offsets[nearest].tolist()]
    return sorted(found)


def orbits(offsets: Sequence[tuple[int, int, int]], operations: np.ndarray) -> list[list[tuple[int, int, int]]]:
    """Sets of offsets that the operations turn into each other.

    Parameters
    ----------
    offsets : sequence of (int, int, int)
        Closed under the operations.
    operations : int64, shape (n_operations, 3, 3)

    Returns
    -------
    orbits : list of list of (int, int, int)
        In the order of their first members above (0, 0, 0), each in lexicographic order.
    """
    found: list[list[tuple[int, int, int]]] = []
    for offset in sorted(offsets, key=lambda each: (each < (0, 0, 0), each)):
        if not any(offset in orbit for orbit in found):
            images = operations @ np.array(offset)
            found.append(sorted({tuple(image) for image in images.tolist()}))
    return found


def hop_length(displacements: np.ndarray) -> float | None:
    """Length a for which hops of rate D/a^2 along each of some displacements diffuse with D.

    Parameters
    ----------
    displacements : float64, shape (n, 3), [m]

    Returns
    -------
    hop_length : float or None, [m]
        None if the hops spread at different speeds in different directions of the space that they span.

    Notes
    -----
    The mean of dx dx^T grows as t Gamma S with S = sum of dx dx^T. If its eigenvalues other than zero are all one and
    the same s, a walker has Gamma s = 2 D in each of the d directions that it can reach, thus a^2 = s/2 =
    sum |dx|^2/(2 d): a on the simple cubic and the square lattice, sqrt(3/2) a for a triangular layer, sqrt(2) a
    on fcc.

    References
    ----------
    A. Einstein, Ann. Phys. 322, 549 (1905), doi:10.1002/andp.19053220806.
    """
    eigenvalues = np.linalg.eigvalsh(displacements.T @ displacements)
    reached = eigenvalues[eigenvalues > 1e-9 * eigenvalues[-1]]
    if reached[0] < (1.0 - 4.0 * TOLERANCE) * reached[-1]:
        return None
    return float(np.sqrt(reached.mean() / 2.0))

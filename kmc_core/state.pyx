# SPDX-License-Identifier: BSD-3-Clause
"""Geometry and occupation of the lattice."""
import numpy as np

MAX_SITES = 2**32 // 3
"""int: beyond a corner, the wrapped coordinates add n_sites three times, in 32 bits."""


NEAREST = [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [0, 0, 1], [0, 1, 0], [1, 0, 0]]
"""list: offsets (dz, dy, dx) to the nearest neighbours of the simple cubic lattice, as rules list them."""

OUTSIDE = 2**31
"""int: what leads from any site to beyond the last one, and stays within 32 bits."""


cdef class LatticeState:
    """Species of every site, with the neighbours found by arithmetic instead of a table.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
        Initial species; copied.
    periodic : bool, shape (3,)
        For z, y, x: periodic, or walled (beyond a wall is the species `outside`).
    offsets : int32, shape (n_positions, 3)
        Neighbour positions (dz, dy, dx), without (0, 0, 0), closed under inversion.
    outside : int
        Species index that stands for "no site there".

    Raises
    ------
    ValueError
        If the box is empty in one direction only or has MAX_SITES sites or more, or if the offsets are not closed
        under inversion.
    """

    def __init__(self, species, periodic, offsets, int outside):
        species = np.asarray(species, dtype=np.uint8)
        offsets = np.ascontiguousarray(offsets, dtype=np.int32).reshape(-1, 3)
        if species.ndim != 3 or not (0 < species.size < MAX_SITES or species.shape == (0, 0, 0)):
            raise ValueError(f"species must have shape (nz, ny, nx) with less than {MAX_SITES} sites, not "
                             f"{species.shape}")
        if len(offsets) > MAX_POSITIONS:
            raise ValueError(f"{len(offsets)} neighbour positions; at most {MAX_POSITIONS} are supported")
        self.nz, self.ny, self.nx = species.shape
        self.n_sites = species.size
        self.n_positions = len(offsets)
        self.magic_x = 0 if self.nx <= 1 else (2**64 - 1) // int(self.nx) + 1
        self.magic_y = 0 if self.ny <= 1 else (2**64 - 1) // int(self.ny) + 1
        self.species = np.append(species.ravel(), np.uint8(outside))
        self.opposite = _opposites(offsets)
        reach = int(np.abs(offsets).max(initial=0))
        self.reach = reach
        self.shift = np.ascontiguousarray(offsets[:, ::-1] + reach, dtype=np.int32)
        strides = {"z": self.nx * self.ny, "y": self.nx, "x": 1}
        sizes = dict(zip("zyx", species.shape, strict=True))
        tables = {}
        for axis, wraps in zip("zyx", periodic, strict=True):
            coordinate = np.arange(-reach, sizes[axis] + reach)
            inside = (coordinate >= 0) & (coordinate < sizes[axis])
            wrapped = (coordinate % max(sizes[axis], 1)) * strides[axis]  # a run of the solution alone has no sites
            tables[axis] = np.where(inside | bool(wraps), wrapped, self.n_sites).astype(np.uint32)
        self.wrap_x, self.wrap_y, self.wrap_z = tables["x"], tables["y"], tables["z"]
        reaches = np.abs(offsets).max(axis=0, initial=0)
        self.reach_z, self.reach_y, self.reach_x = reaches
        self.inner_z, self.inner_y, self.inner_x = np.maximum(species.shape - 2 * reaches, 0)
        self.is_cubic = np.array_equal(offsets, NEAREST)
        self.is_walled, self.is_walled_in_xy = not np.all(periodic), not np.all(periodic[1:])
        self.beside_z, self.beside_y, self.beside_x = (
            _beside(size, strides[axis], wraps) for axis, size, wraps in zip("zyx", species.shape, periodic, strict=True))
        self.first_x, self.first_y, self.first_z = &self.beside_x[1, 0], &self.beside_y[1, 0], &self.beside_z[1, 0]
        self.step = np.append(offsets @ [strides["z"], strides["y"], strides["x"]], 0).astype(np.int32)

    def neighbours_of(self, site_t site):
        """uint32, shape (n_positions,): neighbours of one site, for tests and tables."""
        cdef site_t found[MAX_POSITIONS]
        cdef int j
        self.neighbours(site, found)
        return np.array([found[j] for j in range(self.n_positions)], dtype=np.uint32)

    def shifts_of(self, positions):
        """int32, shape (len(positions), 3): where the tables of coordinates have these; -1 is the site itself."""
        return np.append(self.shift, np.full((1, 3), self.reach, dtype=np.int32), axis=0)[positions]

    def neighbours_beside(self, site_t site, int position):
        """uint32, shape (6,): neighbours of a neighbour on the simple cubic lattice, out of the rows of the site."""
        cdef site_t around[6]
        cdef site_t found[6]
        cdef cubic_rows rows
        cdef int j
        dz, dy, dx = NEAREST[position]
        self.find_rows(site, &rows)
        self.cubic_neighbours(site, &rows, 0, 0, 0, around)
        self.cubic_neighbours(around[position], &rows, dx, dy, dz, found)
        return np.array([found[j] for j in range(6)], dtype=np.uint32)

    @property
    def inside(self):
        """uint8, shape (n_sites,): whether no position around a site lies across a boundary."""
        sizes, reaches = (self.nz, self.ny, self.nx), (self.reach_z, self.reach_y, self.reach_x)
        z, y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]) >= reach for n, reach in zip(sizes, reaches, strict=True))
        return (z[:, None, None] & y[:, None] & x).astype(np.uint8).ravel()

    @property
    def occupation(self):
        """uint8 view, shape (n_sites,): species of every site; live, read-only."""
        view = np.asarray(self.species)[:self.n_sites]
        view.flags.writeable = False
        return view


def _beside(size, stride, wraps):
    """uint32, shape (size + 2, 2): what leads from each coordinate to the one before and the one after, modulo 2**32.

    Behind the row of the last coordinate and before those of all, so that a step across the boundary finds its row too.
    """
    found = np.full((size, 2), [-stride, stride], dtype=np.int64)
    if size == 0:
        return np.zeros((2, 2), dtype=np.uint32)
    found[0, 0], found[-1, 1] = ((size - 1) * stride, -(size - 1) * stride) if wraps else (OUTSIDE, OUTSIDE)
    return (np.concatenate([found[-1:], found, found[:1]]) % 2**32).astype(np.uint32)


def _opposites(offsets):
    """int32, shape (n_positions,): index of the negative of each offset."""
    index = {tuple(offset): j for j, offset in enumerate(offsets.tolist())}
    missing = [offset for offset in index if tuple(-c for c in offset) not in index]
    if missing or (0, 0, 0) in index or len(index) != len(offsets):
        raise ValueError(f"offsets must be distinct, non-zero and closed under inversion; no partner for {missing}")
    return np.array([index[tuple(-c for c in offset)] for offset in index], dtype=np.int32)

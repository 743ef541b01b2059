# SPDX-License-Identifier: BSD-3-Clause
"""Electron tunnelling along the normal of the electrode.

The transmission to a site is exp(-sum of beta a) over the sites below it in its own column, each with the decay
constant of the species that sits there. The sums are integers (multiples of `quantum`), so they are exact, and each
distinct one is a *level*: a part of the environment that tells apart sites with different rates.
"""
import mmap

import numpy as np


cdef class ElectronPaths:
    """Accumulated decay of every site, kept up to date column by column.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
        Initial species.
    decay : int64, shape (n_species + 1,)
        Quanta that one site of each species adds; all zero with cutoff < 0 switches the bookkeeping off.
    quantum : float
        Decay exponent of one quantum, dimensionless.
    cutoff : int
        Accumulated quanta beyond which a site is out of reach of electrons.
    """

    def __init__(self, species, decay, double quantum, int64_t cutoff):
        self.quantum = quantum
        self.cutoff = cutoff
        self.enabled = cutoff >= 0
        self.decay = np.ascontiguousarray(decay, dtype=np.int64)
        self.value = untouched(65537 if self.enabled else 1, np.int64)
        self.transmission = untouched(65537 if self.enabled else 1, np.float64)
        self.table = untouched(131072 if self.enabled else 1, np.int32)
        self.n_levels = 1
        self.level = np.zeros(species.size if self.enabled else 1, dtype=np.uint16)
        if self.enabled:
            self._fill(species)

    def accumulated(self, species):
        """int64, shape (nz, ny, nx): quanta below each site, from the species alone."""
        own = np.asarray(self.decay)[species]
        return np.cumsum(own, axis=0) - own

    def _fill(self, species):
        cdef bint is_first = self.n_levels == 1
        species = np.ascontiguousarray(species, dtype=np.uint8)
        fill(self, species.ravel(), len(species))
        if is_first and self.n_levels <= 65536:  # beyond, the engine stops with an error
            renumber(self)

    @property
    def exponents(self):
        """float64, shape (n_levels,): decay exponent of each level; infinite for level 0 (out of reach)."""
        found = np.asarray(self.value)[:self.n_levels] * self.quantum
        found[0] = np.inf
        return found

    @property
    def levels(self):
        """uint16 view, shape (n_sites,): level of every site."""
        return np.asarray(self.level)


cdef int fill(ElectronPaths paths, const species_t[::1] species, int64_t n_layers) except -1:
    """Find the level of every site.

    A tenth of the time that NumPy takes to add up, sort and look up, which was a third of that to set up a sector.
    """
    cdef int64_t plane = species.shape[0] // max(n_layers, 1), layer, column, site = 0
    cdef int64_t[::1] quanta = np.zeros(plane, dtype=np.int64)
    for layer in range(n_layers):
        for column in range(plane):
            paths.level[site] = paths.intern(quanta[column])
            quanta[column] += paths.decay[species[site]]
            site += 1
    return 0


cdef int renumber(ElectronPaths paths) except -1:
    """Number the levels in ascending order of their quanta."""
    cdef int level, n = paths.n_levels
    cdef int64_t site
    cdef int64_t[::1] slots = np.array([slot_of(paths, level) for level in range(1, n)], dtype=np.int64)
    cdef level_t[::1] number = np.zeros(n, dtype=np.uint16)
    met = np.array(paths.value[1:n])
    order = np.argsort(met)
    np.asarray(number)[1 + order] = np.arange(1, n)
    for level in range(n - 1):
        paths.table[slots[level]] = 0
    paths.n_levels = 1
    for quanta in met[order].tolist():
        paths.intern(quanta)
    for site in range(paths.level.shape[0]):
        paths.level[site] = number[paths.level[site]]
    return 0


cdef int64_t slot_of(ElectronPaths paths, int level) noexcept:
    """Where a level is in the table."""
    cdef int64_t slot = (<uint64_t> paths.value[level] * 0x9E3779B97F4A7C15ULL) >> 47
    while paths.table[slot] != level:
        slot = (slot + 1) & 131071
    return slot


def untouched(n, dtype):
    """Zeros that take memory only where something is written; of a sector, 1.2 MB of 1.6.

    `numpy.zeros` does so too, until memory of that size has been freed once: then it is used again and filled.
    """
    n_bytes = n * np.dtype(dtype).itemsize
    if n_bytes < mmap.PAGESIZE or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.zeros(n, dtype=dtype)
    return np.frombuffer(mmap.mmap(-1, n_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), dtype=dtype)

# SPDX-License-Identifier: BSD-3-Clause
"""Electron tunnelling along the normal of the electrode.

The transmission to a site is exp(-sum of beta a) over the sites below it in its own column, each with the decay
constant of the species that sits there. The sums are integers (multiples of `quantum`), so they are exact, and each
distinct one is a *level*: a part of the environment that tells apart sites with different rates.
"""
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
        self.value = np.zeros(65537 if self.enabled else 1, dtype=np.int64)
        self.transmission = np.zeros(65537 if self.enabled else 1)
        self.table = np.zeros(131072 if self.enabled else 1, dtype=np.int32)
        self.n_levels = 1
        self.level = np.zeros(species.size if self.enabled else 1, dtype=np.uint16)
        if self.enabled:
            self._fill(species)

    def accumulated(self, species):
        """int64, shape (nz, ny, nx): quanta below each site, from the species alone."""
        own = np.asarray(self.decay)[species]
        return np.cumsum(own, axis=0) - own

    def _fill(self, species):
        quanta = np.minimum(self.accumulated(species), self.cutoff + 1)
        distinct, inverse = np.unique(quanta, return_inverse=True)
        levels = np.array([self.intern(q) for q in distinct.tolist()], dtype=np.uint16)
        self.level = np.ascontiguousarray(levels[inverse.ravel()])

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

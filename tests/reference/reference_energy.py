# SPDX-License-Identifier: BSD-3-Clause
"""The energy of a cluster expansion in plain Python: every set of sites that looks like a cluster, counted once.

What looks like a cluster is found by distances alone: sites that are as far from each other as those of the cluster.
No point group, no placements, no sums around a site. Right where equal distances mean equal by symmetry, which holds
on square, simple cubic, fcc and bcc lattices for small clusters.
"""

from itertools import product

import numpy as np

QUANTA_PER_EV = 10**9


class ReferenceEnergy:
    """Energy of a lattice.

    Parameters
    ----------
    clusters : sequence of (offsets, species, energy)
        Offsets (dz, dy, dx), a species for each, and the energy [eV].
    lattice : kmc.lattice.Lattice
    """

    def __init__(self, clusters, lattice):
        self.lattice = lattice
        self.sets = []  # per cluster: quanta, sites (n_sets, n_members), species (n_sets, n_members)
        for offsets, species, energy in clusters:
            found = {
                tuple(sorted(zip(sites, species, strict=True)))
                for shape in self.congruent(np.array(offsets))
                for sites in self.everywhere(shape)
            }
            table = np.array(sorted(found), dtype=np.int64).reshape(-1, len(species), 2)
            self.sets.append((round(energy * QUANTA_PER_EV), table[:, :, 0], table[:, :, 1]))

    def congruent(self, offsets):
        """Ordered offsets, the first at the origin, with the same distances as the given ones."""
        wanted = self.lattice.displacement(offsets) / self.lattice.spacing
        reach = 2 * int(np.abs(offsets - offsets[0]).max()) + 1
        flat = 0 if self.lattice.kind == "square" else reach
        steps = np.array(list(product(range(-reach, reach + 1), range(-flat, flat + 1), range(-reach, reach + 1))))
        places = self.lattice.displacement(steps) / self.lattice.spacing
        partial = [((0, 0, 0),)]
        for k in range(1, len(offsets)):
            longer = []
            for chosen in partial:
                fits = np.ones(len(steps), dtype=bool)
                for j, step in enumerate(chosen):
                    here = self.lattice.displacement(np.array(step)) / self.lattice.spacing
                    distance = np.linalg.norm(places - here, axis=1)
                    fits &= np.abs(distance - np.linalg.norm(wanted[k] - wanted[j])) < 1e-6
                longer += [(*chosen, tuple(step)) for step in steps[fits].tolist()]
            partial = longer
        return partial

    def everywhere(self, shape):
        """Site numbers of a shape at every site of the box, where it does not reach beyond a wall."""
        box, periodic = self.lattice.shape, self.lattice.periodic
        for origin in product(*map(range, box)):
            places = np.array(origin) + np.array(shape)
            wrapped = places % np.array(box)
            if not ((places != wrapped) & ~np.array(periodic)).any():
                yield np.ravel_multi_index(wrapped.T, box).tolist()

    def quanta(self, species):
        """Energy of a configuration, uint8 of any shape, in quanta of 1 neV."""
        flat = np.asarray(species).ravel()
        return sum(
            quanta * int((flat[sites] == kinds).all(axis=1).sum()) for quanta, sites, kinds in self.sets
        )

    def energy(self, species):
        """Energy of a configuration [eV]."""
        return self.quanta(species) / QUANTA_PER_EV

    def change(self, species, sites, new):
        """Energy change [eV] when the given sites get new species."""
        after = np.array(species).ravel()
        before = self.quanta(after)
        after[list(sites)] = new
        return (self.quanta(after) - before) / QUANTA_PER_EV

# SPDX-License-Identifier: BSD-3-Clause
"""Energies of sites from a cluster expansion.

About the algorithm
-------------------
The surroundings of a site have a key, a sum of random 64-bit weights over positions, kept up to date by additions. The
energies that belong to a key are worked out when it is met and remembered in a table with one key to a slot; surroundings
come back, so most energies are one look-up. Two surroundings share a key with a probability below n**2 / 2**65 for n of
them. Energies are whole numbers of 1e-9 eV: sums are exact, and so is detailed balance.
"""
import numpy as np

from kmc_core.interactions import check_interactions

SLOTS = 1 << 20
"""int: surroundings that are remembered; fewer slots were slower, though they fit into a nearer cache."""



cdef class SiteEnergies:
    """Energies of all sites.

    Parameters
    ----------
    interactions : kmc_core.Interactions or None
        None: nothing is kept.
    rules : kmc_core.Rules
    state : LatticeState
    shape, periodic : of the box
    """

    def __init__(self, interactions, rules, LatticeState state, shape, periodic):
        self.enabled = interactions is not None
        if not self.enabled:
            return
        self.given = (interactions, rules, shape, periodic)
        check_interactions(interactions, rules, shape, periodic)
        self.n_species = rules.n_species
        n_positions = len(interactions.offsets)
        self.surroundings = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, interactions.offsets,
                                         rules.n_species)
        self.surroundings.species = state.species
        self._place(interactions, n_positions)
        self.weight = _weights(interactions, n_positions, rules.n_species)
        self.pair_position = _pair_positions(interactions, rules)
        self.set_lines(interactions)
        self.key = self.rebuilt_keys()
        self.shift = 64 - (SLOTS.bit_length() - 1)
        self.cached = np.full((SLOTS, 1 + len(self.alone)), -1, dtype=np.int64)

    def _place(self, interactions, int n_positions):
        """Sort the placements by centre, first position and the species there, so that a look skips most of them."""
        centres = np.unique(interactions.centre)
        centre_of = np.full(self.n_species, -1, dtype=np.int32)
        centre_of[centres] = np.arange(len(centres))
        self.centre_of = centre_of
        alone = np.zeros(len(centres), dtype=np.int64)
        rows, n_any = [], self.n_species + 1
        for k, species in enumerate(np.asarray(interactions.centre).tolist()):
            part = slice(interactions.other_ptr[k], interactions.other_ptr[k + 1])
            others = sorted(zip(np.asarray(interactions.other_position)[part].tolist(),
                                np.asarray(interactions.other_species)[part].tolist(), strict=True))
            if not others:
                alone[centre_of[species]] += interactions.energy[k]
                continue
            padded = others[1:] + [(-1, -1)] * (3 - len(others))
            bucket = (int(centre_of[species]) * n_positions + others[0][0]) * n_any + others[0][1]
            rows.append((bucket, padded, int(interactions.energy[k])))
        rows.sort(key=lambda row: row[0])
        starts = np.searchsorted([row[0] for row in rows], np.arange(len(centres) * n_positions * n_any + 1))
        self.alone, self.bucket = alone, starts.astype(np.int32)
        self.energy = np.array([row[2] for row in rows], dtype=np.int64)
        members = np.array([row[1] for row in rows], dtype=np.int32).reshape(-1, 2, 2)
        self.position = np.ascontiguousarray(members[:, :, 0])
        self.species = np.ascontiguousarray(members[:, :, 1])

    def set_lines(self, interactions):
        """Take over how barriers follow energies, and the temperature."""
        self.line_ptr = np.array(interactions.line_ptr, dtype=np.int32)
        self.line_slope = np.array(interactions.line_slope, dtype=np.float64)
        self.line_intercept = np.array(interactions.line_intercept, dtype=np.float64)
        self.thermal = interactions.thermal

    def rebuilt_keys(self):
        """uint64, shape (n_sites,): the keys that the species imply."""
        cdef site_t around[MAX_POSITIONS]
        cdef uint64_t[::1] key = np.zeros(self.surroundings.n_sites, dtype=np.uint64)
        cdef site_t site
        cdef int j
        for site in range(self.surroundings.n_sites):
            self.surroundings.neighbours(site, around)
            for j in range(self.surroundings.n_positions):
                key[site] += self.weight[j, self.surroundings.species[around[j]]]
        return np.asarray(key)

    cdef void compute(self, site_t site, uint64_t key, uint64_t slot) noexcept nogil:
        """Work the energies of a site out from what surrounds it now, and remember them."""
        cdef site_t around[MAX_POSITIONS]
        cdef species_t seen[MAX_POSITIONS]
        cdef int n_centres = self.alone.shape[0], n_positions = self.surroundings.n_positions
        cdef int centre, j, k, first
        cdef int64_t total
        cdef species_t* lattice = &self.surroundings.species[0]
        self.surroundings.neighbours(site, around)
        for j in range(n_positions):
            seen[j] = lattice[around[j]]
        for centre in range(n_centres):
            total = self.alone[centre]
            for j in range(n_positions):
                first = (centre * n_positions + j) * (self.n_species + 1) + seen[j]
                for k in range(self.bucket[first], self.bucket[first + 1]):
                    if ((self.position[k, 0] < 0 or seen[self.position[k, 0]] == self.species[k, 0])
                            and (self.position[k, 1] < 0 or seen[self.position[k, 1]] == self.species[k, 1])):
                        total += self.energy[k]
            self.cached[slot, 1 + centre] = total
        self.cached[slot, 0] = <int64_t> key

    def forgetful(self, LatticeState state):
        """SiteEnergies: another one of the same lattice that remembers nothing yet, for comparison."""
        interactions, rules, shape, periodic = self.given
        return SiteEnergies(interactions, rules, state, shape, periodic)

    def energies_of(self, site_t site):
        """list of int: energy of every interacting species on a site as its surroundings are now [quanta]."""
        return [self.energy_of(site, species, self.key[site]) for species in range(self.n_species)
                if self.centre_of[species] >= 0]

    @property
    def keys(self):
        """uint64 view, shape (n_sites,): keys of the surroundings."""
        return np.asarray(self.key)


def _weights(interactions, n_positions, n_species):
    """uint64, shape (n_positions, n_species + 1): random where a cluster looks for a species, else 0."""
    generator = np.random.Generator(np.random.PCG64(20221103))
    weight = generator.integers(1, 2**64 - 1, size=(n_positions, n_species + 1), dtype=np.uint64)
    looked_at = np.zeros(weight.shape, dtype=bool)
    looked_at[interactions.other_position, interactions.other_species] = True
    return np.where(looked_at, weight, np.uint64(0))


def _pair_positions(interactions, rules):
    """int32, shape (n_changes, most changes of a rule): position at which a change sees another one of its rule."""
    index = {tuple(offset): j for j, offset in enumerate(np.asarray(interactions.offsets).tolist())}
    most = int(np.diff(rules.change_ptr).max(initial=1))
    found = np.full((len(rules.change_position), most), -1, dtype=np.int32)
    place = [(0, 0, 0) if p < 0 else tuple(np.asarray(rules.offsets)[p].tolist()) for p in rules.change_position]
    for first, end in zip(rules.change_ptr[:len(rules.change_ptr) - 1], rules.change_ptr[1:], strict=True):
        for k in range(first, end):
            for other in range(first, end):
                step = tuple(b - a for a, b in zip(place[k], place[other], strict=True))
                found[k, other - first] = index.get(step, -1)
    return found

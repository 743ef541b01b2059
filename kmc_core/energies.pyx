# SPDX-License-Identifier: BSD-3-Clause
"""Energies of sites from a cluster expansion.

About the algorithm
-------------------
The surroundings of a site have a key, a sum of random 64-bit weights over positions, kept up to date by additions. The
energies that belong to a key are worked out when it is met and remembered in a table with one key to a slot; where
surroundings come back, most energies are one look-up. To work them out, the positions are covered by a few blocks that
hold all clusters between them; each block has a table over everything that can stand on it, so that hundreds of clusters
cost some ten look-ups. Two surroundings share a key with a probability below n**2 / 2**65 for n of
them. Energies are whole numbers of 1e-9 eV: sums are exact, and so is detailed balance.
"""
import numpy as np

from kmc_core.interactions import MAX_OTHERS, check_interactions

SLOTS = 1 << 20
"""int: surroundings that are remembered; fewer slots were slower, though they fit into a nearer cache."""


BLOCK_ROWS = 1 << 13
"""int: largest table of a block; tables of all blocks together should fit into a near cache."""


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
        self._place(interactions)
        self.weight = _weights(interactions, n_positions, rules.n_species)
        self.pair_position = _pair_positions(interactions, rules)
        self.set_lines(interactions)
        self.key = self.rebuilt_keys()
        self.shift = 64 - (SLOTS.bit_length() - 1)
        self.cached = np.full((SLOTS, 1 + len(self.alone)), -1, dtype=np.int64)

    def _place(self, interactions):
        """Tables of energies: for every block of positions, over all that can stand there, for every centre."""
        centres = np.unique(interactions.centre)
        centre_of = np.full(self.n_species, -1, dtype=np.int32)
        centre_of[centres] = np.arange(len(centres))
        self.centre_of = centre_of
        kinds, clusters, alone = _clusters(interactions, centre_of, self.n_species)
        blocks = _blocks({where for where, _, _, _ in clusters}, int(kinds.max(initial=0)) + 1)
        strides = [(int(kinds.max(initial=0)) + 1) ** np.arange(len(block)) for block in blocks]
        sizes = [int(kinds.max(initial=0) + 1) ** len(block) for block in blocks]
        energy = [np.zeros((size, len(centres)), dtype=np.int64) for size in sizes]
        for where, species, centre, quanta in clusters:
            b = next(i for i, block in enumerate(blocks) if where <= set(block))
            shown = np.ones(sizes[b], dtype=bool)
            for place, each in species:
                digit = np.arange(sizes[b]) // strides[b][blocks[b].index(place)] % (kinds.max() + 1)
                shown &= digit == kinds[each]
            energy[b][shown, centre] += quanta
        self.alone = alone
        self.block_ptr = np.cumsum([0] + [len(block) for block in blocks]).astype(np.int32)
        self.block_position = np.array([place for block in blocks for place in block], dtype=np.int32)
        steps = np.concatenate([np.zeros(0, dtype=np.int64), *strides])
        self.block_digit = (steps[:, None] * kinds[None, :]).astype(np.int32)
        self.block_start = np.cumsum([0, *sizes])[:len(sizes)].astype(np.int64)
        self.block_energy = np.concatenate([np.zeros((0, len(centres)), dtype=np.int64), *energy])

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
        cdef int n_centres = self.alone.shape[0], n_blocks = self.block_start.shape[0], centre, block, k
        cdef int64_t row
        cdef species_t* lattice = &self.surroundings.species[0]
        cdef int64_t* energy = &self.cached[slot, 1]
        self.surroundings.neighbours(site, around)
        for centre in range(n_centres):
            energy[centre] = self.alone[centre]
        for block in range(n_blocks):
            row = self.block_start[block]
            for k in range(self.block_ptr[block], self.block_ptr[block + 1]):
                row += self.block_digit[k, lattice[around[self.block_position[k]]]]
            for centre in range(n_centres):
                energy[centre] += self.block_energy[row, centre]
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


def _clusters(interactions, centre_of, n_species):
    """Placements by their positions.

    Returns
    -------
    kinds : int64, shape (n_species + 1,)
        Number of every species that is part of a cluster, from 1; 0 for all others.
    clusters : list of (frozenset of position, list of (position, species), centre, energy)
    alone : int64, shape (n_centres,)
        Energy of a site by itself [quanta].
    """
    kinds = np.zeros(n_species + 1, dtype=np.int64)
    members = np.unique(interactions.other_species)
    kinds[members] = np.arange(1, len(members) + 1)
    alone, clusters = np.zeros(int(centre_of.max(initial=-1)) + 1, dtype=np.int64), []
    for k, species in enumerate(np.asarray(interactions.centre).tolist()):
        part = slice(interactions.other_ptr[k], interactions.other_ptr[k + 1])
        others = list(zip(np.asarray(interactions.other_position)[part].tolist(),
                          np.asarray(interactions.other_species)[part].tolist(), strict=True))
        if others:
            where = frozenset(place for place, _ in others)
            clusters.append((where, others, int(centre_of[species]), int(interactions.energy[k])))
        else:
            alone[centre_of[species]] += interactions.energy[k]
    return kinds, clusters, alone


def _blocks(wheres, base):
    """Lists of positions, so that every set of positions lies within one of them; greedily, largest sets first."""
    most = max(MAX_OTHERS, int(np.log(BLOCK_ROWS) / np.log(base) + 1e-9))
    blocks = []
    for where in sorted(wheres, key=lambda each: (-len(each), sorted(each))):
        growth = [(len(where - block), i) for i, block in enumerate(blocks) if len(block | where) <= most]
        if growth:
            blocks[min(growth)[1]] |= where
        else:
            blocks.append(set(where))
    return [sorted(block) for block in blocks]


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

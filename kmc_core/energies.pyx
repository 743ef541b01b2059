# SPDX-License-Identifier: BSD-3-Clause
"""Energies of sites from a cluster expansion.

About the algorithm
-------------------
The positions around a site are covered by a few blocks that hold all clusters between them. Each block has a table of
energies over everything that can stand on it, and each site keeps the row of every table that its surroundings show.
So a changed neighbour costs an addition per block that holds it, and the energy of a site one look-up per block,
however many clusters there are. Energies are whole numbers of 1e-9 eV: sums are exact, and so is detailed balance.
"""
import numpy as np

from kmc_core.interactions import MAX_OTHERS, check_interactions
from kmc_core.touched import roles, windows

from libc.math cimport M_LN2


BLOCK_ROWS = 1 << 10
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
        self.surroundings = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, interactions.offsets,
                                         rules.n_species)
        self.surroundings.species = state.species
        self._place(interactions)
        self.pair_position = _pair_positions(interactions, rules)
        self.row = self.rebuilt_rows()
        self.held = np.zeros((state.n_sites, 2, self.n_centres), dtype=np.int64)
        self.energies[:] = self.rebuilt_energies()
        most = int(np.diff(rules.change_ptr).max(initial=1)) * len(interactions.offsets) + 1
        self.crossed, self.n_crossed = np.zeros(most, dtype=np.uint32), 0
        self.set_lines(interactions)

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
        starts = np.cumsum([0, *sizes])
        if len(blocks) > MAX_BLOCKS:
            raise ValueError(f"the clusters need {len(blocks)} blocks of positions; at most {MAX_BLOCKS} are supported")
        self.n_centres = len(centres)
        self.alone, self.n_blocks, self.block_start = alone, len(blocks), starts[:len(sizes)].astype(np.int32)
        self.block_energy = np.concatenate([np.zeros((0, len(centres)), dtype=np.int64), *energy])
        members = sorted((place, b, k) for b, block in enumerate(blocks) for k, place in enumerate(block))
        places = [place for place, _, _ in members]
        self.member_ptr = np.searchsorted(places, np.arange(len(interactions.offsets) + 1)).astype(np.int32)
        self.member_block = np.array([b for _, b, _ in members], dtype=np.int32)
        steps = np.array([strides[b][k] for _, b, k in members], dtype=np.int64)
        self.member_digit = (steps[:, None] * kinds[None, :]).astype(np.int32)

    def set_lines(self, interactions):
        """Take over how barriers follow energies, and the temperature."""
        self.line_ptr = np.array(interactions.line_ptr, dtype=np.int32)
        self.line_slope = np.array(interactions.line_slope, dtype=np.float64)
        self.line_intercept = np.array(interactions.line_intercept, dtype=np.float64)
        self.thermal = interactions.thermal
        self.per_thermal = 1.0 / (interactions.thermal * M_LN2)
        self.window = windows(roles(interactions, self.given[1], np.asarray(self.centre_of))[1], self.thermal)

    cdef void move(self, site_t site, species_t old, species_t new) noexcept nogil:
        """Bring rows and energies of all sites around a changed one up to date."""
        cdef site_t around[MAX_POSITIONS]
        cdef int j
        self.surroundings.neighbours(site, around)
        for j in range(self.surroundings.n_positions):
            if around[j] >= self.surroundings.n_sites:
                continue
            if self.n_centres == 1:   # known to the compiler, which writes out the loops
                shift(self, 1, around[j], self.surroundings.opposite[j], old, new)
            elif self.n_centres == 2:
                shift(self, 2, around[j], self.surroundings.opposite[j], old, new)
            else:
                shift(self, self.n_centres, around[j], self.surroundings.opposite[j], old, new)

    def rebuilt_rows(self):
        """int32, shape (n_sites, n_blocks): the rows that the species imply."""
        cdef site_t around[MAX_POSITIONS]
        cdef int32_t[:, ::1] row = np.zeros((self.surroundings.n_sites, self.n_blocks), dtype=np.int32)
        cdef site_t site
        cdef int j, m, block
        for site in range(self.surroundings.n_sites):
            self.surroundings.neighbours(site, around)
            for block in range(self.n_blocks):
                row[site, block] = self.block_start[block]
            for j in range(self.surroundings.n_positions):
                for m in range(self.member_ptr[j], self.member_ptr[j + 1]):
                    row[site, self.member_block[m]] += self.member_digit[m, self.surroundings.species[around[j]]]
        return np.asarray(row)

    def rebuilt_energies(self):
        """int64, shape (n_sites, n_centres): the energies that the rows imply [quanta]."""
        energy = np.tile(np.asarray(self.alone), (self.surroundings.n_sites, 1))
        for block in range(self.n_blocks):
            energy += np.asarray(self.block_energy)[np.asarray(self.row)[:, block]]
        return energy

    def afresh(self, LatticeState state):
        """SiteEnergies: another one of the same lattice made afresh, for comparison."""
        interactions, rules, shape, periodic = self.given
        return SiteEnergies(interactions, rules, state, shape, periodic)

    @property
    def energies(self):
        """int64 view, shape (n_sites, n_centres): energy of every centre on every site [quanta]."""
        return np.asarray(self.held)[:, 0]

    @property
    def rows(self):
        """int32 view, shape (n_sites, n_blocks): rows of `tables` that each site shows."""
        return np.asarray(self.row)

    @property
    def tables(self):
        """int64 view, shape (n_rows, n_centres): energies of all blocks [quanta]."""
        return np.asarray(self.block_energy)


cdef inline void shift(SiteEnergies self, int n_centres, site_t site, int position, species_t old,
                       species_t new) noexcept nogil:
    """Bring rows and energies of a site up to date after the species at one position around it changed."""
    cdef int32_t* row = &self.row[site, 0]
    cdef int64_t* energy = self.energy(site)
    cdef int64_t* leeway = energy + n_centres
    cdef int64_t* table = &self.block_energy[0, 0]
    cdef int32_t* block = &self.member_block[0]
    cdef int32_t* digit = &self.member_digit[0, 0]
    cdef int32_t own = self.centre_of[self.surroundings.species[site]]
    cdef int64_t before, after
    cdef int64_t change[MAX_CENTRES]  # sums that stay in registers
    cdef int m, c, n_kinds = self.n_species + 1
    cdef bint has_crossed = False
    for c in range(n_centres):
        change[c] = 0
    for m in range(self.member_ptr[position], self.member_ptr[position + 1]):
        before = row[block[m]]
        after = before + digit[m * n_kinds + new] - digit[m * n_kinds + old]
        row[block[m]] = <int32_t> after
        for c in range(n_centres):
            change[c] += table[after * n_centres + c] - table[before * n_centres + c]
    for c in range(n_centres):
        energy[c] += change[c]
        leeway[c] += -change[c] if c == own else change[c]
        has_crossed |= leeway[c] < 0
    if has_crossed:
        self.crossed[self.n_crossed] = site
        self.n_crossed += 1


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

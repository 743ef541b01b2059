# SPDX-License-Identifier: BSD-3-Clause
"""Energies of sites from a cluster expansion.

About the algorithm
-------------------
The positions around a site are covered by a few blocks that hold all clusters between them. Each block has a table of
energies over everything that can stand on it, and each site keeps the row of every table that its surroundings show.
So a changed neighbour costs two look-ups per block that holds it, however many clusters there are. Energies are whole
numbers of 1e-9 eV: sums are exact, and so is detailed balance. They are added up only where a rate has to be exact;
what is kept for every site are its lanes (`lanes`), which tell energy changes of rules nearly. Which rows an event
changes, and by how much, is listed for every rule (`event_lists`); what two changes of an event do to a block of a site
is done at once.
"""
from itertools import pairwise

import numpy as np

from kmc_core.aligned import LINE_BYTES, aligned, aligned_copy
from kmc_core.blocks import blocks_of
from kmc_core.event_arrays import EventArrays
from kmc_core.event_lists import Steps, event_lists
from kmc_core.interactions import QUANTUM, check_interactions, kinds
from kmc_core.lanes import Lanes

from kmc_core.kernels cimport kmc_entry, kmc_event, kmc_run, kmc_site
from kmc_core.state cimport MAX_POSITIONS
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, rule_t, site_t, species_t, uint32_t
from libc.math cimport ceil, fabs, log


cdef double FAR = 4e18                # beyond every energy change [quanta]


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
        self.surroundings = LatticeState(np.zeros(shape, dtype=np.uint8), periodic, interactions.offsets,
                                         rules.n_species)
        self.surroundings.species, self.state = state.species, state
        self._place(interactions, rules.n_species)
        self._list_events(Steps(interactions, rules), state, np.zeros(shape, dtype=np.uint8), periodic)
        self.pair_position = _pair_positions(interactions, rules)
        self.lanes = Lanes(self.steps, self, interactions.thermal)
        self.n_lanes, self.block_lane = self.lanes.n_lanes, aligned_copy(self.lanes.tables)
        self.lane_bits, self.lane_shift = self.n_lanes.bit_length() - 1, self.lanes.shift
        if len(self.block_lane) * self.n_lanes > np.iinfo(np.int32).max:
            raise ValueError("the tables of energies are too large")
        self._make_records()
        self._point()
        self.set_lines(interactions)

    def _list_events(self, steps, LatticeState state, box, periodic):
        """What every rule does to the energies around it."""
        self.steps, self.lists = steps, event_lists(steps, self.members)
        self.reaching = LatticeState(box, periodic, self.lists.offsets, steps.rules.n_species)
        self.reaching.species = state.species
        self.inside = self.reaching.inside

    @property
    def members(self):
        """list of list of (block, stride): for every position, blocks that hold it and what a kind there adds."""
        blocks, strides = np.asarray(self.member_block).tolist(), np.asarray(self.member_stride).tolist()
        ends = zip(self.member_ptr[:len(self.member_ptr) - 1], self.member_ptr[1:], strict=True)
        return [list(zip(blocks[first:end], strides[first:end], strict=True)) for first, end in ends]

    def _place(self, interactions, n_species):
        """Tables of energies: for every block of positions, over all that can stand there, for every centre."""
        centres = np.unique(interactions.centre)
        centre_of = np.full(n_species, -1, dtype=np.int32)
        centre_of[centres] = np.arange(len(centres))
        self.centre_of = centre_of
        kind = kinds(interactions, n_species)
        self.n_kinds = n_kinds = int(kind.max()) + 1
        clusters, alone = _clusters(interactions, centre_of)
        blocks = blocks_of({where for where, _, _, _ in clusters}, n_kinds) or [[]]
        strides = [n_kinds ** np.arange(len(block)) for block in blocks]
        sizes = [n_kinds ** len(block) for block in blocks]
        energy = [np.zeros((size, len(centres)), dtype=np.int64) for size in sizes]
        for where, species, centre, quanta in clusters:
            b = next(i for i, block in enumerate(blocks) if where <= set(block))
            shown = np.ones(sizes[b], dtype=bool)
            for place, each in species:
                digit = np.arange(sizes[b]) // strides[b][blocks[b].index(place)] % n_kinds
                shown &= digit == kind[each]
            energy[b][shown, centre] += quanta
        starts = np.cumsum([0, *sizes])
        if len(blocks) > MAX_BLOCKS:
            raise ValueError(f"the clusters need {len(blocks)} blocks of positions; at most {MAX_BLOCKS} are supported")
        self.n_centres, self.kind = len(centres), kind.astype(np.int32)
        self.alone, self.n_blocks = alone, len(blocks)
        self.block_start = starts[:len(sizes)].astype(np.int32)
        self.block_energy = np.concatenate([np.zeros((0, len(centres)), dtype=np.int64), *energy])
        members = sorted((place, b, k) for b, block in enumerate(blocks) for k, place in enumerate(block))
        places = [place for place, _, _ in members]
        self.member_ptr = np.searchsorted(places, np.arange(len(interactions.offsets) + 1)).astype(np.int32)
        self.member_block = np.array([b for _, b, _ in members], dtype=np.int32)
        self.member_stride = np.array([strides[b][k] for _, b, k in members], dtype=np.int32)

    def set_lines(self, interactions):
        """Take over how barriers follow energies, and the temperature.

        Raises
        ------
        ValueError
            If other processes follow energies than before.
        """
        if not np.array_equal(np.diff(interactions.line_ptr) > 0, np.diff(self.given[0].line_ptr) > 0):
            raise ValueError("line_ptr: the processes that follow energies must stay the same")
        self.line_ptr = np.array(interactions.line_ptr, dtype=np.int32)
        self.line_slope = np.array(interactions.line_slope, dtype=np.float64)
        self.line_intercept = np.array(interactions.line_intercept, dtype=np.float64)
        self.thermal = interactions.thermal
        self._fill_bins(len(interactions.line_ptr) - 1)

    def _fill_bins(self, int n_processes):
        """Factors over bins of energy changes: a factor is largest at the lower end of a bin. Processes whose barriers
        follow energies in the same way share them.

        A bin is kT/16 wide or half of that, if units are fine enough.
        """
        cdef int process, b, shift = self.lane_shift
        self.bin_shift = max(int(np.floor(np.log2(self.thermal / 16.0 / QUANTUM))) - shift, LEAST_BIN)
        self.bin_shift = min(self.bin_shift, 15)
        self.n_bins = (1 << 16) >> self.bin_shift
        lines = [tuple(zip(self.line_slope[first:end], self.line_intercept[first:end], strict=True))
                 for first, end in pairwise(self.line_ptr)]
        numbers = {each: k for k, each in enumerate(dict.fromkeys(lines))}
        self.factors_of = np.array([numbers[each] for each in lines] or [0], dtype=np.int32) * self.n_bins
        self.bin_factor = np.ones((max(len(numbers), 1), self.n_bins))
        for process in range(n_processes):
            for b in range(self.n_bins if self.notices(process) else 0):
                self.bin_factor[self.factors_of[process] // self.n_bins, b] = (1.0 + 1e-12) * self.factor(
                    process, ((<int64_t> b << self.bin_shift) - (1 << 15)) * (<int64_t> 1 << shift))

    cdef double steepest(self, int process) noexcept nogil:
        """Slope of the steepest line of a process."""
        cdef int line
        cdef double found = 0.0
        for line in range(self.line_ptr[process], self.line_ptr[process + 1]):
            found = max(found, self.line_slope[line])
        return found

    cdef int64_t threshold(self, int process, double ratio) noexcept nogil:
        """Energy change [quanta] from which on the factor of a process is at most `ratio`, or a little more."""
        cdef int line
        cdef double lowest = FAR, shift
        if not self.notices(process) or ratio <= 0.0:
            return -<int64_t> FAR if ratio >= 1.0 else <int64_t> FAR
        shift = -self.thermal * log(ratio)
        shift += 1e-12 * (1.0 + fabs(shift))  # more than rounding takes away
        for line in range(self.line_ptr[process], self.line_ptr[process + 1]):
            if self.line_slope[line] > 0.0:
                lowest = min(lowest, (shift - self.line_intercept[line]) / self.line_slope[line] * 1e9)
            elif self.line_intercept[line] >= shift:
                lowest = -FAR
        return <int64_t> ceil(max(lowest, -FAR)) + 1

    def _make_records(self):
        """What is kept of every site, in one line of the cache if it fits."""
        lanes, rows = 2 * self.n_lanes, 4 * self.n_blocks
        size = lanes + rows + sizeof(kmc_site)
        self.record_size = max(1 << (size - 1).bit_length(), 16) if size <= LINE_BYTES else -(-size // 32) * 32
        self.records = aligned((self.surroundings.n_sites, self.record_size), np.uint8)
        self.row = self.records[:, lanes:lanes + rows].view(np.int32)
        self.lane = self.records[:, :lanes].view(np.int16)
        np.asarray(self.row)[:] = self.rebuilt_rows()
        np.asarray(self.lane)[:] = self.rebuilt_lanes()
        self.first_record = <char*> <size_t> self.records.ctypes.data

    def _point(self):
        """Where the rows and lanes are that events change."""
        step = np.append(self.reaching.step[:self.reaching.n_positions], 0).astype(np.int64)
        arrays = EventArrays(self.lists, self.lanes, step, self.record_size, 2 * self.n_lanes)
        self.told_ptr, self.told, self.told_step = arrays.told_ptr, arrays.told, arrays.told_step
        self.near_ptr, self.near, self.runs = arrays.near_ptr, arrays.near, arrays.runs
        self.told_bytes, self.near_bytes = arrays.told_bytes, arrays.near_bytes
        self.run_ptr, self.entry_ptr, self.entries = arrays.run_ptr, arrays.entry_ptr, arrays.entries
        self.shares, self.posted_to = arrays.shares, arrays.posted_to
        self.post, self.post_mask = arrays.posts, aligned_copy(arrays.masks)
        self.told_shift = self.reaching.shifts_of(self.told)
        self.told_now = np.zeros(self.lists.most_told + 1, dtype=np.uint32)
        self.near_now = np.zeros(arrays.most_near + 1, dtype=np.uint32)
        self.entries_now = np.zeros((arrays.most_entries + 1, 2), dtype=np.int32)
        self._gather_events()

    def _gather_events(self):
        """What the loops of `kernels` read of every rule."""
        cdef kmc_event* event
        cdef int rule, entry, near, told, run
        self.events = np.zeros((len(self.told_ptr), sizeof(kmc_event) // 8), dtype=np.int64)
        self.event = <kmc_event*> &self.events[0, 0]
        for rule in range(len(self.told_ptr) - 1):
            event = self.event + rule
            entry, near, told, run = self.entry_ptr[rule], self.near_ptr[rule], self.told_ptr[rule], self.run_ptr[rule]
            event.run, event.n_runs = <kmc_run*> &self.runs[run, 0], self.run_ptr[rule + 1] - run
            event.entry, event.posted_to = <kmc_entry*> &self.entries[entry, 0], &self.posted_to[near, 0]
            event.near, event.told = &self.near_bytes[near], &self.told_bytes[told]
            event.near_site, event.n_told = &self.near_now[0], self.told_ptr[rule + 1] - told
            event.is_mixed = self.shares[entry, 0] >= 0

    cdef void _locate(self, site_t site, rule_t rule) noexcept nogil:
        """Write down the sites that an event is near, and the anchors that it tells, where a boundary is near."""
        cdef int32_t* shift = &self.told_shift[self.told_ptr[rule], 0]
        cdef int32_t* near = &self.near[0] + self.near_ptr[rule]
        cdef site_t* told = &self.told_now[0]
        cdef uint32_t* x
        cdef uint32_t* y
        cdef uint32_t* z
        cdef int k
        self.reaching.locate(site)
        x = &self.reaching.wrap_x[0] + self.reaching.x
        y = &self.reaching.wrap_y[0] + self.reaching.y
        z = &self.reaching.wrap_z[0] + self.reaching.z
        for k in range(self.told_ptr[rule + 1] - self.told_ptr[rule]):
            told[k] = self.reaching._inside(x[shift[0]] + y[shift[1]] + z[shift[2]])
            shift += 3
        for k in range(self.near_ptr[rule + 1] - self.near_ptr[rule]):
            self.near_now[k] = told[near[k]]

    cdef kmc_entry* _entries_now(self, rule_t rule, site_t* changed, species_t* old, int n) noexcept nogil:
        """What an event adds to every row, where that depends on what stood there before."""
        cdef int32_t difference[MAX_DIFFERENCES]
        cdef int first = self.entry_ptr[rule], k
        cdef int32_t* share
        for k in range(n):
            difference[k] = self.kind[self.surroundings.species[changed[k]]] - self.kind[old[k]]
        difference[n] = 0
        for k in range(self.entry_ptr[rule + 1] - first):
            share = &self.shares[first + k, 0]
            self.entries_now[k, 0] = self.entries[first + k, 0]
            self.entries_now[k, 1] = share[1] * difference[share[0]] + share[2] * difference[share[0] + 1]
        return <kmc_entry*> &self.entries_now[0, 0]

    def rebuilt_rows(self):
        """int32, shape (n_sites, n_blocks): the rows that the species imply."""
        cdef site_t around[MAX_POSITIONS]
        cdef int32_t[:, ::1] row = np.zeros((self.surroundings.n_sites, self.n_blocks), dtype=np.int32)
        cdef site_t site
        cdef int j, m, block
        for site in range(self.surroundings.n_sites):
            self.surroundings.neighbours(site, around)
            for block in range(self.n_blocks):
                row[site, block] = self.block_start[block] * self.n_lanes
            for j in range(self.surroundings.n_positions):
                for m in range(self.member_ptr[j], self.member_ptr[j + 1]):
                    row[site, self.member_block[m]] += (self.member_stride[m]
                                                        * self.kind[self.surroundings.species[around[j]]]
                                                        * self.n_lanes)
        return np.asarray(row)

    def rebuilt_lanes(self):
        """int16, shape (n_sites, n_lanes): the lanes that the rows imply [units]; 0 where they are about no site."""
        cdef site_t around[MAX_POSITIONS + 1]
        cdef site_t site, n_sites = self.state.n_sites
        cdef int n_positions = self.state.n_positions, j, b, k
        cdef int16_t[::1] alone = self.lanes.alone
        cdef int16_t[:, ::1] lane = np.zeros((n_sites, self.n_lanes), dtype=np.int16)
        index = {tuple(step): j for j, step in enumerate(np.asarray(self.given[1].offsets).tolist())}
        cdef int32_t[::1] place = np.array([-1 if each is None else index.get(each, n_positions)
                                            for each in self.lanes.places], dtype=np.int32)
        for site in range(n_sites):
            self.state.neighbours(site, around)
            around[n_positions] = site
            for k in range(self.n_lanes):
                if place[k] < 0 or around[place[k]] >= n_sites:
                    continue
                lane[site, k] = alone[k]
                for b in range(self.n_blocks):
                    lane[site, k] += self.block_lane[self.row[around[place[k]], b] >> self.lane_bits, k]
        return np.asarray(lane)

    def afresh(self, LatticeState state):
        """SiteEnergies: another one of the same lattice made afresh, for comparison."""
        interactions, rules, shape, periodic = self.given
        return SiteEnergies(interactions, rules, state, shape, periodic)

    def rows_showing(self, block, stride, kind):
        """int64: rows of a block in which a kind stands at the position with this stride."""
        first = self.block_start[block]
        end = self.block_start[block + 1] if block + 1 < self.n_blocks else len(self.block_energy)
        rows = np.arange(end - first)
        return first + rows[rows // stride % self.n_kinds == kind]

    @property
    def known_of_sites(self):
        """Structured view, shape (n_sites,): what is known of every site but energies: a kmc_site each."""
        fields = np.dtype([("note", np.int32), ("group", np.int16), ("is_slow", np.uint8), ("unused", np.uint8)])
        return self.records[:, self.record_size - fields.itemsize:].view(fields)[:, 0]

    @property
    def posted(self):
        """int16 view, shape (n_sites, n_lanes): lanes of every site [units]."""
        return np.asarray(self.lane)

    @property
    def lane_tables(self):
        """int16 view, shape (n_rows, n_lanes): what every row adds to lanes [units]."""
        return np.asarray(self.block_lane)

    @property
    def starts(self):
        """int32 view, shape (n_blocks,): first row of every block."""
        return np.asarray(self.block_start)

    @property
    def alone_energies(self):
        """int64 view, shape (n_centres,): energy of a site by itself [quanta]."""
        return np.asarray(self.alone)

    @property
    def columns(self):
        """int32 view, shape (n_species,): column of every species in the energies; -1 = none."""
        return np.asarray(self.centre_of)

    @property
    def pairs(self):
        """int32 view, shape (n_changes, most changes of a rule): where each change sees the others of its rule."""
        return np.asarray(self.pair_position)

    @property
    def rows(self):
        """int32 view, shape (n_sites, n_blocks): rows of `tables` that each site shows, times n_lanes."""
        return np.asarray(self.row)

    @property
    def tables(self):
        """int64 view, shape (n_rows, n_centres): energies of all blocks [quanta]."""
        return np.asarray(self.block_energy)


def _clusters(interactions, centre_of):
    """Placements by their positions.

    Returns
    -------
    clusters : list of (frozenset of position, list of (position, species), centre, energy)
    alone : int64, shape (n_centres,)
        Energy of a site by itself [quanta].
    """
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
    return clusters, alone


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

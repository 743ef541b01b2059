# SPDX-License-Identifier: BSD-3-Clause
"""Films whose columns many ranks share: each looks at its own, and all find the fields of the film in one piece."""

import numpy as np
import pytest
from films import CARBONATE, ELECTRODE, HOST, LEDC, LIQUID, MECHANISM, SPACING
from teams import together
from test_sheared_boxes import LATTICES, box

from kmc.errors import InternalError
from kmc.fields import observe, species_table
from kmc.lattice import Lattice
from kmc.seams import Rectangle, Seams
from kmc.sites import Sites
from kmc.tile_probe import _DEALT, MEMBERS
from kmc.tile_ranks import ALONE
from kmc.tile_sites import TiledSites
from kmc.tiling import Tiling

TABLE = species_table(MECHANISM)


def cubic(shape, periodic=(False, True, True)):
    return Lattice("simple cubic", SPACING, shape, periodic)


def porous(shape, seed, share=0.45):
    """An electrode and a film with open and closed pores, floating islands and an uneven top."""
    random = np.random.default_rng(seed)
    shares = [1 - share, 0.5 * share, 0.3 * share, 0.2 * share]
    sites = random.choice([LIQUID, LEDC, CARBONATE, HOST], size=shape, p=shares)
    top = random.integers(2, shape[0] + 1, shape[1:])
    sites[np.arange(shape[0])[:, None, None] >= top] = LIQUID
    sites[0] = ELECTRODE
    return sites.astype(np.uint8)


def of_rank(species, tiling, ranks):
    """What one of the ranks sees of a film: its sectors, where sites of others are marked."""
    owner = tiling.owners(ranks.size)
    seen = [np.where(each.own, part, part + TABLE.n_species).astype(np.uint8).ravel()
            for each in tiling.boxes if owner[each.number // 4] == ranks.rank
            for part in [species[:, each.y[:, None], each.x[None, :]]]]
    return TiledSites(seen, tiling, ranks, species.shape)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        assert np.asarray(found[name]).dtype == np.asarray(expected[name]).dtype
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("periodic", [(False, True, True), (False, False, True), (True, True, False)])
def test_ranks_find_the_fields_of_the_film_in_one_piece_to_the_last_bit(n_ranks, periodic):
    shape = 9, 24, 33
    tiling = Tiling.of(shape, periodic, (8, 8), (1, 1))
    closed, open_, unsupported = 0.0, 0.0, 0
    for seed, share in enumerate((0.2, 0.35, 0.5, 0.7)):
        species = porous(shape, seed, share)
        expected = observe(species, TABLE, cubic(shape, periodic))
        found = together(n_ranks, lambda ranks, species=species: observe(
            of_rank(species, tiling, ranks), TABLE, cubic(shape, periodic)))
        assert len(found) == n_ranks
        for fields in found:
            assert_same(fields, expected)
        closed, open_ = closed + expected["closed_porosity"], open_ + expected["open_porosity"]
        unsupported += expected["unsupported"]
    assert min(closed, open_) > 0.02
    assert unsupported > 100


@pytest.mark.parametrize(("kind", "surface"), LATTICES)
def test_clusters_are_joined_across_seams_by_every_contact_of_a_lattice(kind, surface):
    lattice = box(kind, surface, (9, 13, 18))
    tiling = Tiling.of(lattice.shape, lattice.periodic, (5, 5), (1, 1))
    assert tiling.n_tiles > 1
    for seed in range(3):
        species = porous(lattice.shape, seed, 0.35)
        expected = observe(species, TABLE, lattice)
        for fields in together(3 if tiling.n_tiles > 2 else 2,
                               lambda ranks, species=species: observe(of_rank(species, tiling, ranks), TABLE, lattice)):
            assert_same(fields, expected)


@pytest.mark.parametrize(("wraps_x", "cut", "n"), [(False, None, 7), (False, 1, 1), (True, 1, 5)])
def test_a_chain_through_all_seams_holds_together(wraps_x, cut, n):
    """One thread of solid that winds through rectangles one column wide, and back through a periodic side."""
    rectangles = [[Rectangle(0, 6, x, x + 1)] for x in range(5)]
    mask = np.zeros((1, 6, 5), dtype=bool)
    mask[0, 2] = True
    mask[0, 2, 2], mask[0, 2:4, 1], mask[0, 3, 1:4], mask[0, 2:4, 3] = False, True, True, True
    seeds = np.zeros_like(mask)
    seeds[0, 2, 0] = True
    contacts = [(0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0)]
    periodic = (False, False, wraps_x)
    if cut is not None:
        mask[0, :, cut] = False

    def work(ranks):
        part = (slice(None), *rectangles[ranks.rank][0].columns)
        return Seams(rectangles, periodic, contacts, ranks).connected([mask[part]], [seeds[part]])[0]

    found = np.concatenate(together(5, work), axis=2)
    in_one_piece = Seams([[Rectangle(0, 6, 0, 5)]], periodic, contacts, ALONE).connected([mask], [seeds])[0]
    assert found.sum() == n
    assert np.array_equal(found, in_one_piece)


@pytest.mark.parametrize("n_ranks", range(1, 13))
def test_tiles_of_a_rank_are_at_most_three_rectangles(n_ranks):
    tiling = Tiling.of((3, 43, 39), (True, True, True), (13, 8), (1, 1))
    owner, found = tiling.owners(n_ranks), np.full((43, 39), -1)
    assert (tiling.y_axis.n_tiles, tiling.x_axis.n_tiles) == (5, 3)
    for rank, rectangles in enumerate(tiling.rectangles(n_ranks)):
        assert 1 <= len(rectangles) <= 3
        for each in rectangles:
            assert (found[each.columns] == -1).all()
            found[each.columns] = rank
    for each in tiling.boxes:
        assert (found[each.y[:, None], each.x][each.own] == owner[each.number // 4]).all()


@pytest.mark.parametrize("n_ranks", [1, 3])
def test_sites_travel_only_where_they_are_wanted(n_ranks):
    shape = 5, 24, 32
    tiling, species = Tiling.of(shape, (False, True, True), (8, 8), (1, 1)), porous(shape, 1)

    def work(ranks):
        sites = of_rank(species, tiling, ranks)
        return sites.whole(), sites.everywhere(), sites.everywhere(slice(8, 24), slice(0, 16))

    for rank, (whole, everywhere, part) in enumerate(together(n_ranks, work)):
        assert (whole is None) == (rank > 0)
        assert rank or np.array_equal(whole, species)
        assert np.array_equal(everywhere, species)
        assert np.array_equal(part, species[:, 8:24, :16])


def test_a_site_of_no_species_is_an_error_where_it_would_be_counted_as_another():
    species = np.zeros((3, 2, 2), dtype=np.uint8)
    species[1, 1, 1] = 4
    with pytest.raises(InternalError, match="species 4, but there are only 4"):
        Sites(species).layer_count(4)
    assert Sites(species).layer_count(5).sum(axis=0).tolist() == [11, 0, 0, 0, 1]


def test_a_solution_without_a_lattice_has_no_sites_to_count():
    assert Sites(np.zeros((0, 0, 0), dtype=np.uint8)).layer_count(0).shape == (0, 0)


def test_two_ranks_have_as_much_to_do_for_a_probe_as_each_other():
    """Of a pair of runs the second one has windows twice as long, and so half as many."""
    assert sorted(_DEALT) == list(range(2 * MEMBERS))
    turns = [sum(2 - run % 2 for run in _DEALT[rank::2]) for rank in range(2)]
    assert turns == [3, 3]
    assert max(sum(2 - run % 2 for run in _DEALT[rank::3]) for rank in range(3)) == 2

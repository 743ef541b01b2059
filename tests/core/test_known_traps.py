# SPDX-License-Identifier: BSD-3-Clause
"""One claim for each thing that other codes were found to get wrong, where the core could as well."""

import cases
import numpy as np
import pytest
from kmc_core.rng import RandomStream


def test_pair_processes_are_entered_once():
    """Two walkers side by side: A + A happens at the rate of the pair, not at twice that."""
    species = np.zeros((4, 4, 4), dtype=np.uint8)
    species[2, 2, 1:3] = 1
    case = cases.Case(cases.cubic(4, 4, 4), (cases.pair(1, 1, 0, 0),), (0.25,), species, 2)
    assert cases.engine_of(case.parts()).total_propensity == 0.25


def test_pair_of_different_species_has_the_whole_rate_from_one_partner():
    species = np.zeros((4, 4, 4), dtype=np.uint8)
    species[2, 2, 1], species[2, 2, 2] = 1, 2
    case = cases.Case(cases.cubic(4, 4, 4), (cases.pair(1, 2, 0, 0),), (0.25,), species, 3)
    assert cases.engine_of(case.parts()).total_propensity == 0.25


@pytest.mark.parametrize("name", ["rd3d", "zgb2d", "gas", "film"])
def test_no_event_goes_stale(name):
    """The propensity that is kept equals the one that a new engine finds on the same lattice."""
    case = {
        "rd3d": cases.rd3d((5, 6, 7)),
        "zgb2d": cases.zgb2d(9, 9),
        "gas": cases.lattice_gas((5, 5, 6)),
        "film": cases.film((9, 5, 5)),
    }[name]
    parts = case.parts()
    engine = cases.engine_of(parts)
    for _ in range(60):
        engine.run(cases.FOREVER, 29)
        afresh = cases.engine_of(parts._replace(species=engine.species.reshape(parts.species.shape)))
        assert engine.total_propensity == pytest.approx(afresh.total_propensity, rel=1e-12)


def test_stream_is_finer_than_31_bits():
    """Choices of 5e-10 and less are possible, and nothing repeats after 2**31 draws."""
    drawn = np.array([uniform for uniform, _, _ in RandomStream(cases.bits()).draw(200_000)])
    assert ((drawn * 2.0**31) % 1.0 > 0).all()
    ahead, start = np.random.PCG64DXSM(1), np.random.PCG64DXSM(1)
    ahead.advance(2**31)
    assert ahead.random_raw(100).tolist() != start.random_raw(100).tolist()


def test_bulk_costs_nothing():
    """Sites that can start nothing are in no list, so a step never looks at them."""
    engine = cases.engine_of(cases.film((40, 6, 6), 1e-3).parts())
    engine.run(cases.FOREVER, 5000)
    out_of_reach = engine.electrons.levels == 0
    resting = np.isin(engine.species, [0, 3]) | ((engine.species == 1) & out_of_reach)
    listed = np.concatenate([engine.groups.sites(group) for group in range(engine.groups.n_groups)])
    assert resting.sum() > 800
    assert not resting[listed].any()


@pytest.mark.parametrize("size", [0, -1])
def test_a_box_without_sites_is_an_error_and_not_the_end_of_the_process(size):
    with pytest.raises(ValueError, match=r"negative dimensions|species must have shape"):
        cases.engine_of(
            cases.hop3d((4, 4, 4)).parts()._replace(species=np.zeros((4, 4, size), dtype=np.uint8))
        )

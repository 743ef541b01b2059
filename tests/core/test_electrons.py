# SPDX-License-Identifier: BSD-3-Clause
"""Electron levels are the sums over the columns, whatever grows or dissolves."""

import cases
import numpy as np
import pytest
from kmc_core.electrons import ElectronPaths

from kmc.patterns import Pattern


def quanta_from_lattice(parts, species):
    """Decay of everything below each site, from the species alone."""
    own = parts.decay[species.reshape(parts.species.shape)]
    return (np.cumsum(own, axis=0) - own).ravel()


def assert_levels_are_column_sums(engine, parts):
    quanta = quanta_from_lattice(parts, engine.species)
    reached = quanta <= parts.cutoff
    exponents = engine.electrons.exponents[engine.electrons.levels]
    assert np.array_equal(np.isfinite(exponents), reached)
    assert np.array_equal(exponents[reached], quanta[reached] * parts.quantum)


@pytest.mark.parametrize("transmission", [1e-2, 1e-6, 1e-300])
def test_levels_are_column_sums_all_along_a_growing_film(transmission):
    parts = cases.film((20, 8, 8), transmission).parts()
    engine = cases.engine_of(parts)
    for _ in range(150):
        assert_levels_are_column_sums(engine, parts)
        engine.run(cases.FOREVER, 37)
    engine.verify()


def test_levels_are_right_after_swaps_within_one_column():
    """Two changes in one column: what is added below is taken away above, in either order."""
    swap = Pattern((cases.any_of(1), cases.any_of(2)), (2, 1), ((0, 0, 0), (1, 0, 0)))
    flash = Pattern((cases.any_of(1),), (1,), ((0, 0, 0),), tunnels=True)
    species = np.random.Generator(cases.bits(2)).integers(1, 4, (14, 3, 3)).astype(np.uint8)
    case = cases.Case(
        cases.cubic(14, 3, 3, periodic=(False, True, True)),
        (swap, flash),
        (1.0, 1.0),
        species,
        4,
        (0.0, 0.3, 1.7, 0.9),
        1e-6,
    )
    parts = case.parts()
    engine = cases.engine_of(parts)
    for _ in range(400):
        engine.run(cases.FOREVER, 1)
        assert_levels_are_column_sums(engine, parts)
    engine.verify()


def test_what_is_beyond_the_cutoff_never_tunnels():
    parts = cases.film((20, 4, 4), 1e-2).parts()
    engine = cases.engine_of(parts)
    engine.run((2, 0.0), 30_000)
    reduced = np.flatnonzero(np.isin(engine.species, [2, 3, 4]))
    assert len(reduced)
    height = np.log(1e2) / 1.1  # the slowest decay of anything that can stand below
    assert quanta_from_lattice(parts, parts.species.ravel()).max() > parts.cutoff
    assert np.unravel_index(np.flatnonzero(np.isin(engine.species, [3, 4])), parts.species.shape)[0].max() > 0
    assert engine.electrons.n_levels <= 1 + (1 + int(height)) ** 4


def test_one_tall_column_does_not_stop_reduction_beside_it():
    """Each site looks down its own column; with one front for the whole lattice nothing would happen."""
    case = cases.film((12, 1, 5), 1e-4)
    species = case.species.copy()
    species[1:11, 0, 2] = 3
    reduction = cases.Case(case.lattice, case.patterns[:1], (30.0,), species, 5, case.decay, 1e-4)
    engine = cases.engine_of(reduction.parts())
    engine.run(cases.FOREVER)
    reduced = (engine.species == 2).reshape(species.shape)
    assert reduced.sum(axis=(0, 1)).tolist() == [7, 7, 0, 7, 7]  # exp(-1.5 * 6) > 1e-4 > exp(-1.5 * 7)


def test_transmission_is_the_exponential_of_the_sum():
    """The propensity of a bare column of known decay, to the last bit."""
    case = cases.film((4, 1, 1), 1e-20)
    species = np.array([0, 3, 4, 1], dtype=np.uint8).reshape(4, 1, 1)
    tunnelling = cases.Case(case.lattice, case.patterns[:1], (30.0,), species, 5, case.decay, 1e-20)
    parts = tunnelling.parts()
    total = cases.engine_of(parts).total_propensity
    assert total == 30.0 * np.exp(-(parts.decay[3] + parts.decay[4]) * parts.quantum)
    assert total == pytest.approx(30.0 * np.exp(-4.1), rel=1e-8)


def test_too_many_levels_are_reported_and_not_silently_merged():
    n = 70_000
    decay = np.array([1, 0, 0], dtype=np.int64)
    paths = ElectronPaths(np.zeros((n, 1, 1), dtype=np.uint8), decay, 1e-9, 10**9)
    assert paths.n_levels == 65537
    case = cases.Case(
        cases.cubic(n, 1, 1, periodic=(False, True, True)),
        (Pattern((cases.any_of(0),), (1,), (cases.HERE,), tunnels=True),),
        (1.0,),
        np.zeros((n, 1, 1), dtype=np.uint8),
        2,
        (1e-9, 0.0),
        1e-20,
    )
    engine = cases.engine_of(case.parts())
    with pytest.raises(OverflowError, match="65535 distinct electron levels"):
        engine.run((0, 0.0))


def test_levels_are_numbered_in_ascending_order_of_what_lies_below():
    """In an engine that is set up; whatever order its columns meet them in."""
    random = np.random.default_rng(5)
    species = random.integers(0, 4, (9, 6, 5)).astype(np.uint8)
    decay, cutoff = np.array([7, 3, 0, 12, 0]), 40
    paths = ElectronPaths(species, decay, 0.5, cutoff)
    own = decay[species]
    quanta = (np.cumsum(own, axis=0) - own).ravel()
    distinct = np.unique(quanta[quanta <= cutoff])
    assert np.array_equal(paths.exponents[1:], distinct * 0.5)
    expected = np.where(quanta <= cutoff, 1 + np.searchsorted(distinct, quanta), 0)
    assert np.array_equal(paths.levels, expected)

# SPDX-License-Identifier: BSD-3-Clause
"""Random sequential adsorption of dimers: kinetics and jamming."""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score

from kmc.patterns import Pattern
from kmc_core import ExitReason

DIMER = (Pattern((frozenset({0}), frozenset({0})), (1, 1), ((0, 0, 0), (0, 0, 1))),)


def coverages(species, shape):
    """Coverage of each copy."""
    return (species.reshape(shape) != 0).mean(axis=(0, 2))


def test_dimers_on_a_chain_follow_the_exact_kinetics_per_pair_and_jam_at_flory_coverage():
    """theta(t) = 1 - exp(-2 (1 - exp(-k t))) with k per pair of sites; jamming at 1 - exp(-2) = 0.864665.

    200 rings of 5000 sites; |z| < 4.5 at two times and at the end (2e-5 each).
    """
    shape, rate = (1, 200, 5000), 2.0
    engine = engine_of(
        DIMER, (rate,), np.zeros(shape, dtype=np.uint8), periodic=(False, False, True), seed=21
    )
    for time in (0.1, 0.5):
        exact = 1 - np.exp(-2 * (1 - np.exp(-rate * time)))
        found = coverages(run_to(engine, time), shape)
        z = z_score(found, exact)
        print(f"t {time}: {found.mean():.6f} ({exact:.6f}), z {z:.2f}")
        assert abs(z) < LIMIT
    assert engine.run((10**9, 0.0)) == ExitReason.NO_EVENTS
    found = coverages(engine.species, shape)
    z = z_score(found, 1 - np.exp(-2))
    print(f"jammed: {found.mean():.6f} ({1 - np.exp(-2):.6f}), z {z:.2f}")
    assert abs(z) < LIMIT


@pytest.mark.parametrize("n_copies", [500, pytest.param(2000, marks=pytest.mark.verify)])
def test_dimers_on_the_square_lattice_jam_at_the_known_coverage(n_copies):
    """Jamming coverage 0.906820, known to the last digit given; tori of 100 x 100; |z| < 4.5 (2e-5).

    The periodic box changes it by less than 1e-9: correlations decay faster than exponentially with distance.
    """
    shape = (100, n_copies, 100)
    engine = engine_of(DIMER, (1.0,), np.zeros(shape, dtype=np.uint8), periodic=(True, False, True), seed=22)
    assert engine.run((10**9, 0.0)) == ExitReason.NO_EVENTS
    found = coverages(engine.species, shape)
    z = z_score(found, 0.906820)
    print(f"jammed: {found.mean():.6f} +- {found.std() / np.sqrt(n_copies):.6f} (0.906820), z {z:.2f}")
    assert abs(z) < LIMIT

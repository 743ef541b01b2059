# SPDX-License-Identifier: BSD-3-Clause
"""A + A -> 0 on a chain: the exact density is far below that of a well-mixed system."""

import numpy as np
from physics.ensembles import LIMIT, engine_of, run_to, z_score

from kmc.patterns import Pattern

HOP = Pattern((frozenset({1}), frozenset({0})), (0, 1), ((0, 0, 0), (0, 0, 1)))
ANNIHILATION = Pattern((frozenset({1}), frozenset({1})), (0, 0), ((0, 0, 0), (0, 0, 1)))


def test_annihilation_on_a_chain_has_the_exact_density():
    """rho(t) = exp(-4 D t) I0(4 D t), all sites filled at the start, D = 1/2.

    A walker hops to each side at rate 1/2. Two neighbours meet when either of them hops onto the other:
    rate 1 per pair. 200 rings of 6000 sites; |z| < 4.5 at t = 1, 10, 100 (2e-5 each).
    """
    shape = (1, 200, 6000)
    engine = engine_of(
        (HOP, ANNIHILATION),
        (0.5, 1.0),
        np.ones(shape, dtype=np.uint8),
        periodic=(False, False, True),
        seed=31,
    )
    for time, exact in ((1, 0.308508), (10, 0.089780), (100, 0.028227)):
        found = run_to(engine, time).reshape(shape).mean(axis=(0, 2))
        z = z_score(found, exact)
        print(f"t {time}: {found.mean():.6f} ({exact}), z {z:.2f}")
        assert abs(z) < LIMIT

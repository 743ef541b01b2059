# SPDX-License-Identifier: BSD-3-Clause
"""Flux of a lattice gas to an absorbing plane."""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score

from kmc.patterns import Pattern

EMPTY, WALKER, PLANE = range(3)
PAIR = ((0, 0, 0), (0, 0, 1))
HOP = Pattern((frozenset({WALKER}), frozenset({EMPTY})), (EMPTY, WALKER), PAIR)
ABSORPTION = Pattern((frozenset({WALKER}), frozenset({PLANE})), (EMPTY, None), PAIR)


def absorbed_on_a_lattice(concentration, rate, time):
    """Exact mean number absorbed: the integral of Gamma c exp(-2 Gamma t) (I0 + I1)(2 Gamma t)."""
    from scipy.integrate import quad
    from scipy.special import ive

    return quad(lambda t: rate * concentration * (ive(0, 2 * rate * t) + ive(1, 2 * rate * t)), 0, time)[0]


@pytest.mark.parametrize(("concentration", "n_copies"), [(1.0, 8000), (0.25, 12_000)])
def test_flux_to_an_absorbing_plane_is_cottrell_s(concentration, n_copies):
    """J = c sqrt(D / (pi t)), D = Gamma a^2, at any concentration: exclusion leaves the mean density alone.

    On a lattice J = Gamma c exp(-2 Gamma t) (I0 + I1)(2 Gamma t), which becomes Cottrell's within 1/(16
    Gamma t). Absorbed up to t = 10 and 100 against the lattice, and between 25 and 100 against 2 c sqrt(D /
    pi) (10 - 5): each |z| < 4.5 (7e-6). The box is 100 sites long, 7 diffusion lengths.
    """
    rate, length = 1.0, 100
    generator = np.random.default_rng(51)
    species = (generator.random((1, n_copies, length + 1)) < concentration).astype(np.uint8)
    species[..., 0] = PLANE
    engine = engine_of((HOP, ABSORPTION), (rate, rate), species, seed=52)
    start = (species == WALKER).sum(axis=(0, 2))
    absorbed = {}
    for time in (10, 25, 100):
        absorbed[time] = start - (run_to(engine, time).reshape(species.shape) == WALKER).sum(axis=(0, 2))
    checks = [(f"to {t}", absorbed[t], absorbed_on_a_lattice(concentration, rate, t)) for t in (10, 100)]
    checks.append(
        (
            "25 to 100, Cottrell",
            absorbed[100] - absorbed[25],
            2 * concentration * np.sqrt(rate / np.pi) * (10 - 5),
        )
    )
    for name, found, exact in checks:
        z = z_score(found, exact)
        print(f"c {concentration}, {name}: {found.mean():.4f} ({exact:.4f}), z {z:.2f}")
        assert abs(z) < LIMIT

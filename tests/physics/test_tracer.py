# SPDX-License-Identifier: BSD-3-Clause
"""Tracer diffusion in the square lattice gas: the correlation factor at both ends of the coverage.

f = <R^2> / (n a^2) after many hops. A single particle has f = 1. With a single vacancy the tracer's hops
are a chain in which each depends on the one before only, so f = (1 + c) / (1 - c) with c the mean cosine
between two hops. On an infinite lattice c = -(1 - 2/pi) and f = 1/(pi - 1); on a torus c solves a small
linear system.
"""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score

from kmc.patterns import Pattern

VACANCY, PARTICLE, TRACER, MARKED_VACANCY, MARKED_TRACER = range(5)
PAIR = ((0, 0, 0), (0, 0, 1))


def exchange(mover, after=(VACANCY, None)):
    """A hop into a vacancy, with the species that it leaves behind and those that it turns into."""
    return Pattern((frozenset({mover}), frozenset({VACANCY})), (after[0], after[1] or mover), PAIR)


def exact_cosine(size):
    """Mean cosine between two successive hops of the tracer on a size x size torus with one vacancy.

    The tracer stands at the origin and has just come from -x, where the vacancy is now. u(site of the
    vacancy) is the mean x of the tracer's next step: 1/4 of u or, if the vacancy steps onto the origin, of
    the place it came from.
    """
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    matrix, right = np.eye(size * size), np.zeros(size * size)
    for x in range(size):
        for z in range(size):
            for dx, dz in steps:
                other = (x + dx) % size, (z + dz) % size
                if other != (0, 0):
                    matrix[x * size + z, other[0] * size + other[1]] -= 0.25
                else:
                    right[x * size + z] -= 0.25 * dx
    matrix[0], right[0] = np.eye(size * size)[0], 0.0
    return np.linalg.solve(matrix, right)[(size - 1) * size]


def correlation_factor(cosine):
    return (1 + cosine) / (1 - cosine)


def test_torus_value_of_the_correlation_factor_tends_to_the_infinite_lattice():
    """The reference itself (no statistics): corrections of order 1/sites extrapolate to f = 1/(pi - 1)."""
    small, large = (correlation_factor(exact_cosine(size)) for size in (16, 32))
    print(f"f {small:.6f}, {large:.6f}, extrapolated {(4 * large - small) / 3:.6f} ({1 / (np.pi - 1):.6f})")
    assert abs((4 * large - small) / 3 - 1 / (np.pi - 1)) < 2e-5


@pytest.mark.parametrize("n_copies", [30_000, pytest.param(300_000, marks=pytest.mark.verify)])
def test_correlation_factor_with_a_single_vacancy_is_the_exact_one(n_copies):
    """f(theta -> 1): mean cosine of the next hop of a tracer that has just hopped, on 12 x 12 tori.

    The tracer's hop marks both sites and so ends the copy. |z| < 4.5 for the cosine (7e-6); the measured f,
    less the known effect of the torus, is 1/(pi - 1) = 0.46694.
    """
    size, origin = 12, 6
    cosines = []
    for batch in range(n_copies // 10_000):
        species = np.full((size, 10_000, size), PARTICLE, dtype=np.uint8)
        species[origin, :, origin], species[origin, :, origin - 1] = TRACER, VACANCY
        engine = engine_of(
            (exchange(PARTICLE), exchange(TRACER, (MARKED_VACANCY, MARKED_TRACER))),
            (1.0, 1.0),
            species,
            periodic=(True, False, True),
            seed=610 + batch,
        )
        engine.run((10**9, 0.0))
        _, copy, x = np.nonzero(engine.species.reshape(species.shape) == MARKED_TRACER)
        assert len(np.unique(copy)) == 10_000
        cosines.append(x - origin)
    cosines, exact = np.concatenate(cosines), exact_cosine(size)
    z = z_score(cosines, exact)
    found = correlation_factor(cosines.mean())
    error = 2 / (1 - exact) ** 2 * cosines.std() / np.sqrt(n_copies)
    print(
        f"cosine {cosines.mean():.5f} ({exact:.5f}), z {z:.2f}; f {found:.5f} +- {error:.5f} "
        f"({correlation_factor(exact):.5f}); without torus "
        f"{found - correlation_factor(exact) + 1 / (np.pi - 1):.5f} ({1 / (np.pi - 1):.5f})"
    )
    assert abs(z) < LIMIT


def displacements(engine, shape, interval, n_intervals):
    """Unwrapped displacements, float64, shape (n_intervals, n_copies, 2), of the tracers after each interval.

    An interval is short enough that no tracer gets half way around the torus in it.
    """
    size = shape[0]
    total, found = np.zeros((shape[1], 2)), []
    before = None
    for i in range(n_intervals + 1):
        z, copy, x = np.nonzero(run_to(engine, i * interval).reshape(shape) == TRACER)
        order = np.argsort(copy)
        now = np.column_stack([z, x])[order]
        if before is not None:
            total = total + (now - before + size // 2) % size - size // 2
            found.append(total)
        before = now
    return np.array(found)


def test_a_single_particle_has_correlation_factor_one_and_diffuses_with_its_hop_rate():
    """f(theta -> 0) = <R^2> / hops = 1 and <R^2> = 4 D t, D = Gamma a^2, for every interval of 4 time units.

    2000 particles, 10 intervals of 4 time units: <R^2> - n, which has mean 0, and <R^2>: |z| < 4.5 (7e-6
    each).
    """
    shape, rate = (16, 2000, 16), 1.25
    species = np.full(shape, VACANCY, dtype=np.uint8)
    species[0, :, 0] = TRACER
    engine = engine_of((exchange(TRACER),), (rate,), species, periodic=(True, False, True), seed=62)
    path = displacements(engine, shape, 0.5, 80)[7::8]
    steps = np.diff(np.concatenate([np.zeros((1, 2000, 2)), path]), axis=0)
    squares = (steps**2).sum(axis=2).ravel()
    z = z_score(squares, 16 * rate)
    hops = engine.event_count[0] / len(squares)
    z_factor = (squares.mean() - hops) / (squares.std() / np.sqrt(len(squares)))
    print(
        f"<R^2> {squares.mean():.4f} ({16 * rate}), z {z:.2f}; "
        f"f {squares.mean() / hops:.4f} (1), z {z_factor:.2f}"
    )
    assert abs(z) < LIMIT
    assert abs(z_factor) < LIMIT


@pytest.mark.verify
def test_mean_square_displacement_with_a_single_vacancy_gives_the_correlation_factor():
    """f from displacements: slope of <R^2> against hops between 12 and 36 hops, 12 x 12 tori, 1500 copies.

    |z| < 4.5 with the standard error over copies (7e-6). Less precise than the cosine, but it assumes
    nothing.
    """
    size, n_copies = 12, 1500
    shape = (size, n_copies, size)
    species = np.full(shape, PARTICLE, dtype=np.uint8)
    species[0, :, 0], species[5, :, 5] = TRACER, VACANCY
    engine = engine_of(
        (exchange(PARTICLE), exchange(TRACER)), (1.0, 1.0), species, periodic=(True, False, True), seed=63
    )
    interval = (size * size - 1) / 4  # one hop of the tracer on average
    path = displacements(engine, shape, interval, 360)
    mean_square = {lag: ((path[lag:] - path[:-lag]) ** 2).sum(axis=2).mean(axis=0) for lag in (12, 36)}
    slopes = (mean_square[36] - mean_square[12]) / 24
    exact = correlation_factor(exact_cosine(size))
    z = z_score(slopes, exact)
    print(f"f {slopes.mean():.4f} +- {slopes.std() / np.sqrt(n_copies):.4f} ({exact:.4f}), z {z:.2f}")
    assert abs(z) < LIMIT

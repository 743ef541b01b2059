# SPDX-License-Identifier: BSD-3-Clause
"""Growing surfaces: random deposition, Edwards-Wilkinson and Kardar-Parisi-Zhang in 1 + 1 dimensions.

The restricted solid-on-solid surface (neighbouring heights differ by at most 1) is grown by conditions at
sites of the neighbouring columns. A site is filled if the three sites below it and below its two neighbours
are solid; a solid site is emptied if the three sites above are empty. Turned by 90 or 180 degrees neither
pattern ever fits on such a surface, so the orientations that come with a pattern on the square lattice do
no harm; every test checks that no overhang appears. Filling alone is KPZ growth. Filling and emptying at
equal rates is reversible: all restricted surfaces are equally likely in the end, and the dynamics are
Edwards and Wilkinson's.
"""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score, z_variance

from kmc.patterns import Pattern

EMPTY, SOLID = 0, 1
FILLING = Pattern(
    (frozenset({EMPTY}), *[frozenset({SOLID})] * 3),
    (SOLID, None, None, None),
    ((0, 0, 0), (-1, 0, 0), (-1, 0, -1), (-1, 0, 1)),
)
EMPTYING = Pattern(
    (frozenset({SOLID}), *[frozenset({EMPTY})] * 3),
    (EMPTY, None, None, None),
    ((0, 0, 0), (1, 0, 0), (1, 0, -1), (1, 0, 1)),
)


def slab(height, n_copies, width, level):
    """Flat surfaces: solid below `level`."""
    species = np.zeros((height, n_copies, width), dtype=np.uint8)
    species[:level] = SOLID
    return species


def heights_of(species, shape):
    """Column heights, int, shape (n_copies, width); no overhangs, no surface near the ends of the box."""
    solid = species.reshape(shape) == SOLID
    heights = solid.sum(axis=0)
    assert solid[0].all()
    assert not solid[-1].any()
    assert np.array_equal(solid[:-1] & ~solid[1:], np.arange(1, shape[0])[:, None, None] == heights), (
        "overhang"
    )
    assert np.abs(heights - np.roll(heights, 1, axis=1)).max() <= 1, "not restricted"
    return heights


def growth_exponent(mean_squares):
    """beta from W^2 at t, r t, r^2 t with r given: the intrinsic width, a constant in W^2, drops out."""
    (t1, w1), (t2, w2), (t3, w3) = mean_squares.items()
    assert t2 * t2 == t1 * t3
    return np.log((w3 - w2) / (w2 - w1)) / np.log(t2 / t1) / 2


def exponent_with_error(widths):
    """Growth exponent and its standard error by jack-knife over copies."""
    n = len(next(iter(widths.values())))
    value = growth_exponent({t: w.mean() for t, w in widths.items()})
    without = np.array(
        [growth_exponent({t: np.delete(w, i).mean() for t, w in widths.items()}) for i in range(n)]
    )
    return value, np.sqrt((n - 1) * without.var())


def test_random_deposition_roughens_as_the_square_root_of_time():
    """Columns without neighbours: heights are Poisson, <h> = k t, W^2 = k t, so W = sqrt t for k = 1.

    30 000 columns at t = 4 and 32: mean and variance, |z| < 4.5 (7e-6 each).
    """
    deposition = Pattern((frozenset({EMPTY}), frozenset({SOLID})), (SOLID, None), ((0, 0, 0), (-1, 0, 0)))
    shape = (80, 30_000, 1)
    engine = engine_of((deposition,), (1.0,), slab(*shape, 1), seed=81)
    for time in (4, 32):
        heights = run_to(engine, time).reshape(shape).sum(axis=0).ravel() - 1
        z, z_width = z_score(heights, time), z_variance(heights, time)
        print(
            f"t {time}: <h> {heights.mean():.4f}, z {z:.2f}; W {heights.std():.4f} ({np.sqrt(time):.4f}), "
            f"z {z_width:.2f}"
        )
        assert abs(z) < LIMIT
        assert abs(z_width) < LIMIT


def test_filling_of_a_flat_surface_starts_at_its_rate_constant_although_it_has_two_mirror_images():
    """<h> = k t - (k t)^2 / 2 + O(t^3): a column that has grown waits for its neighbours.

    The pattern fits twice on the same sites, once mirrored, and the rate constant is shared: k per set of
    sites. 100 rings of 2000 columns at k t = 0.03, where the cubic term is below half a standard error;
    |z| < 4.5 (2e-5).
    """
    shape, rate, time = (8, 100, 2000), 2.0, 0.015
    engine = engine_of((FILLING,), (rate,), slab(*shape, 2), periodic=(False, False, True), seed=86)
    heights = heights_of(run_to(engine, time), shape).mean(axis=1) - 2
    z = z_score(heights, rate * time - (rate * time) ** 2 / 2)
    print(f"<h> {heights.mean():.5f} ({rate * time - (rate * time) ** 2 / 2:.5f}), z {z:.2f}")
    assert abs(z) < LIMIT


def equilibrium_squared_width(width):
    """W^2 of a closed chain of `width` steps -1, 0, 1 that are equally likely but for adding up to zero.

    Steps are exchangeable: <(h_i - h_j)^2> = v d (L - d) / (L - 1) at distance d, with v the probability
    that a step is not 0; averaged over pairs, W^2 = v (L + 1) / 12.
    """
    others = np.ones(1)
    for _ in range(width - 1):
        others = np.convolve(others, np.ones(3)) / 3
    middle = width - 1
    not_zero = others[middle - 1] + others[middle + 1]
    return not_zero / (not_zero + others[middle]) * (width + 1) / 12


def stationary_squared_width(width, n_copies, patterns, duration, seed):
    """Mean W^2 of each copy over the last three quarters of a run, in a box that follows the surface."""
    shape = (48 + 2 * width, n_copies, width)
    surface = slab(*shape, shape[0] // 2)
    interval, samples = duration / 80, []
    for i in range(80):
        engine = engine_of(
            patterns, (1.0,) * len(patterns), surface, periodic=(False, False, True), seed=seed + i
        )
        heights = heights_of(run_to(engine, interval), shape)
        samples.append(heights.var(axis=1))
        surface = surface_of(heights, shape)
    return np.mean(samples[20:], axis=0)


def surface_of(heights, shape):
    """Surfaces moved back to the middle of the box.

    Stopping at a fixed time and starting afresh leaves the law of the process alone, as it has no memory.
    """
    moved = heights - heights.mean(axis=1, keepdims=True).round().astype(int) + shape[0] // 2
    return (np.arange(shape[0])[:, None, None] < moved).astype(np.uint8)


def roughness_exponent(widths):
    """alpha from W^2 at two sizes."""
    (small, w_small), (large, w_large) = widths.items()
    return np.log(np.mean(w_large) / np.mean(w_small)) / np.log(large / small) / 2


def test_edwards_wilkinson_surface_in_equilibrium_has_the_exact_width_and_alpha_one_half():
    """All restricted surfaces equally likely: W^2 = v (L + 1) / 12 exactly, so W ~ L^(1/2).

    L = 16 and 64, 100 copies each; |z| < 4.5 over copies (2e-5 each). The exact widths of these sizes give
    alpha = 0.489; four standard errors of alpha are 0.02, so alpha = 0.5 within 0.03.
    """
    sizes = {16: 800.0, 64: 6400.0}
    found = {
        width: stationary_squared_width(width, 100, (FILLING, EMPTYING), duration, 8200 + width)
        for width, duration in sizes.items()
    }
    exact = {width: equilibrium_squared_width(width) for width in sizes}
    for width in sizes:
        z = z_score(found[width], exact[width])
        print(f"L {width}: W^2 {found[width].mean():.5f} ({exact[width]:.5f}), z {z:.2f}")
        assert abs(z) < LIMIT
    alpha = roughness_exponent(found)
    print(f"alpha {alpha:.4f} (these sizes exactly {roughness_exponent(exact):.4f}, infinite 0.5)")
    assert abs(alpha - 0.5) < 0.03


@pytest.mark.parametrize(
    ("n_copies", "tolerance"), [(100, 0.04), pytest.param(1000, 0.02, marks=pytest.mark.verify)]
)
def test_restricted_growth_has_the_kpz_roughness_exponent(n_copies, tolerance):
    """alpha = 1/2 of KPZ growth from the stationary W^2 at L = 16 and 64.

    Measured over copies: standard error 0.007 (100 copies) and 0.002 (1000); sizes this small give alpha =
    0.51. The tolerances are this offset and 4.5 standard errors.
    """
    found = {
        width: stationary_squared_width(width, n_copies, (FILLING,), duration, 8300 + width)
        for width, duration in ((16, 400.0), (64, 3200.0))
    }
    error = np.hypot(*(w.std() / w.mean() / np.sqrt(n_copies) for w in found.values())) / np.log(4) / 2
    print(f"alpha {roughness_exponent(found):.4f} +- {error:.4f} (0.5)")
    assert abs(roughness_exponent(found) - 0.5) < tolerance


def widths_during_growth(patterns, shape, level, times, seed):
    """W^2 of each copy at each time, from flat surfaces, around the mean height of all copies.

    Around its own mean height a copy of width L lacks the variance of that mean, of order t / L.
    """
    engine = engine_of(
        patterns, (1.0,) * len(patterns), slab(*shape, level), periodic=(False, False, True), seed=seed
    )
    heights = {time: heights_of(run_to(engine, time), shape) for time in times}
    return {time: ((h - h.mean()) ** 2).mean(axis=1) for time, h in heights.items()}


@pytest.mark.parametrize(
    ("n_copies", "tolerance"), [(80, 0.05), pytest.param(200, 0.035, marks=pytest.mark.verify)]
)
def test_equal_filling_and_emptying_roughens_with_the_edwards_wilkinson_exponent(n_copies, tolerance):
    """beta = 1/4 from W^2 at t = 4, 32, 256 on rings of 1000 columns.

    Measured standard error over copies: 0.010 (80 copies) and 0.007 (200); tolerances of five. KPZ would be
    0.083 off.
    """
    widths = widths_during_growth((FILLING, EMPTYING), (40, n_copies, 1000), 20, (4, 32, 256), seed=84)
    beta, error = exponent_with_error(widths)
    print(f"W^2 {[w.mean() for w in widths.values()]}, beta {beta:.4f} +- {error:.4f} (0.25)")
    assert abs(beta - 0.25) < tolerance


@pytest.mark.parametrize(
    ("n_copies", "tolerance"), [(80, 0.05), pytest.param(200, 0.035, marks=pytest.mark.verify)]
)
def test_restricted_growth_roughens_with_the_kpz_exponent(n_copies, tolerance):
    """beta = 1/3 from W^2 at t = 4, 32, 256 on rings of 1000 columns.

    Measured standard error over copies: 0.009 (80 copies) and 0.006 (200); tolerances of five or six.
    Edwards-Wilkinson growth would be 0.083 off, random deposition 0.167.
    """
    widths = widths_during_growth((FILLING,), (150, n_copies, 1000), 1, (4, 32, 256), seed=85)
    beta, error = exponent_with_error(widths)
    print(f"W^2 {[w.mean() for w in widths.values()]}, beta {beta:.4f} +- {error:.4f} (0.3333)")
    assert abs(beta - 1 / 3) < tolerance

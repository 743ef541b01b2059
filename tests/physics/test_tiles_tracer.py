# SPDX-License-Identifier: BSD-3-Clause
"""Tracer diffusion in tiles: the correlation factor of a lattice gas with a single vacancy, exact on a torus.

As in `test_tracer`, the tracer has just hopped from -x, and the cosine is that of its next hop. Here copies have their
tracers everywhere between the edges of sectors, or all of them at one edge at the same moment, where a window shows
most.
"""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, z_score
from physics.test_tracer import (
    MARKED_TRACER,
    MARKED_VACANCY,
    PARTICLE,
    TRACER,
    VACANCY,
    correlation_factor,
    exact_cosine,
    exchange,
)

from kmc.tile_windows import PERMUTATIONS

SIZE = 24
END = 10**5, 0.0


def next_hops(n_copies, seed, places, tiles, order=None):
    """Cosine of the tracer's next hop in each copy, and the engine: n_copies tori of 24 x 24, tiles of 12.

    With `order`, colours come in this order in all windows.
    """
    species = np.full((SIZE, n_copies, SIZE), PARTICLE, dtype=np.uint8)
    copies, start = np.arange(n_copies), np.random.default_rng(seed).choice(places, n_copies)
    species[SIZE // 2, copies, start], species[SIZE // 2, copies, start - 1] = TRACER, VACANCY
    engine = engine_of((exchange(PARTICLE), exchange(TRACER, (MARKED_VACANCY, MARKED_TRACER))), (1.0, 1.0), species,
                       periodic=(True, False, True), seed=seed, tiles={"size": (SIZE // 2, n_copies), **tiles})
    if order is not None:
        engine._next_orders = lambda: np.full(1024, PERMUTATIONS.index(tuple(order)))
    engine.run(END)
    _, copies, x = np.nonzero(engine.species.reshape(species.shape) == MARKED_TRACER)
    assert len(np.unique(copies)) == n_copies
    return (x - start[copies] + SIZE // 2) % SIZE - SIZE // 2, engine


def show(name, cosines):
    exact = exact_cosine(SIZE)
    mean, error, slope = cosines.mean(), cosines.std() / np.sqrt(len(cosines)), 2 / (1 - exact) ** 2
    print(f"{name}: cosine {mean:.5f} +- {error:.5f} ({exact:.5f}), z {(mean - exact) / error:.2f}; "
          f"f {correlation_factor(mean):.5f} +- {slope * error:.5f} ({correlation_factor(exact):.5f})")


def test_correlation_factor_in_tiles_is_the_exact_one():
    """Tracers everywhere, windows of the default length: |z| < 4.5 for the cosine (7e-6)."""
    cosines, engine = next_hops(4000, 31, np.arange(SIZE), {"fraction": 0.3, "probes": False})
    show("everywhere, 0.3", cosines)
    assert engine.n_windows > 300
    assert abs(z_score(cosines, exact_cosine(SIZE))) < LIMIT


def test_an_order_of_colours_pulls_tracers_at_an_edge_one_way_and_the_reverse_order_the_other_way():
    """The term of first order in the window: 4000 tracers at one edge, windows of 0.2, |z| > 4.5.

    An order that is drawn for every window takes either with probability 1/2, and the mean of the two is the exact
    cosine but for terms of second order: |z| < 4.5 (7e-6). It also says that copies that start at one edge at the same
    moment are not independent, because they share the order.
    """
    places, tiles = np.array([SIZE // 2]), {"window": 0.2, "probes": False}
    forth, back = (next_hops(4000, 32, places, tiles, order)[0] for order in ((0, 1, 2, 3), (3, 2, 1, 0)))
    error = np.hypot(forth.std(), back.std()) / np.sqrt(4000)
    mean = (forth.mean() + back.mean()) / 2
    print(f"forth {forth.mean():.4f}, back {back.mean():.4f}, mean {mean:.4f} +- {error / 2:.4f}, "
          f"exact {exact_cosine(SIZE):.4f}")
    assert abs(forth.mean() - back.mean()) > LIMIT * error
    assert abs(mean - exact_cosine(SIZE)) < LIMIT * error / 2


@pytest.mark.verify
def test_correlation_factor_in_tiles_is_the_exact_one_over_twenty_seeds():
    """20 seeds of 2500 tracers, everywhere and at one edge: |z| < 6 from the scatter of seeds (9e-6 by Student).

    At one edge all tracers of a seed see the same order of colours, so that the scatter of seeds is larger.
    """
    exact = exact_cosine(SIZE)
    for name, places, tiles in (("everywhere, 0.3", np.arange(SIZE), {"fraction": 0.3}),
                                ("at an edge, 0.1", np.array([SIZE // 2]), {"fraction": 0.1})):
        means, reports = [], []
        for seed in range(20):
            cosines, engine = next_hops(2500, 700 + seed, places, tiles)
            means.append(cosines.mean())
            reports.append(engine.report())
        error = np.std(means, ddof=1) / np.sqrt(20)
        slope = 2 / (1 - exact) ** 2
        said = [np.mean([report[key] for report in reports]) for key in ("window_error", "window_error_uncertainty")]
        print(f"{name}: cosine {np.mean(means):.5f} +- {error:.5f} ({exact:.5f}), z {z_score(means, exact):.2f}; "
              f"f {correlation_factor(np.mean(means)):.5f} +- {slope * error:.5f} ({correlation_factor(exact):.5f}); "
              f"window error {said[0]:.4f} +- {said[1] / np.sqrt(20):.4f}")
        assert abs(z_score(means, exact)) < 6.0

# SPDX-License-Identifier: BSD-3-Clause
"""Growing surfaces in tiles: Edwards-Wilkinson and Kardar-Parisi-Zhang exponents, and what windows do at edges.

The surfaces are those of `test_growth_exponents`, rings of 1000 columns cut along x into 50 tiles of 20, sectors of 10.
"""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to
from physics.test_growth_exponents import EMPTYING, FILLING, exponent_with_error, heights_of, slab

TIMES = 4, 32, 256
SURFACES = {"Edwards-Wilkinson": ((FILLING, EMPTYING), 48, 24, 1 / 4), "KPZ": ((FILLING,), 150, 1, 1 / 3)}


def surface(name, n_copies, seed, tiles):
    """An engine and the shape of its lattice."""
    patterns, height, level, _ = SURFACES[name]
    shape = height, n_copies, 1000
    tiles = tiles and {"size": (20, n_copies), **tiles}
    return engine_of(patterns, (1.0,) * len(patterns), slab(*shape, level), periodic=(False, False, True), seed=seed,
                     tiles=tiles), shape


def widths(name, n_copies, seed, tiles):
    """W^2 of each copy at each time, around the mean height of all copies, and the engine."""
    engine, shape = surface(name, n_copies, seed, tiles)
    heights = {time: heights_of(run_to(engine, time), shape) for time in TIMES}
    return {time: ((h - h.mean()) ** 2).mean(axis=1) for time, h in heights.items()}, engine


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_in_tiles_roughen_with_the_exponent_of_their_class(name):
    """beta from W^2 at t = 4, 32, 256, 40 copies, windows of the default length: tolerance 0.07.

    Standard error over copies 0.014, so five of them; the other class is 0.083 off. Without windows that follow the
    surface (one window from output to output) KPZ growth in tiles stops after a few layers.
    """
    found, engine = widths(name, 40, 841, {"fraction": 0.3, "probes": False})
    beta, error = exponent_with_error(found)
    print(f"{name}: W^2 {[w.mean() for w in found.values()]}, beta {beta:.4f} +- {error:.4f} ({SURFACES[name][3]:.4f})")
    assert engine.n_windows > 500
    assert abs(beta - SURFACES[name][3]) < 0.07


def edge_deficit(window, n_copies, seed):
    """Mean height of the two columns at the edges of sectors less that of the others, KPZ growth at t = 4, per copy."""
    shape = 24, n_copies, 1000
    engine = engine_of((FILLING,), (1.0,), slab(*shape, 2), periodic=(False, False, True), seed=seed,
                       tiles={"size": (20, n_copies), "window": window, "probes": False})
    heights = heights_of(run_to(engine, 4), shape).reshape(n_copies, -1, 10).mean(axis=1)
    return heights[:, [0, 9]].mean(axis=1) - heights[:, 1:9].mean(axis=1)


def test_columns_at_edges_lag_behind_by_more_than_the_first_power_of_the_window():
    """KPZ growth: an edge waits for its neighbour. The order of colours is drawn for every window, so that this falls
    by more than one half when the window is halved (measured: by 3.5, from 1.6 to 0.8): |z| > 4.5 (7e-6)."""
    (long, long_error), (short, short_error) = [
        (d.mean(), d.std() / np.sqrt(len(d))) for d in (edge_deficit(window, 800, 845) for window in (1.6, 0.8))]
    z = (2 * short - long) / np.hypot(2 * short_error, long_error)
    print(f"1.6: {long:.5f} +- {long_error:.5f}, 0.8: {short:.5f} +- {short_error:.5f}, z against one half {z:.2f}")
    assert short < -LIMIT * short_error
    assert z > LIMIT


def test_solid_sites_of_a_surface_that_only_grows_have_the_error_of_its_events():
    """Every event adds a solid site, so that both reports must agree to the last bit."""
    engine = engine_of((FILLING,), (1.0,), slab(120, 4, 200, 1), periodic=(False, False, True), seed=846,
                       tiles={"size": (20, 4), "fraction": 0.3, "watched": [False, True]})
    engine.run((200, 0.0))
    report = engine.report()
    print(report)
    assert report["window_error"] == report["window_error_solid"]
    assert report["window_error_uncertainty"] == report["window_error_solid_uncertainty"] < 0.1


def differences(name, n_copies, fraction):
    """Means and standard errors of 20 seeds in one piece and in tiles, and what the runs in tiles report."""
    found, reports = {}, []
    for in_tiles in (False, True):
        rows = []
        for seed in range(20):
            tiles = {"fraction": fraction} if in_tiles else None
            w, engine = widths(name, n_copies, 9000 + 100 * in_tiles + seed, tiles)
            rows.append([*[each.mean() for each in w.values()], exponent_with_error(w)[0], engine.event_count.sum()])
            if in_tiles:
                reports.append(engine.report())
        found[in_tiles] = np.array(rows, dtype=float)
    return found, reports


@pytest.mark.verify
@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_in_tiles_equal_those_in_one_piece_over_twenty_seeds(name):
    """W^2 at three times, beta, number of events: |z| < 4.5 for each (6e-5 by Student); events within what is reported.

    10 copies a seed.
    """
    found, reports = differences(name, 10, 0.3)
    one, many = found[False], found[True]
    errors = np.sqrt((one.var(axis=0, ddof=1) + many.var(axis=0, ddof=1)) / 20)
    z = (many.mean(axis=0) - one.mean(axis=0)) / errors
    for label, row in zip(("W^2(4)", "W^2(32)", "W^2(256)", "beta", "events"),
                          zip(one.mean(axis=0), many.mean(axis=0), errors, z, strict=True), strict=True):
        print(f"{name} {label}: one piece {row[0]:.6g}, tiles {row[1]:.6g}, error {row[2]:.2g}, z {row[3]:.2f}")
    said, doubt = (np.mean([report[f"window_error{end}"] for report in reports]) for end in ("", "_uncertainty"))
    true = many[:, -1].mean() / one[:, -1].mean() - 1
    print(f"{name}: events {true:+.5f} +- {errors[-1] / one[:, -1].mean():.5f}, reported {said:+.5f} "
          f"+- {doubt / np.sqrt(20):.5f}, one run +- {doubt:.5f}")
    assert (np.abs(z) < LIMIT).all()
    assert abs(true) < abs(said) + doubt

# SPDX-License-Identifier: BSD-3-Clause
"""The error of windows: its order, exactly on a ring of eight sites, and what runs report of it.

On the ring, 0 becomes 1 where both neighbours are 0, and 1 becomes 0. Its master equation has 256 states, and that of
each colour of sectors is a part of it, so that windows are products of matrix exponentials.
"""

from functools import cache

import cases
import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to
from scipy.linalg import expm

from kmc.patterns import Pattern
from kmc.tile_windows import PERMUTATIONS
from kmc.tiled import TiledEngine
from kmc.tiling import Tiling

SITES, ADSORPTION, DESORPTION = 8, 1.0, 0.5
COLOUR = np.array([0, 0, 1, 1] * 2)
STATES = (np.arange(2**SITES)[:, None] >> np.arange(SITES)) & 1
PATTERNS = (
    Pattern((frozenset({0}),) * 3, (1, None, None), ((0, 0, 0), (0, 0, 1), (0, 0, -1))),
    Pattern((frozenset({1}),), (0,), ((0, 0, 0),)),
)


@cache
def generator(colour, recombination=0.0):
    """Rates of change of the probabilities of all states by what starts in sectors of one colour.

    With `recombination` all sites adsorb, and neighbours 1 1 become 0 0 at that rate; a pair starts at its left site.
    """
    matrix = np.zeros((2**SITES, 2**SITES))
    for state, sites in enumerate(STATES):
        for i in np.flatnonzero(COLOUR == colour):
            left, right = sites[i - 1], sites[(i + 1) % SITES]
            adsorption = ADSORPTION * (recombination > 0 or left + right == 0)
            rates = [(state ^ (1 << i), DESORPTION if sites[i] else adsorption)]
            if sites[i] and right:
                rates.append((state ^ (1 << i) ^ (1 << (i + 1) % SITES), recombination))
            for new, rate in rates:
                matrix[new, state] += rate
                matrix[state, state] -= rate
    return matrix


def coverage(windows, time, order, recombination=0.0):
    """Coverage of each site from an empty ring: without windows, and in windows, each twice as long as the one before.

    Order "01", or "drawn": 01 or 10 in each window.
    """
    parts = [generator(colour, recombination) for colour in (0, 1)]
    first, second, found = expm(parts[0] * windows[0]), expm(parts[1] * windows[0]), []
    for window in windows:
        step = {"01": second @ first, "drawn": (second @ first + first @ second) / 2}[order]
        found.append(STATES.T @ np.linalg.matrix_power(step, round(time / window))[:, 0])
        first, second = first @ first, second @ second
    return STATES.T @ expm(sum(parts) * time)[:, 0], found


def orders(order, recombination=0.0):
    """Local orders of the error of one site's coverage, from windows doubled again and again."""
    exact, found = coverage((0.03125, 0.0625, 0.125, 0.25), 2.0, order, recombination)
    errors = np.array([each[1] - exact[1] for each in found])
    return np.log2(np.abs(errors[1:]) / np.abs(errors[:-1]))


def test_a_window_of_the_engine_is_the_product_of_the_exponentials_of_its_colours():
    """50 000 rings through one window of 1.5, colour 0 first; coverage of each of the 8 sites: |z| < 4.5 (7e-6)."""
    n_copies, window = 50_000, 1.5
    engine = engine_of(PATTERNS, (ADSORPTION, DESORPTION), np.zeros((1, n_copies, SITES), dtype=np.uint8),
                       periodic=(False, False, True), seed=51,
                       tiles={"size": (SITES // 2, n_copies), "window": window, "probes": False})
    engine._next_orders = lambda: np.array([PERMUTATIONS.index((0, 1, 2, 3))])
    found = run_to(engine, window).reshape(n_copies, SITES).mean(axis=0)
    exact, (expected,) = coverage((window,), window, "01")
    z = (found - expected) / np.sqrt(expected * (1 - expected) / n_copies)
    print(f"coverage {found}, product {expected}, without windows {exact}, z {z}")
    assert engine.n_windows == 1
    assert np.abs(expected - exact).max() > 0.02
    assert (np.abs(z) < LIMIT).all()


def test_an_order_of_colours_drawn_for_every_window_makes_the_error_of_second_order():
    """Exact: local orders tend to 1 in a fixed order, and to 2 in one that is drawn."""
    fixed, drawn = orders("01"), orders("drawn")
    print(f"fixed {fixed}, drawn {drawn}")
    assert abs(fixed[0] - 1) < 0.1
    assert abs(drawn[0] - 2) < 0.1


def test_what_is_faster_than_the_window_leaves_an_error_of_first_order():
    """Exact: pairs that recombine at 1e5, in windows of 3000 such times and more, in drawn order."""
    found = orders("drawn", 1e5)
    print(f"orders {found}")
    assert (np.abs(found - 1) < 0.25).all()


def walkers(window, time, seed):
    """True relative error of the number of hops of walkers at equilibrium, its standard error, and the report."""
    case = cases.hop3d((16, 48, 48))
    parts = case.parts()
    tiling = Tiling.of(parts.species.shape, parts.periodic, (16, 16), (1, 1))
    engine = TiledEngine(parts.species, parts.periodic, parts.rules, tiling, seed, window=window)
    volume, n = case.species.size, int(case.species.sum())
    engine.run((2, 0.0))
    counts = [engine.n_events]
    for k in range(20):
        engine.run(divmod(2 + (k + 1) * time / 20, 1))
        counts.append(engine.n_events)
    found = np.diff(counts) / (time / 20 * n * 6 * (volume - n) / (volume - 1)) - 1
    return found.mean(), max(found.std(ddof=1) / np.sqrt(20), counts[-1] ** -0.5), engine.report()


def test_probes_have_about_a_tenth_of_the_events_of_the_film():
    """6 tiles, 5000 windows; the first ones are longer than that, because eight windows are the fewest."""
    case = cases.hop3d((8, 24, 16))
    parts = case.parts()
    engine = TiledEngine(parts.species, parts.periodic, parts.rules,
                         Tiling.of(parts.species.shape, parts.periodic, (8, 8), (1, 1)), 55, window=0.02)
    engine.run((100, 0.0))
    share = engine.probe.sums[:2, 0].sum() / engine.n_events
    print(f"{engine.n_events} events, {engine.probe.pairs} pairs of runs with {share:.3f} of them")
    assert engine.probe.pairs == 8
    assert 0.05 < share < 0.12


def show(found):
    for window, (true, error, report) in found.items():
        print(f"window {window}: true {true:+.5f} +- {error:.5f}, over the window {true / window:+.4f} "
              f"+- {error / window:.4f}, over its square {true / window**2:+.3f} +- {error / window**2:.3f}; reported "
              f"{report['window_error']:+.5f} +- {report['window_error_uncertainty']:.5f}")


def bounds(true, error, report):
    """Standard errors by which a report lies outside of one to three times the true error; negative within."""
    said, doubt = report["window_error"], report["window_error_uncertainty"]
    below, above = abs(true) - abs(said), abs(said) - 3 * abs(true)
    return max(below / np.hypot(error, doubt), above / np.hypot(3 * error, doubt))


def test_walkers_lose_hops_as_the_square_of_the_window_and_the_run_reports_a_bound():
    """Windows of 0.4 and 0.2: |z| > 4.5 against first order, < 4.5 against second and a tenth for higher ones; the
    report lies between the error and three times the error, |z| < 4.5 (7e-6)."""
    found = {window: walkers(window, time, 53) for window, time in ((0.4, 240), (0.2, 600))}
    show(found)
    (long, long_error, _), (short, short_error, _) = found.values()
    assert (2 * short - long) / np.hypot(2 * short_error, long_error) > LIMIT
    assert abs(4 * short - long) < LIMIT * np.hypot(4 * short_error, long_error) + 0.1 * abs(long)
    assert all(bounds(*each) < LIMIT for each in found.values())


@pytest.mark.verify
def test_the_error_of_walkers_over_the_square_of_the_window_is_constant_and_over_the_window_it_is_not():
    """Windows of 0.2, 0.1, 0.05, 0.025: chi^2 with three degrees of freedom beyond 30 once in 1e6."""
    times = {0.2: 1000, 0.1: 2500, 0.05: 4000, 0.025: 2000}
    found = {window: walkers(window, time, 54) for window, time in times.items()}
    show(found)
    chi = {}
    for power in (1, 2):
        slopes, errors = np.array([(true / w**power, error / w**power) for w, (true, error, _) in found.items()]).T
        mean, deviation = (slopes / errors**2).sum() / (1 / errors**2).sum(), (1 / errors**2).sum() ** -0.5
        chi[power] = (((slopes - mean) / errors) ** 2).sum()
        print(f"error = a window^{power}: a {mean:.4f} +- {deviation:.4f}, chi^2 {chi[power]:.1f} of 3")
    assert chi[2] < 30 < chi[1]
    assert all(bounds(*each) < LIMIT for each in found.values())

# SPDX-License-Identifier: BSD-3-Clause
"""The solution is a sample of the master equation: means, variances, every state, equilibrium.

Seeds are fixed. Unless another rate is stated, a test would raise a false alarm once in a million seeds.
"""

from itertools import product

import cases
import networks
import numpy as np
import pytest
from master_equation import FALSE_ALARM, at, chi_square, generator_of, reachable, runs
from scipy import linalg, special, stats

from kmc_core import ExitReason

DSMTS = {
    "001-01": (networks.birth_and_death(), (10, 50), ((90.48374, 13.44708), (60.65307, 22.38677))),
    "003-01": (networks.dimerisation(), (10,), ((52.214271, 5.51176),)),
}


@pytest.mark.parametrize("name", DSMTS)
def test_stochastic_test_suite_is_passed_over_ten_thousand_runs(name):
    """Mean: |Z| < 3, a false alarm in 370 seeds. Standard deviation: |Y| < 5 as the suite has it.

    Evans, Gillespie, Wilkinson, Bioinformatics 24, 285 (2008), doi:10.1093/bioinformatics/btm566.
    """
    network, times, expected = DSMTS[name]
    n = 10_000
    counts = runs(network, times, n)[:, :, 0]
    for k, (mean, deviation) in enumerate(expected):
        z = np.sqrt(n) * (counts[:, k].mean() - mean) / deviation
        y = np.sqrt(n / 2) * (((counts[:, k] - mean) ** 2).mean() / deviation**2 - 1)
        assert abs(z) < 3, f"t = {times[k]}: Z = {z:.2f}"
        assert abs(y) < 5, f"t = {times[k]}: Y = {y:.2f}"


@pytest.mark.parametrize("time", [0.05, 0.3, 3.0])
def test_every_state_is_as_frequent_as_the_master_equation_says(time):
    """Few molecules, reactions of first to third order, no detailed balance."""
    network = networks.crowd()
    states = reachable(network)
    start = np.array([state == network.count for state in states], dtype=float)
    exact = linalg.expm(generator_of(network, states) * time) @ start
    samples = runs(network, (time,), 10_000)[:, 0]
    assert len(states) > 100
    assert chi_square(samples, states, exact) > FALSE_ALARM


def balanced(count, seed):
    """A reversible network in detailed balance, drawn at random, and the concentrations it is balanced at."""
    rng = np.random.Generator(cases.bits(seed))
    mass = (1, 1, 2, 2, 3)
    complexes = [c for c in product(range(3), repeat=5) if 0 < sum(c) <= 3]
    balance = rng.uniform(0.4, 2.5, 5)
    reactions = []
    while len(reactions) < 16:
        left, right = (complexes[i] for i in rng.choice(len(complexes), 2, replace=False))
        if np.dot(left, mass) != np.dot(right, mass) or any(a and b for a, b in zip(left, right, strict=True)):
            continue
        speed = 10.0 ** rng.uniform(-0.5, 0.5)
        for here, there in ((left, right), (right, left)):
            # per combination, and combinations are n!/(n - o)! / o!
            rate = speed / np.prod(balance ** np.array(here)) * np.prod([[1, 1, 2, 6][order] for order in here])
            reactions.append(
                (
                    {s: n for s, n in enumerate(here) if n},
                    {s: n for s, n in enumerate(there) if n},
                    float(rate),
                )
            )
    return networks.Network(count, tuple(reactions)), balance


@pytest.mark.parametrize("seed", [1, 2])
def test_reversible_network_settles_to_the_product_of_poisson_distributions(seed):
    """prod b^n / n! among the states with the same mass; Anderson, Craciun, Kurtz, doi:10.1007/s11538-010-9517-4."""
    network, balance = balanced((3, 3, 1, 1, 0), seed)
    states = reachable(network)
    factorials = special.factorial(np.array(states)).prod(axis=1)
    weight = np.prod(balance ** np.array(states), axis=1) / factorials
    exact = weight / weight.sum()
    steady = linalg.null_space(generator_of(network, states))
    assert np.allclose(steady[:, 0] / steady.sum(), exact)
    relaxation = -1 / np.sort(np.linalg.eigvals(generator_of(network, states)).real)[-2]
    engine, samples = network.engine(seed), []
    for i in range(6000):
        engine.run(at((i + 2) * 9 * relaxation))  # correlation exp(-9) between samples
        samples.append(engine.solution.count.copy())
    assert chi_square(samples, states, exact) > FALSE_ALARM


def test_frequencies_follow_rates_over_twelve_decades():
    """Reactions that change nothing, each with its own rate."""
    rates = 10.0 ** np.arange(12, -1, -1)
    network = networks.Network((5,), tuple(({0: 1}, {0: 1}, rate) for rate in rates.tolist()))
    engine, n = network.engine(), 5_000_000
    engine.run(cases.FOREVER, n)
    expected = n * rates / rates.sum()
    often = expected > 10
    counted = engine.solution.event_count
    pooled = stats.chisquare(
        np.append(counted[often], counted[~often].sum()), np.append(expected[often], expected[~often].sum())
    )
    assert pooled.pvalue > FALSE_ALARM, counted


def test_rates_may_span_forty_decades_in_one_network():
    """Waiting times of a slow reaction are right although a fast pair runs dry beside it; 1e-30 to 1e13 per second."""
    network = networks.Network(
        (1, 0, 0), (({0: 1}, {1: 1}, 1e-30), ({1: 1}, {2: 1}, 1e13), ({2: 1}, {0: 1}, 3e-30), ({0: 2}, {1: 2}, 1e13))
    )
    engine, waits, before = network.engine(), [], (0, 0.0)
    engine.solution.set_rates([1e-8, 1e13, 3e-8, 1e13])  # within the reach of the clock
    for _ in range(900):
        engine.run(cases.FOREVER, 1)
        waits.append(engine.time[0] - before[0] + (engine.time[1] - before[1]))
        before = engine.time
    engine.verify()
    assert engine.solution.event_count.tolist() == [300, 300, 300, 0]
    for first, rate in ((0, 1e-8), (1, 1e13), (2, 3e-8)):
        assert stats.kstest(np.array(waits[first::3]) * rate, "expon").pvalue > FALSE_ALARM or first == 1
    engine.solution.set_rates(network.arrays()["rates"])
    assert engine.run((10**15, 0.0)) is ExitReason.MAX_TIME
    assert engine.n_events == 900

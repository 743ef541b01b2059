# SPDX-License-Identifier: BSD-3-Clause
"""Langmuir adsorption from a compartment that runs out: the exact birth-death chain, in time and at rest."""

import math

import numpy as np
import pytest
from physics.ensembles import LIMIT

from kmc.constants import AVOGADRO, BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.model import Model
from kmc.schedule import clock

VOLUME, N_SITES, N_MOLECULES = 6e-26, 36, 24
CAPACITY = AVOGADRO * VOLUME * 1000  # molecules at activity 1: 36.1
ENERGY = -0.01
DECK = f"""\
run: {{duration: 10 s}}
lattice: {{type: simple cubic, spacing: 0.5 nm, size: [6, 6, 1], fill: vacant}}
protocol: {{temperature: 298.15 K, potential: 0 V}}
compartment: {{volume: {VOLUME} m^3}}
species: {{vacant: {{phase: liquid}}, A*: {{formula: CO, phase: dissolved}}, D*: {{formula: C2O2, phase: dissolved}}}}
solution: {{A: {{formula: CO, count: {N_MOLECULES}}}}}
processes:
- name: adsorption
  equation: EQUATION
  rate: {{law: constant, rate-constant: 1 1/s, reaction-free-energy: {ENERGY} eV}}
"""
BACK = math.exp(ENERGY / (BOLTZMANN_EV * 298.15))
TIMES = (0.3, 1.0, 4.0)


def chain(order):
    """Generator of the number of occupied sites: (N - j) n (n - 1)... / M^order up, j exp(dG/kT) down."""
    size = N_MOLECULES // order + 1
    generator = np.zeros((size, size))
    for j in range(size):
        n = N_MOLECULES - order * j
        up = (N_SITES - j) * math.perm(n, order) / CAPACITY**order
        for target, rate in ((j + 1, up), (j - 1, j * BACK)):
            if 0 <= target < size and rate > 0:
                generator[target, j] += rate
                generator[j, j] -= rate
    return generator


@pytest.mark.parametrize(("equation", "order"), [("vacant + A <=> A*", 1), ("vacant + 2 A <=> D*", 2)])
def test_coverage_and_its_fluctuations_are_those_of_the_birth_death_chain(equation, order):
    """800 runs at three times: mean and variance, |z| < 4.5 (7e-6 each); chi-square at the last, p > 1e-6."""
    from scipy.linalg import expm
    from scipy.stats import chi2

    model = Model.of(parse_deck(DECK.replace("EQUATION", equation)))
    n_runs, generator = 800, chain(order)
    found = np.empty((n_runs, len(TIMES)), dtype=np.int64)
    for run in range(n_runs):
        engine = model.with_seed(run).engine()
        for k, time in enumerate(TIMES):
            engine.run(clock(time))
            found[run, k] = np.count_nonzero(engine.species)
            assert found[run, k] * order + engine.solution.count[0] == N_MOLECULES
    for k, time in enumerate(TIMES):
        exact = expm(generator * time)[:, 0]
        states = np.arange(len(exact))
        mean = exact @ states
        variance, fourth = exact @ (states - mean) ** 2, exact @ (states - mean) ** 4
        z_mean = (found[:, k].mean() - mean) / math.sqrt(variance / n_runs)
        z_variance = (((found[:, k] - mean) ** 2).mean() - variance) / math.sqrt((fourth - variance**2) / n_runs)
        print(f"order {order}, t = {time}: {found[:, k].mean():.3f} ({mean:.3f}), z {z_mean:.2f}, {z_variance:.2f}")
        assert abs(z_mean) < LIMIT
        assert abs(z_variance) < LIMIT
    common = n_runs * exact > 5
    seen = np.bincount(found[:, -1], minlength=len(exact))
    pairs = [*zip(seen[common], n_runs * exact[common], strict=True)]
    pairs.append((seen[~common].sum(), n_runs * exact[~common].sum()))
    square = sum((a - b) ** 2 / b for a, b in pairs)
    assert chi2.sf(square, len(pairs) - 1) > 1e-6


def test_equilibrium_is_that_of_free_energies_at_activity_one():
    """Stationary state of the chain: C(N, j) M^-j exp(-j dG/kT) / (n - j)!, independent of rates."""
    generator = chain(1)
    stationary = np.linalg.svd(generator)[2][-1]
    stationary = stationary / stationary.sum()
    weights = np.array([
        math.comb(N_SITES, j) * (BACK * CAPACITY) ** -j / math.factorial(N_MOLECULES - j) for j in range(len(generator))
    ])
    np.testing.assert_allclose(stationary, weights / weights.sum(), rtol=1e-6, atol=1e-12)

# SPDX-License-Identifier: BSD-3-Clause
"""The well-mixed solution against exact results, from decks to counts.

Moments of 001-01 and 003-01 are those of the Discrete Stochastic Models Test Suite: T. W. Evans, C. S. Gillespie,
D. J. Wilkinson, Bioinformatics 24, 285 (2008), doi:10.1093/bioinformatics/btm566.
"""

import math

import numpy as np
import pytest
from physics.ensembles import LIMIT

from kmc.constants import AVOGADRO, BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.model import Model
from kmc.schedule import clock

HEAD = "run: {duration: 50 s}\nprotocol: {temperature: 298.15 K, potential: 0 V}\n"
# Birth and death keep their atoms: the food is held, the dead are counted.
BIRTH_AND_DEATH = f"""\
{HEAD}solution: {{X: {{formula: C, count: 100}}, food: {{formula: C, activity: 1}}, dead: {{formula: C}}}}
processes:
- {{name: birth, equation: X + food => 2 X, rate: {{law: constant, rate-constant: 0.1 1/s}}}}
- {{name: death, equation: X => dead, rate: {{law: constant, rate-constant: 0.11 1/s}}}}
"""
DIMERISATION = f"""\
{HEAD}solution: {{P: {{formula: C, count: 100}}, P2: {{formula: C2, count: 0}}}}
processes:
- {{name: dimerisation, equation: 2 P => P2, rate: {{law: constant, rate-constant: 0.001 1/s}}}}
- {{name: dissociation, equation: P2 => 2 P, rate: {{law: constant, rate-constant: 0.01 1/s}}}}
"""
# Mean and standard deviation of the first species by time.
SUITE = {
    "001-01": (BIRTH_AND_DEATH, {10.0: (90.48374, 13.44708), 50.0: (60.65307, 22.38677)}),
    "003-01": (DIMERISATION, {10.0: (52.214271, 5.51176)}),
}


def counts(model, times, n_runs, seed):
    """Molecules of the first species, int64, shape (n_runs, n_times), of runs with seeds from `seed` on."""
    found = np.empty((n_runs, len(times)), dtype=np.int64)
    for run in range(n_runs):
        engine = model.with_seed(seed + run).engine()
        for k, time in enumerate(times):
            engine.run(clock(time))
            found[run, k] = engine.solution.count[0]
    return found


def z_scores(found, mean, deviation):
    """Standard errors of mean and of standard deviation, as the suite has them: Z_t and Y_t."""
    n_runs = len(found)
    z = math.sqrt(n_runs) * (found.mean() - mean) / deviation
    y = math.sqrt(n_runs / 2) * (found.var(ddof=1) / deviation**2 - 1)
    return z, y


@pytest.mark.parametrize("name", SUITE)
def test_moments_of_the_suite_are_met(name):
    """400 runs; |Z| and |Y| < 4.5: false alarm 7e-6 each."""
    deck, moments = SUITE[name]
    found = counts(Model.of(parse_deck(deck)), sorted(moments), 400, seed=1)
    for k, time in enumerate(sorted(moments)):
        z, y = z_scores(found[:, k], *moments[time])
        print(f"{name}, t = {time:g}: mean {found[:, k].mean():.3f}, Z {z:.2f}; Y {y:.2f}")
        assert abs(z) < LIMIT
        assert abs(y) < LIMIT


@pytest.mark.verify
@pytest.mark.parametrize("name", SUITE)
def test_moments_of_the_suite_are_met_by_ten_thousand_runs(name):
    """|Z| < 3 and |Y| < 5, as the suite asks; fixed seeds."""
    deck, moments = SUITE[name]
    found = counts(Model.of(parse_deck(deck)), sorted(moments), 10_000, seed=1)
    for k, time in enumerate(sorted(moments)):
        z, y = z_scores(found[:, k], *moments[time])
        print(f"{name}, t = {time:g}: mean {found[:, k].mean():.4f}, Z {z:.2f}; Y {y:.2f}")
        assert abs(z) < 3
        assert abs(y) < 5


VOLUME = 4e-26
CAPACITY = AVOGADRO * VOLUME * 1000
THERMAL = BOLTZMANN_EV * 298.15
REACTIONS = {
    "A + B <=> C": ((1, 1, 0), (0, 0, 1)),
    "2 A <=> C": ((2, 0, 0), (0, 0, 1)),
    "2 A <=> 2 B": ((2, 0, 0), (0, 2, 0)),
    "3 A <=> C + B": ((3, 0, 0), (0, 1, 1)),
}
FORMULAS = {"A + B <=> C": ("C", "C", "C2"), "2 A <=> C": ("C", "C", "C2"), "2 A <=> 2 B": ("C", "C", "C"),
            "3 A <=> C + B": ("C", "C", "C2")}


def equilibrium(equation, energy, volume):
    """Exact distribution over the states that one reaction can reach from 12, 9 and 5 molecules.

    With activities, weights are prod_s M^n_s / n_s! times exp(-dG/kT) for every step forwards. Without volume the
    ratio of the constants is between combinations: M = 1, and the factorials of the orders come in.
    """
    before, after = (np.array(side) for side in REACTIONS[equation])
    start = np.array([12, 9, 5])
    steps = [k for k in range(-12, 13) if (start + k * (after - before) >= 0).all()]
    states = [start + k * (after - before) for k in steps]
    factorials = math.prod(map(math.factorial, after)) / math.prod(map(math.factorial, before))
    per_step = math.exp(-energy / THERMAL) * (1.0 if volume else factorials)
    molecules = CAPACITY if volume else 1.0
    weights = [
        per_step**k * molecules ** int(state.sum()) / math.prod(math.factorial(n) for n in state)
        for k, state in zip(steps, states, strict=True)
    ]
    return {int(state[0]): weight / sum(weights) for state, weight in zip(states, weights, strict=True)}


@pytest.mark.parametrize("equation", REACTIONS)
@pytest.mark.parametrize("convention", ["no volume", "per pair", "per activity"])
def test_reversible_reaction_has_the_exact_equilibrium_distribution(equation, convention):
    """Chi-square of 3000 samples, 40 events apart on average; p > 1e-6 (12 cases: false alarm 1e-5)."""
    from scipy.stats import chi2

    volume = convention != "no volume"
    energy = -0.03 if volume else 0.04
    section = f"compartment: {{volume: {VOLUME} m^3, rate-constants: {convention}}}\n" if volume else ""
    formulas = FORMULAS[equation]
    deck = f"""\
{HEAD}{section}solution:
  A: {{formula: {formulas[0]}, count: 12}}
  B: {{formula: {formulas[1]}, count: 9}}
  C: {{formula: {formulas[2]}, count: 5}}
processes:
- {{name: step, equation: {equation}, rate: {{law: constant, rate-constant: 1 1/s, reaction-free-energy: {energy} eV}}}}
"""
    engine = Model.of(parse_deck(deck)).engine()
    exact = equilibrium(equation, energy, volume)
    engine.run(clock(1e9), 2000)
    wait = 40 * sum(engine.time) / 2000
    now = sum(engine.time)
    seen = dict.fromkeys(exact, 0)
    for sample in range(1, 3001):
        engine.run(clock(now + sample * wait))
        seen[int(engine.solution.count[0])] += 1
    common = [n for n, share in exact.items() if 3000 * share > 5]
    pairs = [(seen[n], 3000 * exact[n]) for n in common]
    rest = 3000 - sum(each for each, _ in pairs), 3000 - sum(each for _, each in pairs)
    pairs += [rest] if rest[1] > 1 else []
    square = sum((found - expected) ** 2 / expected for found, expected in pairs)
    assert len(pairs) > 3
    assert chi2.sf(square, len(pairs) - 1) > 1e-6


def test_molecules_never_run_below_zero():
    """Three reactions compete for the last molecules, orders 1 to 3; every state that is seen is possible."""
    deck = f"""\
{HEAD}solution: {{A: {{formula: C, count: 40}}, B: {{formula: C, count: 0}}, T: {{formula: C3, count: 0}}}}
processes:
- {{name: one, equation: A => B, rate: {{law: constant, rate-constant: 1 1/s}}}}
- {{name: two, equation: 2 A => 2 B, rate: {{law: constant, rate-constant: 1 1/s}}}}
- {{name: three, equation: 3 A => T, rate: {{law: constant, rate-constant: 1 1/s}}}}
"""
    model = Model.of(parse_deck(deck))
    for seed in range(200):
        engine = model.with_seed(seed).engine()
        while engine.run((50, 0.0), 1).name == "MAX_EVENTS":
            assert (engine.solution.count >= 0).all()
        assert engine.solution.count[0] == 0
        assert engine.solution.count @ [1, 1, 3] == 40

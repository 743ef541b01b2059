# SPDX-License-Identifier: BSD-3-Clause
"""Asymmetric Marcus-Hush-Chidsey: against integrals of high precision, its limits, and the published expansion."""

import importlib
from functools import partial

import numpy as np
import pytest

from kmc.constants import BOLTZMANN_EV
from kmc.electron_transfer import marcus_hush_chidsey_factor
from kmc.rates import RATE_LAWS

GAMMAS = (-0.9, -0.35, -0.1, 0.0, 0.1, 0.35, 0.9)
THERMAL = BOLTZMANN_EV * 298.15


def parabolas(mpmath, energy, width, thermal, gamma):
    """Steepness of both parabolas and the offset of the product's, in kT."""
    energy, width, thermal, gamma = map(mpmath.mpf, (energy, width, thermal, gamma))
    return width / thermal / (1 - gamma), width / thermal / (1 + gamma), energy / thermal + mpmath.atanh(gamma)


def average(energy, width, thermal, gamma):
    """Occupation of the level that has the energy of the gap, averaged over the reactant, with 30 digits."""
    mpmath = importlib.import_module("mpmath")
    with mpmath.workdps(30):
        reactant, product, offset = parabolas(mpmath, energy, width, thermal, gamma)

        def integrand(place):
            gap = product * (1 - place) ** 2 - reactant * place**2 + offset
            return mpmath.exp(-reactant * place**2) / (1 + mpmath.exp(gap))

        # what lies outside is below exp(-200) of the reactant's weight; two panels to the width of the steeper parabola
        reach = float(mpmath.sqrt((200 + max(offset + product, 0)) / reactant))
        panels = int(4.0 * reach * float(mpmath.sqrt(max(reactant, product)))) + 1
        edges = [mpmath.mpf(each) for each in np.linspace(-reach, reach, panels + 1)]
        total = mpmath.quad(integrand, edges, method="gauss-legendre", maxdegree=4)
        return float(total * mpmath.sqrt(reactant / mpmath.pi))


def cases(seed, number):
    """Random cases over lambda 0.1 to 2 eV, dG up to 4 eV either way, 250 to 450 K."""
    rng = np.random.default_rng(seed)
    width = 10.0 ** rng.uniform(-1.0, np.log10(2.0), number)
    thermal = BOLTZMANN_EV * rng.choice([250.0, 298.15, 450.0], number)
    return zip(rng.uniform(-4.0, 4.0, number), width, thermal, strict=True)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_factor_agrees_with_the_integral_of_high_precision_to_1e_10(gamma):
    for energy, width, thermal in cases(7, 4):
        found = marcus_hush_chidsey_factor(energy, width, thermal, gamma)
        assert found == pytest.approx(average(energy, width, thermal, gamma), rel=1e-10)


@pytest.mark.parametrize("gamma", [-0.35, 0.2])
def test_integrals_of_both_directions_are_in_detailed_balance_by_themselves(gamma):
    for energy, width, thermal in cases(3, 2):
        energy = 0.3 * energy
        ratio = average(energy, width, thermal, gamma) / average(-energy, width, thermal, -gamma)
        assert np.log(ratio) == pytest.approx(-energy / thermal, rel=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_asymmetric_law_obeys_detailed_balance_to_1e_12(gamma):
    law = RATE_LAWS["marcus-hush-chidsey"]
    width, potential = (each.ravel() for each in np.meshgrid([0.1, 0.5, 2.0], np.linspace(-4.0, 4.0, 81)))
    values = {"inner-reorganization-energy": width, "outer-reorganization-energy": 0.0}
    values |= {"standard-potential": 0.1, "asymmetry": gamma}
    forward, backward = (
        law.rate_constant(values, temperature=298.15, potential=potential, electrons=sign) for sign in (1, -1)
    )
    gap = (potential - 0.1) / THERMAL
    seen = (forward > 1e-290) & (backward > 1e-290)
    assert seen.mean() > 0.9
    assert np.abs(np.log(forward / backward) + gap)[seen].max() < 1e-12 * 200.0  # ln of a ratio up to exp(200)
    balanced = np.abs(gap) < 20.0
    error = forward / backward * np.exp(gap) - 1.0
    assert np.abs(error[balanced]).max() < 1e-12


def test_asymmetry_zero_is_the_symmetric_law_bit_for_bit():
    energy = np.linspace(-2.0, 2.0, 41)
    plain, with_zero = (marcus_hush_chidsey_factor(energy, 0.7, THERMAL, *more) for more in ((), (0.0,)))
    assert (plain == with_zero).all()


@pytest.mark.parametrize("gamma", GAMMAS)
def test_factor_saturates_at_one_downhill_and_falls_all_the_way_uphill(gamma):
    # what is relaxed after the transfer, lambda/(1 + gamma), is up to 5 eV here
    values = marcus_hush_chidsey_factor(np.linspace(-20.0, 3.0, 400), 0.5, THERMAL, gamma)
    assert values[0] == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(values) <= 1e-13).all()


@pytest.mark.parametrize("gamma", [-0.3, 0.3])
def test_asymmetry_shifts_the_reorganization_energies_of_both_directions_apart(gamma):
    # far downhill of a cold system the factor is 1/2 where the gap at the reactant's minimum is zero
    width, cold = 0.6, BOLTZMANN_EV * 4.0
    energy = -width / (1.0 + gamma)
    offset = cold * np.arctanh(gamma)
    assert marcus_hush_chidsey_factor(energy - offset, width, cold, gamma) == pytest.approx(0.5, abs=0.01)


def published(driving, width, gamma, limit):
    """Integral of the expansion of Laborda et al. between two levels, in kT, without a prefactor."""
    level = np.linspace(-limit, limit, 200_001)
    ratio = (driving + level) / width
    barrier = width / 4.0 * (1.0 + ratio) ** 2 + gamma * width * ratio * (1.0 - ratio**2) / 4.0
    with np.errstate(over="ignore"):
        weight = np.exp(-barrier - gamma**2 * width / 16.0) / (1.0 + np.exp(-level))
        return weight.sum() * (level[1] - level[0])


@pytest.mark.parametrize("gamma", [0.2, 0.35])
def test_published_expansion_diverges_and_the_parabolas_do_not(gamma):
    width = 20.0
    assert published(0.0, width, gamma, 200.0) > 1e100 * published(0.0, width, gamma, 50.0)
    assert marcus_hush_chidsey_factor(0.0, width, 1.0, gamma) < 1.0


@pytest.mark.parametrize(("gamma", "error"), [(0.05, 0.01), (0.1, 0.025), (0.2, 0.06)])
def test_parabolas_agree_with_the_published_expansion_where_it_is_cut_and_small(gamma, error):
    width = 40.0
    scale = np.sqrt(4.0 * np.pi * width)
    for driving in (-5.0, 0.0, 5.0):
        expansion = published(driving, width, gamma, 50.0) / scale
        assert marcus_hush_chidsey_factor(driving, width, 1.0, gamma) == pytest.approx(expansion, rel=error)


def test_transfer_coefficient_at_the_standard_potential_is_a_half_plus_a_quarter_of_the_asymmetry():
    # - d ln k/d(dG/kT) = 1/2 + gamma/4 in the limit of a large reorganization energy (Laborda et al. 2013)
    factor = partial(marcus_hush_chidsey_factor, reorganization_energy=400.0, thermal_energy=1.0)
    for gamma in (-0.2, 0.1, 0.2):
        slope = np.log(factor(0.5, asymmetry=gamma) / factor(-0.5, asymmetry=gamma))
        assert -slope == pytest.approx(0.5 + gamma / 4.0, abs=0.004)


def test_factors_of_many_cases_do_not_depend_on_what_is_computed_with_them():
    gammas = np.linspace(-0.9, 0.9, 37)
    together = marcus_hush_chidsey_factor(-0.4, 0.8, 0.0257, gammas)
    alone = [float(marcus_hush_chidsey_factor(-0.4, 0.8, 0.0257, each)) for each in gammas]
    assert together == pytest.approx(alone, rel=1e-12)


def test_extremes_neither_overflow_nor_warn():
    with np.errstate(all="raise", under="ignore"):
        for gamma in GAMMAS:
            values = marcus_hush_chidsey_factor([-50.0, 50.0, 0.0, 0.0], [0.001, 0.5, 20.0, 0.001], 0.0086, gamma)
            assert np.isfinite(values).all()


# --- transmission -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["marcus", "marcus-hush-chidsey"])
@pytest.mark.parametrize("electrons", [1, -1])
def test_transmission_multiplies_both_directions_and_is_one_if_left_out(law, electrons):
    values = {"standard-potential": 0.4, "inner-reorganization-energy": 0.9, "outer-reorganization-energy": 0.3}
    conditions = {"temperature": 298.15, "potential": 0.1, "electrons": electrons}
    rate = partial(RATE_LAWS[law].rate_constant, **conditions)
    assert rate(values | {"transmission": 0.013}) == pytest.approx(0.013 * rate(values), rel=1e-14)
    assert rate(values | {"transmission": 1.0}) == rate(values)

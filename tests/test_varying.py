# SPDX-License-Identifier: BSD-3-Clause
"""Energies and potentials that depend on the temperature, and the image charge in the electrode."""

import numpy as np
import pytest

from kmc.constants import BOLTZMANN_EV, COULOMB_EV
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.kinetics import free_energy
from kmc.mechanism import compile_mechanism
from kmc.model import Model
from kmc.rates import RATE_LAWS
from kmc.varying import GibbsQuantity, ImageChargeQuantity, OutOfRangeError, SeriesQuantity

HEAD = """\
run: {duration: 1 us}
lattice: {type: simple cubic, spacing: 0.5 nm, size: [4, 4, 6], fill: A, layers: [{species: E, from: 0, to: 0}]}
protocol: {temperature: 298.15 K, potential: 0.1 V}
species:
  E: {phase: electrode}
  A: {formula: CO2, phase: dissolved}
  B: {formula: CO2, phase: dissolved}
  A-: {formula: CO2, charge: -1, phase: dissolved}
processes:
"""
SPACING = 0.5e-9
LINEAR = "{value: -0.5 eV, slope: 1e-3 eV/K, at: 300 K}"
GIBBS = "{enthalpy: -0.8 eV, entropy: -1e-3 eV/K}"
SERIES = "{temperatures: [273 K, 298 K, 333 K], values: [-0.5 eV, -0.52 eV, -0.55 eV]}"
SOLVENT = "radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5"


def deck_of(rate, equation="A <=> B", head=HEAD):
    return parse_deck(f"{head}- name: it\n  equation: {equation}\n  rate: {rate}\n")


def chemical(energy, barrier="0.4 eV"):
    return f"{{law: eyring, barrier: {barrier}, reaction-free-energy: {energy}}}"


def redox(outer="0.3 eV", potential="0.5 V"):
    return (
        f"{{law: marcus-hush-chidsey, standard-potential: {potential}, inner-reorganization-energy: 0.5 eV, "
        f"outer-reorganization-energy: {outer}}}"
    )


def parameter(rate, name, equation="A <=> B"):
    return compile_mechanism(deck_of(rate, equation)).processes[0].parameters[name]


def outer(text):
    return parameter(redox(text), "outer-reorganization-energy", "A + e- <=> A-")


# --- temperature ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "temperature", "expected"),
    [
        (LINEAR, 300.0, -0.5),
        (LINEAR, 320.0, -0.48),
        (GIBBS, 300.0, -0.5),
        (GIBBS, 350.0, -0.45),
        (SERIES, 273.0, -0.5),
        (SERIES, 285.5, -0.51),
        (SERIES, 333.0, -0.55),
        ("-0.5 eV", 900.0, -0.5),
        ("{temperatures: [0 degC, 60 degC], values: [0 kJ/mol, 96.48533212 kJ/mol]}", 273.15 + 30.0, 0.5),
        ("{enthalpy: 0 eV, entropy: -96.48533212 J/mol/K}", 400.0, 0.4),
    ],
)
def test_energy_follows_the_temperature(text, temperature, expected):
    assert parameter(chemical(text), "reaction-free-energy").at(temperature) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("text", [LINEAR, GIBBS, SERIES])
def test_nominal_value_is_that_at_298_15_kelvin(text):
    quantity = parameter(chemical(text), "reaction-free-energy")
    assert quantity.value == pytest.approx(quantity.at(298.15), rel=1e-14)


def test_series_beyond_298_kelvin_has_the_nominal_value_of_its_nearest_point():
    text = "{temperatures: [330 K, 400 K], values: [-0.5 eV, -0.6 eV]}"
    head = HEAD.replace("298.15 K", "350 K")
    mechanism = compile_mechanism(deck_of(chemical(text), head=head))
    assert mechanism.processes[0].parameters["reaction-free-energy"].value == -0.5


@pytest.mark.parametrize("text", [LINEAR, GIBBS, SERIES])
def test_detailed_balance_holds_at_every_temperature(text):
    mechanism = compile_mechanism(deck_of(chemical(text)))
    forward = mechanism.processes[0]
    for temperature in (280.0, 298.15, 325.0):
        constants = mechanism.rate_constants(temperature, 0.0, SPACING)
        energy = free_energy(forward, 0.0, temperature)
        assert energy == forward.parameters["reaction-free-energy"].at(temperature)
        assert np.log(constants[0] / constants[1]) == pytest.approx(-energy / (BOLTZMANN_EV * temperature), rel=1e-12)


def test_rate_with_a_varying_barrier_is_that_with_its_value_at_the_temperature():
    varying = compile_mechanism(deck_of(chemical("-0.5 eV", "{enthalpy: 0.3 eV, entropy: -1e-3 eV/K}")))
    for temperature in (250.0, 298.15, 400.0):
        law = RATE_LAWS["eyring"]
        values = {"barrier": 0.3 + 1e-3 * temperature, "reaction-free-energy": -0.5}
        expected = law.rate_constant(values, temperature=temperature)
        assert varying.rate_constants(temperature, 0.0, SPACING)[0] == pytest.approx(expected, rel=1e-14)
        shifted = varying.rate_with_barrier_shift(0, [0.0, 0.1], temperature, 0.0, SPACING)
        values["barrier"] += 0.1
        assert shifted == pytest.approx([expected, law.rate_constant(values, temperature=temperature)], rel=1e-14)


def test_standard_potential_with_a_slope_moves_the_equilibrium_with_the_temperature():
    text = "{value: 0.5 V, slope: 1 mV/K, at: 298.15 K}"
    mechanism = compile_mechanism(deck_of(redox(potential=text), "A + e- <=> A-"))
    for temperature, potential in ((298.15, 0.5), (318.15, 0.52)):
        forward, backward = mechanism.rate_constants(temperature, potential, SPACING)
        assert forward == pytest.approx(backward, rel=1e-12)
    assert free_energy(mechanism.processes[0], 0.1, 318.15) == pytest.approx(-0.42)


def test_processes_of_one_law_vary_each_for_itself():
    rates = [chemical(GIBBS), chemical("-0.1 eV"), chemical(LINEAR)]
    species = "  B: {formula: CO2, phase: dissolved}\n"
    head = HEAD.replace(species, species + species.replace("B:", "C:") + species.replace("B:", "D:"))
    steps = ["A <=> B", "B <=> C", "C <=> D"]
    text = head + "".join(
        f"- name: {step}\n  equation: {step}\n  rate: {rate}\n" for step, rate in zip(steps, rates, strict=True)
    )
    together = compile_mechanism(parse_deck(text)).rate_constants(330.0, 0.0, SPACING)
    alone = [compile_mechanism(deck_of(rate)).rate_constants(330.0, 0.0, SPACING) for rate in rates]
    assert together == pytest.approx(np.concatenate(alone), rel=1e-14)


def test_uncertainty_follows_from_those_of_the_parts():
    # |dG/dH| = 1 and |dG/dS| = 298.15 K
    quantity = parameter(chemical("{enthalpy: -0.8 +- 0.03 eV, entropy: -1e-3 +- 1e-4 eV/K}"), "reaction-free-energy")
    assert quantity.uncertainty == pytest.approx(np.hypot(0.03, 0.029815), rel=1e-9)
    assert parameter(chemical(GIBBS), "reaction-free-energy").uncertainty is None


def test_uncertainty_as_large_as_its_value_is_first_order_all_the_same():
    small, large = (
        outer(f"{{{SOLVENT.replace('0.5 nm', radius)}, distance: 1 nm}}")
        for radius in ("0.5 +- 0.01 nm", "0.5 +- 0.6 nm")
    )
    assert large.uncertainty == pytest.approx(60.0 * small.uncertainty, rel=1e-6)


def test_parts_keep_source_and_unit_for_tables():
    text = "{enthalpy: {value: -0.8 eV, source: A}, entropy: -1e-3 eV/K, source: B, method: C}"
    mechanism = compile_mechanism(deck_of(chemical(text)))
    rows = {row.parameter: row for row in mechanism.citations()}
    names = [f"reaction-free-energy{part}" for part in ("", " enthalpy", " entropy")]
    assert [(rows[name].unit, rows[name].source) for name in names] == [("eV", "B"), ("eV", "A"), ("eV/K", "B")]
    assert rows[names[1]].value == -0.8
    assert isinstance(mechanism.processes[0].parameters["reaction-free-energy"], GibbsQuantity)


# --- refusals -------------------------------------------------------------------------------------------------


def test_series_is_not_extrapolated():
    quantity = parameter(chemical(SERIES), "reaction-free-energy")
    assert isinstance(quantity, SeriesQuantity)
    for temperature in (272.0, 334.0):
        with pytest.raises(OutOfRangeError, match=r"from 273 K to 333 K and needed at .* K \(deck.yaml:12:"):
            quantity.at(temperature)


@pytest.mark.parametrize("temperature", ["350 K", "{ramp: {start: 300 K, end: 350 K, rate: 1e9 K/s}}"])
def test_run_beyond_a_series_is_refused_before_it_starts(temperature):
    head = HEAD.replace("298.15 K", temperature)
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck_of(chemical(SERIES), head=head))
    (problem,) = caught.value.problems
    assert problem.line == 12
    assert "'reaction-free-energy' is given from 273 K to 333 K, but the run is at 3" in problem.message


def test_energy_that_leaves_its_bounds_within_the_run_is_refused():
    head = HEAD.replace("298.15 K", "{ramp: {start: 300 K, end: 350 K, rate: 1e9 K/s}}")
    text = "{value: 0.3 eV, slope: -1e-2 eV/K, at: 300 K}"
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck_of(redox(text), "A + e- <=> A-", head))
    (problem,) = caught.value.problems
    assert "'outer-reorganization-energy' must be at least 0, not -0.2 eV as at 350 K" in problem.message


def test_pair_by_hand_is_judged_at_temperatures_where_it_is_known_only():
    text = "{temperatures: [290 K, 310 K], values: [-0.1 eV, -0.1 eV]}"
    head = f"{HEAD}- name: back\n  equation: B => A\n  rate: {chemical('0.1 eV', '0.5 eV')}\n"
    assert compile_mechanism(deck_of(chemical(text), "A => B", head))
    with pytest.raises(DeckError, match="is the reverse of"):
        compile_mechanism(deck_of(chemical(text, "0.45 eV"), "A => B", head))


def test_pair_by_hand_is_judged_with_its_free_energies_at_each_temperature():
    energy, barrier = "{enthalpy: -0.1 eV, entropy: 1e-3 eV/K}", "{enthalpy: 0.5 eV, entropy: -1e-3 eV/K}"
    opposite = "{enthalpy: 0.1 eV, entropy: -1e-3 eV/K}"
    head = f"{HEAD}- name: back\n  equation: B => A\n  rate: {chemical(opposite, barrier)}\n"
    assert compile_mechanism(deck_of(chemical(energy, "0.4 eV"), "A => B", head))
    with pytest.raises(DeckError, match="is the reverse of"):
        compile_mechanism(deck_of(chemical(energy, "0.4 eV"), "A => B", head.replace(barrier, "0.79815 eV")))


# --- the image charge -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("distance", "expected"), [("0.5 nm", 0.3207), ("1 nm", 0.481), ("2 nm", 0.561)])
def test_image_charge_reproduces_published_outer_reorganization_energies(distance, expected):
    # Spotte-Smith, Kam et al. (2022): r = 5 A, n = 1.415, eps = 18.5
    found = outer(f"{{{SOLVENT}, distance: {distance}}}")
    assert found.value == pytest.approx(expected, abs=5e-4)
    assert not found.notices_height


def test_image_charge_is_no_closer_than_the_molecule_is_large():
    touching, buried = (outer(f"{{{SOLVENT}, distance: {distance}}}").value for distance in ("0.5 nm", "0 nm"))
    assert touching == buried


def test_image_charge_far_away_is_the_sphere_of_born_and_marcus():
    found = outer(f"{{{SOLVENT}, distance: 1 m}}").value
    assert found == pytest.approx(0.5 * COULOMB_EV / 0.5e-9 * (1.0 / 1.415**2 - 1.0 / 18.5), rel=1e-8)


def test_distance_of_the_site_is_its_height():
    found = outer(f"{{{SOLVENT}, distance: site}}")
    assert isinstance(found, ImageChargeQuantity)
    assert found.notices_height
    heights = np.array([0.0, 0.5e-9, 1e-9, 2e-9])
    fixed = [outer(f"{{{SOLVENT}, distance: {each * 1e9:g} nm}}").value for each in heights]
    assert found.at(298.15, heights) == pytest.approx(fixed, rel=1e-12)


def test_rates_of_layers_are_those_at_their_heights():
    site = compile_mechanism(deck_of(redox(f"{{{SOLVENT}, distance: site}}"), "A + e- <=> A-"))
    assert site.notices_height.tolist() == [True, True]
    heights = np.array([0.5e-9, 1e-9, 2e-9])
    found = site.rate_with_barrier_shift(0, np.zeros(3), 298.15, 0.1, SPACING, heights)
    for each, rate in zip(heights, found, strict=True):
        text = f"{{{SOLVENT}, distance: {each * 1e9:g} nm}}"
        fixed = compile_mechanism(deck_of(redox(text), "A + e- <=> A-"))
        assert rate == pytest.approx(fixed.rate_constants(298.15, 0.1, SPACING)[0], rel=1e-12)
    assert (np.diff(found) < 0.0).all()  # a larger reorganization energy, and not inverted


def test_rate_table_of_the_core_has_a_row_for_each_height():
    model = Model.of(deck_of(redox(f"{{{SOLVENT}, distance: site}}"), "A + e- <=> A-"))
    rates = model.rates(0.0)
    layers = model.tables.layers
    assert layers.height[layers.layer_of] == pytest.approx(0.5e-9 * np.arange(6))
    expected = model.mechanism.rate_with_barrier_shift(0, np.zeros(6), 298.15, 0.1, SPACING, 0.5e-9 * np.arange(6))
    assert rates[: layers.n_layers][layers.layer_of] == pytest.approx(expected, rel=1e-12)


def test_solution_process_takes_the_distance_of_the_compartment():
    head = HEAD.replace(
        "processes:\n",
        "solution:\n  S: {formula: CO2, count: 5}\n  S-: {formula: CO2, charge: -1, count: 0}\n"
        "compartment: {volume: 1e-24 m^3, distance: 2 nm}\nprocesses:\n",
    )
    found, fixed = (
        compile_mechanism(deck_of(redox(f"{{{SOLVENT}, distance: {distance}}}"), "S + e- <=> S-", head))
        for distance in ("site", "2 nm")
    )
    assert found.rate_constants(298.15, 0.1, SPACING) == pytest.approx(
        fixed.rate_constants(298.15, 0.1, SPACING), rel=1e-14
    )

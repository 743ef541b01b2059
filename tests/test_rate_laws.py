# SPDX-License-Identifier: BSD-3-Clause
"""Harmonic transition states, collisions, encounters, impingement; and the example of every law in a deck."""

import numpy as np
import pytest
from chemistry import ROOM, SPACING

from kmc.constants import AVOGADRO, BOLTZMANN, BOLTZMANN_EV, PLANCK_EV, SPEED_OF_LIGHT
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism
from kmc.rate_laws import vineyard_prefactor
from kmc.rates import RATE_LAWS

HEAD = """\
run: {duration: 1 us}
lattice: {type: simple cubic, spacing: 0.5 nm, size: [4, 4, 6], fill: A, layers: [{species: E, from: 0, to: 0}]}
protocol: {temperature: 298.15 K, potential: 0.1 V}
species:
  E: {phase: electrode}
  A: {formula: CO2, phase: dissolved}
  B: {formula: CO2, phase: dissolved}
  A-: {formula: CO2, charge: -1, phase: dissolved}
solution:
  M: {formula: CO2, count: 10}
  N: {formula: CO2, count: 10}
  MN: {formula: C2O4, count: 0}
compartment: {volume: 1e-24 m^3}
processes:
"""
MOLECULES = "M + N => MN"


def rate_of(text, equation="A => B"):
    """Mechanism of one process with a rate written as in a deck."""
    text = f"{HEAD}- name: it\n  equation: {equation}\n  rate: {text}\n"
    return compile_mechanism(parse_deck(text))


def problems_of(text, equation="A => B"):
    with pytest.raises(DeckError) as caught:
        rate_of(text, equation)
    return [problem.message for problem in caught.value.problems]


def constant_of(text, equation="A => B"):
    return rate_of(text, equation).rate_constants(ROOM, 0.1, SPACING)[0]


def equation_of(law):
    return MOLECULES if law.is_volumetric else "A + e- <=> A-" if law.uses_potential else "A => B"


# --- the examples of the reference of keys --------------------------------------------------------------------


@pytest.mark.parametrize("law", RATE_LAWS.values(), ids=list(RATE_LAWS))
def test_example_of_a_law_gives_a_rate_constant_in_a_deck(law):
    assert law.example.startswith(f"{{law: {law.name}, ")
    mechanism = rate_of(law.example, equation_of(law))
    assert mechanism.processes[0].law == law.name
    constants = mechanism.rate_constants(ROOM, 0.1, SPACING)
    assert np.isfinite(constants).all()
    assert (constants > 0.0).all()


@pytest.mark.parametrize("law", RATE_LAWS.values(), ids=list(RATE_LAWS))
def test_unit_of_a_law_is_that_of_its_documentation(law):
    assert f"[{law.unit}]" in law.function.__doc__


# --- harmonic transition states -------------------------------------------------------------------------------


def test_vineyard_prefactor_is_the_ratio_of_products_of_frequencies():
    law = RATE_LAWS["harmonic"]
    values = {"initial-frequencies": [2e12, 3e12, 5e12], "saddle-frequencies": [4e12, 6e12], "barrier": 0.4}
    expected = 30e36 / 24e24 * np.exp(-0.4 / (BOLTZMANN_EV * ROOM))
    assert law.rate_constant(values, temperature=ROOM) == pytest.approx(expected, rel=1e-12)


def test_vineyard_prefactor_of_hundreds_of_modes_neither_overflows_nor_loses_digits():
    rng = np.random.default_rng(5)
    saddle = rng.uniform(1e12, 6e13, 600)
    initial = np.append(saddle[::-1], 7e12)
    assert vineyard_prefactor(initial, saddle) == pytest.approx(7e12, rel=1e-11)
    assert vineyard_prefactor([3e12], []) == pytest.approx(3e12, rel=1e-14)


def test_wavenumbers_frequencies_and_quanta_mean_the_same_mode():
    thz = 1e-10 * SPEED_OF_LIGHT * 120.0  # of 120 1/cm
    quantum = PLANCK_EV * 1e12 * thz
    texts = ["120 1/cm", f"{thz!r} THz", f"{1e3 * quantum!r} meV"]
    constants = [
        constant_of(f"{{law: harmonic, initial-frequencies: [{text}], saddle-frequencies: [], barrier: 0.1 eV}}")
        for text in texts
    ]
    assert constants == pytest.approx([constants[0]] * 3, rel=1e-12)
    assert constants[0] == pytest.approx(1e12 * thz * np.exp(-0.1 / (BOLTZMANN_EV * ROOM)), rel=1e-12)


def test_harmonic_rate_is_the_classical_limit_of_the_harmonic_thermochemistry_of_ase():
    from ase.thermochemistry import HarmonicThermo

    # Quantum corrections are (h nu/kT)^2/24 of each mode, here below 2e-4 together.
    temperature, barrier = 3000.0, 0.9
    initial, saddle = np.array([0.012, 0.021, 0.030, 0.011]), np.array([0.010, 0.024, 0.033])  # [eV]
    free = [
        HarmonicThermo(modes, potentialenergy=energy).get_helmholtz_energy(temperature, verbose=False)
        for modes, energy in ((initial, 0.0), (saddle, barrier))
    ]
    thermal = BOLTZMANN_EV * temperature
    expected = thermal / PLANCK_EV * np.exp(-(free[1] - free[0]) / thermal)
    values = {"initial-frequencies": initial / PLANCK_EV, "saddle-frequencies": saddle / PLANCK_EV, "barrier": barrier}
    assert RATE_LAWS["harmonic"].rate_constant(values, temperature=temperature) == pytest.approx(expected, rel=1e-3)


def test_harmonic_processes_with_different_numbers_of_modes_are_computed_together():
    rates = [
        "{law: harmonic, initial-frequencies: [2 THz, 3 THz], saddle-frequencies: [5 THz], barrier: 0.2 eV}",
        "{law: harmonic, initial-frequencies: [4 THz], saddle-frequencies: [], barrier: 0.2 eV}",
    ]
    text = HEAD + "".join(f"- name: p{n}\n  equation: A => B\n  rate: {rate}\n" for n, rate in enumerate(rates))
    text = text.replace("name: p1\n  equation: A => B", "name: p1\n  equation: B => A")
    together = compile_mechanism(parse_deck(text)).rate_constants(ROOM, 0.1, SPACING)
    assert together == pytest.approx([constant_of(rate) for rate in rates], rel=1e-14)


def test_reverse_of_a_harmonic_process_follows_from_the_reaction_free_energy():
    rate = (
        "{law: harmonic, initial-frequencies: [2 THz, 3 THz], saddle-frequencies: [5 THz], barrier: 0.2 eV, "
        "reaction-free-energy: -0.3 eV}"
    )
    forward, backward = rate_of(rate, "A <=> B").rate_constants(ROOM, 0.1, SPACING)
    assert np.log(forward / backward) == pytest.approx(0.3 / (BOLTZMANN_EV * ROOM), rel=1e-12)


@pytest.mark.parametrize(
    ("initial", "saddle", "message"),
    [
        ("[1 THz, 2 THz]", "[1 THz, 2 THz]", "2 initial-frequencies and 2 saddle-frequencies; a saddle has one real"),
        ("[]", "[]", "'initial-frequencies' must have 1 or more values, not 0"),
        ("1 THz", "[]", "'initial-frequencies' is '1 THz'; expected a list of values"),
        ("[1 THz, -2 THz]", "[1 THz]", "'initial-frequencies' must be above 0 1/s, not '-2 THz'"),
        ("[1 THz, 2 nm]", "[1 THz]", "'2 nm' is a length; expected a frequency such as '250 1/cm'"),
        ("{values: [1 THz], sorce: x}", "[]", "unknown key 'sorce', did you mean 'source'?"),
        ("{source: x}", "[]", "missing key 'values' in 'initial-frequencies'"),
    ],
)
def test_frequencies_that_are_none_are_refused(initial, saddle, message):
    rate = f"{{law: harmonic, initial-frequencies: {initial}, saddle-frequencies: {saddle}, barrier: 0.2 eV}}"
    (found,) = problems_of(rate)
    assert message in found


# --- collisions, encounters, impingement ----------------------------------------------------------------------


def test_collision_rate_is_the_cross_section_times_the_mean_relative_speed_of_drawn_molecules():
    values = {"radii": [0.25e-9, 0.30e-9], "molar-masses": [0.08806, 0.04401]}
    rng = np.random.default_rng(11)
    number = 200_000
    spreads = [np.sqrt(BOLTZMANN * ROOM * AVOGADRO / mass) for mass in values["molar-masses"]]
    velocities = [rng.normal(0.0, spread, (number, 3)) for spread in spreads]
    speeds = np.linalg.norm(velocities[0] - velocities[1], axis=1)
    error = speeds.std() / np.sqrt(number)
    cross_section = np.pi * 0.55e-9**2
    found = RATE_LAWS["collision"].rate_constant(values, temperature=ROOM)
    # 4 standard errors: a false alarm in 16 000 seeds
    assert found / cross_section == pytest.approx(speeds.mean(), abs=4.0 * error)


def test_collision_with_a_barrier_is_slower_by_its_boltzmann_factor():
    values = {"radii": [0.2e-9, 0.2e-9], "molar-masses": [0.028, 0.028]}
    free, hindered = (
        RATE_LAWS["collision"].rate_constant(values | {"barrier": barrier}, temperature=ROOM) for barrier in (0.0, 0.3)
    )
    assert hindered / free == pytest.approx(np.exp(-0.3 / (BOLTZMANN_EV * ROOM)), rel=1e-12)


def test_encounter_of_equal_spheres_in_water_is_the_diffusion_limit_of_the_textbooks():
    # Stokes and Einstein: D = kT/(6 pi eta r), so that k = 8 kT/(3 eta), 7.4e9 L/(mol s) in water
    viscosity, radius = 0.89e-3, 0.2e-9
    diffusivity = BOLTZMANN * ROOM / (6.0 * np.pi * viscosity * radius)
    values = {"relative-diffusivity": 2.0 * diffusivity, "encounter-distance": 2.0 * radius}
    found = RATE_LAWS["encounter"].rate_constant(values)
    assert found == pytest.approx(8.0 * BOLTZMANN * ROOM / (3.0 * viscosity), rel=1e-12)
    assert 1e3 * AVOGADRO * found == pytest.approx(7.4e9, rel=0.01)


def test_impingement_of_nitrogen_is_the_flux_of_the_textbooks():
    # 3.8e14 molecules per cm^2 and second at 1e-6 torr and 300 K
    values = {"pressure": 1.33322e-4, "molar-mass": 28.0134e-3, "site-area": 1e-4}
    found = RATE_LAWS["impingement"].rate_constant(values, temperature=300.0)
    assert found == pytest.approx(3.83e14, rel=0.01)
    half = RATE_LAWS["impingement"].rate_constant(values | {"sticking": 0.5}, temperature=300.0)
    assert half == pytest.approx(0.5 * found)


@pytest.mark.parametrize("name", ["collision", "encounter"])
def test_volumetric_law_is_divided_by_the_volume_of_the_compartment(name):
    law = RATE_LAWS[name]
    mechanism = rate_of(law.example, MOLECULES)
    values = {key: value.value for key, value in mechanism.processes[0].parameters.items()}
    found = mechanism.rate_constants(ROOM, 0.1, SPACING)[0]
    assert found == pytest.approx(law.rate_constant(values, temperature=ROOM) / 1e-24, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("{law: collision, radii: [0.2 nm], molar-masses: [28 g/mol, 28 g/mol]}", "'radii' must have 2 values, not 1"),
        ("{law: collision, radii: [0.2 nm, 0 nm], molar-masses: [1 g/mol, 1 g/mol]}", "must be above 0 m, not '0 nm'"),
        ("{law: collision, radii: [0.2 nm, 2 nm], molar-masses: [1 g, 1 g/mol]}", "'1 g' is in 'g'; expected"),
        ("{law: encounter, relative-diffusivity: 1e-9 m^2/s}", "missing key 'encounter-distance'"),
    ],
)
def test_molecules_that_are_none_are_refused(rate, message):
    (found,) = problems_of(rate, MOLECULES)
    assert message in found

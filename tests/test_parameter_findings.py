# SPDX-License-Identifier: BSD-3-Clause
"""`kmc check` on parameters that the deck says elsewhere as well: molar masses, areas of sites."""

import pytest

from kmc.deck import parse_deck
from kmc.inspection import check

SURFACE = """\
run: {duration: 1 us, max-events: 1000}
lattice: {type: simple cubic, spacing: 0.5 nm, size: [6, 6, 3], fill: vacant}
protocol: {temperature: 298.15 K, potential: 0.1 V}
species:
  vacant: {phase: liquid}
  CO*: {formula: CO, phase: dissolved}
solution:
  CO: {formula: CO, phase: gas, activity: {value: 0.1, source: x}}
processes:
"""
VOLUME = """\
run: {duration: 1 us, max-events: 1000}
protocol: {temperature: 298.15 K, potential: 0.1 V}
compartment: {volume: 1e-24 m^3}
solution:
  H2: {formula: H2, count: 10}
  CO2: {formula: CO2, count: 10}
  HCOOH: {formula: H2CO2, count: 0}
  U: {count: 3}
processes:
"""


def found(text, kind):
    return [each for each in check(parse_deck(text, "deck.yaml")).findings if each.kind == kind]


def adsorption(mass="28.01 g/mol", area="0.25 nm^2", equation="vacant + CO => CO*"):
    rate = f"{{law: impingement, pressure: 1 bar, molar-mass: {mass}, site-area: {area}}}"
    return f"{SURFACE}- {{name: adsorption, equation: {equation}, rate: {rate}}}\n"


def collision(masses, equation="H2 + CO2 => HCOOH"):
    rate = f"{{law: collision, radii: [0.1 nm, 0.2 nm], molar-masses: {masses}}}"
    return f"{VOLUME}- {{name: meet, equation: {equation}, rate: {rate}}}\n"


@pytest.mark.parametrize(("mass", "n"), [("28.01 g/mol", 0), ("28 g/mol", 0), ("44.01 g/mol", 1), ("28.01 kg/mol", 1)])
def test_molar_mass_of_a_gas_is_compared_with_its_formula(mass, n):
    findings = found(adsorption(mass=mass), "molar mass")
    assert [each.level for each in findings] == ["warn"] * n
    assert all("CO 28.01 g/mol" in each.detail for each in findings)


@pytest.mark.parametrize(
    ("area", "n"), [("0.25 nm^2", 0), ("0.26 nm^2", 0), ("0.2 nm^2", 1), ("25 angstrom^2", 0), ("0.25 um^2", 1)]
)
def test_area_of_a_site_is_compared_with_the_lattice(area, n):
    findings = found(adsorption(area=area), "site area")
    assert [each.level for each in findings] == ["warn"] * n
    assert all("lattice 0.25 nm^2" in each.detail for each in findings)


@pytest.mark.parametrize(("area", "n"), [("0.25 nm^2", 0), ("0.5 nm^2", 0), ("0.05 nm^2", 0), ("2 nm^2", 1)])
def test_area_of_two_sites_may_be_a_share_or_the_sum_of_theirs(area, n):
    text = adsorption(area=area, equation="2 vacant + 2 CO => 2 CO*")
    assert len(found(text, "site area")) == n


@pytest.mark.parametrize(
    ("masses", "n"),
    [
        ("[2.016 g/mol, 44.01 g/mol]", 0),
        ("[44.01 g/mol, 2.016 g/mol]", 0),
        ("[2.016 g/mol, 2.016 g/mol]", 1),
        ("[2.016 g/mol, 46.03 g/mol]", 1),
    ],
)
def test_molar_masses_of_colliding_molecules_are_compared_with_their_formulas(masses, n):
    assert len(found(collision(masses), "molar mass")) == n


def test_two_of_a_kind_have_the_same_mass_and_species_without_formula_are_not_judged():
    assert len(found(collision("[2.016 g/mol, 44.01 g/mol]", "2 H2 => U"), "molar mass")) == 1
    assert found(collision("[2.016 g/mol, 2.016 g/mol]", "2 H2 => U"), "molar mass") == []
    assert found(collision("[2.016 g/mol, 9 g/mol]", "H2 + U => HCOOH"), "molar mass") == []

# SPDX-License-Identifier: BSD-3-Clause
"""Quantities as people write them."""

import contextlib
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmc import constants
from kmc.units import DIMENSIONS, UNITS, UnitError, check_unit, parse_quantity, parse_range, unit_factor


@pytest.mark.parametrize(
    ("text", "dimension", "value", "uncertainty"),
    [
        ("0.477 eV", "energy", 0.477, None),
        ("0.477 +- 0.1 eV", "energy", 0.477, 0.1),
        ("0.477 ± 0.1 eV", "energy", 0.477, 0.1),
        ("0.477 +/- 0.1 eV", "energy", 0.477, 0.1),
        ("0.5+-0.1eV", "energy", 0.5, 0.1),
        ("-320 meV", "energy", -0.32, None),
        ("1e3 J/mol", "energy", 1e3 / constants.FARADAY, None),
        ("1.602176634e-19 J", "energy", 1.0, None),
        ("1.2e-10 m^2/s", "diffusivity", 1.2e-10, None),
        ("3e-6 cm^2/s", "diffusivity", 3e-10, None),
        ("3e-6 cm^2 s^-1", "diffusivity", 3e-10, None),
        ("3e-6 cm*cm/s", "diffusivity", 3e-10, None),
        ("12 1/nm", "decay", 1.2e10, None),
        ("0.6 1/angstrom", "decay", 6e9, None),
        ("0.6 Å^-1", "decay", 6e9, None),
        ("95.8 cm^3/mol", "molar volume", 9.58e-5, None),
        ("1.69 g/cm^3", "density", 1690.0, None),
        ("1690 kg/m^3", "density", 1690.0, None),
        ("1 mol/L", "concentration", 1000.0, None),
        ("25 degC", "temperature", 298.15, None),
        ("25 +- 2 °C", "temperature", 298.15, 2.0),
        ("0.5 degC", "temperature difference", 0.5, None),
        ("1.5 K/min", "temperature rate", 0.025, None),
        ("10 mV/s", "potential rate", 0.01, None),
        ("5 mV", "potential", 0.005, None),
        ("5 J/A/s", "potential", 5.0, None),
        ("2 ns", "time", 2e-9, None),
        ("3 µs", "time", 3e-6, None),
        ("3 \u03bcs", "time", 3e-6, None),
        ("1 yr", "time", 31557600.0, None),
        ("10 THz", "rate constant", 1e13, None),
        ("1e13 1/s", "rate constant", 1e13, None),
        ("0.067 +- 0.02", "dimensionless", 0.067, 0.02),
        ("\u22120.1 V", "potential", -0.1, None),
        ("  .5   nm ", "length", 5e-10, None),
        ("1e-300 eV", "energy", 1e-300, None),
    ],
)
def test_quantity_is_read_in_internal_units(text, dimension, value, uncertainty):
    assert parse_quantity(text, dimension) == (value, uncertainty)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("3 nm", "energy", "'3 nm' is a length; expected an energy such as '0.5 eV'"),
        ("0.5", "energy", "'0.5' has no unit; expected an energy such as '0.5 eV'"),
        ("0.5 eV", "dimensionless", "'0.5 eV' is an energy; expected a plain number such as '0.5'"),
        ("30 kJ/mol", "potential", "'30 kJ/mol' is an energy per mole; expected a potential such as '0.1 V'"),
        ("1 m*K", "length", "'1 m*K' is in 'm*K'; expected a length such as '0.5 nm'"),
        ("1 foo", "length", "unknown unit 'foo'"),
        ("1 Nm", "length", "unknown unit 'Nm', did you mean 'nm'?"),
        ("1 ev", "energy", "unknown unit 'ev', did you mean 'eV'?"),
        ("5 C", "temperature", "unknown unit 'C', did you mean 'degC'?"),
        ("3 hours", "time", "unknown unit 'hours', did you mean 'h'?"),
        ("1 m2/s", "diffusivity", "'m2/s' is not a unit; units are written like 'm^2/s' or '1/nm'"),
        ("1 (m/s)", "diffusivity", "'(m/s)' is not a unit"),
        ("1 nm^^2", "length", "'nm^^2' is not a unit"),
        ("1 nm/", "length", "'nm/' is not a unit"),
        ("1 /s", "rate constant", "'/s' is not a unit"),
        ("1 nm^99", "length", "'nm^99' is not a unit"),
        ("1 degC/min", "temperature rate", "'degC/min': degC has an offset and stands alone; write K"),
        ("1,5 eV", "energy", "'1,5 eV': a decimal comma is not understood; write a decimal point"),
        ("0.5 +- eV", "energy", "'0.5 +- eV' has no number after '+-'; expected for example '0.5 +- 0.1 eV'"),
        ("0.5 +- -0.1 eV", "energy", "an uncertainty cannot be negative"),
        ("0.5 eV +- 0.1 eV", "energy", "'eV +- 0.1 eV' is not a unit"),
        ("1e999 eV", "energy", "'1e999 eV' is not a finite number"),
        ("1 +- 1e999 eV", "energy", "is not a finite number"),
        ("nan eV", "energy", "'nan eV' is not a finite number; expected an energy such as '0.5 eV'"),
        ("-inf eV", "energy", "'-inf eV' is not a finite number"),
        ("eV", "energy", "'eV' does not start with a number; expected an energy such as '0.5 eV'"),
        ("", "energy", "'' does not start with a number"),
        ("0x1F eV", "energy", "unknown unit 'x'"),
        ("1_000 eV", "energy", "'_000 eV' is not a unit"),
        ("٣ eV", "energy", "'٣ eV' does not start with a number"),
        ("5 " + "x" * 1000, "energy", "unknown unit 'xxx"),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_was_expected(text, dimension, message):
    with pytest.raises(UnitError, match=re.escape(message)) as caught:
        parse_quantity(text, dimension)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("name", DIMENSIONS)
def test_example_of_a_dimension_is_of_that_dimension(name):
    assert parse_quantity(DIMENSIONS[name].example, name)[0] > 0.0
    assert unit_factor(DIMENSIONS[name].unit, name) == 1.0


@pytest.mark.parametrize("name", UNITS)
def test_unit_divided_by_itself_is_one(name):
    assert unit_factor(f"{name}/{name}", "dimensionless") == 1.0


def test_celsius_is_a_temperature_but_no_factor():
    check_unit("degC", "temperature")
    with pytest.raises(UnitError, match="has an offset"):
        unit_factor("degC", "temperature")


@given(st.floats(min_value=-1e30, max_value=1e30, allow_subnormal=False))
def test_number_in_the_internal_unit_is_read_exactly(value):
    assert parse_quantity(f"{value!r} eV", "energy")[0] == value
    assert parse_quantity(f"{value!r} m", "length")[0] == value


@given(st.text(max_size=40), st.sampled_from(sorted(DIMENSIONS)))
def test_any_text_is_a_finite_quantity_or_a_unit_error(text, dimension):
    with contextlib.suppress(UnitError):
        value, uncertainty = parse_quantity(text, dimension)
        assert math.isfinite(value)
        assert uncertainty is None or uncertainty >= 0.0


@given(st.text(alphabet="0123456789.eE+-±/ *^numsVKJAgolci", max_size=25))
def test_any_text_of_numbers_and_units_is_a_finite_quantity_or_a_unit_error(text):
    test_any_text_is_a_finite_quantity_or_a_unit_error.hypothesis.inner_test(text, "energy")


def test_constants_are_those_of_codata_2022():
    assert pytest.approx(8.617333262e-5, rel=1e-9) == constants.BOLTZMANN_EV
    assert pytest.approx(4.135667696e-15, rel=1e-9) == constants.PLANCK_EV
    assert pytest.approx(96485.33212, rel=1e-9) == constants.FARADAY
    assert pytest.approx(8.314462618, rel=1e-9) == constants.GAS_CONSTANT


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1 1/cm", "frequency", 29979245800.0),
        ("1 THz", "frequency", 1e12),
        ("1 meV", "frequency", 241798924208.491),
        ("100 J/mol/K", "entropy", 100.0 / constants.FARADAY),
        ("1e-3 eV/K", "entropy", 1e-3),
        ("1 mV/K", "potential slope", 1e-3),
        ("1 atm", "pressure", 101325.0),
        ("2.5 mbar", "pressure", 250.0),
        ("1 kg/m/s^2", "pressure", 1.0),
        ("88.06 g/mol", "molar mass", 0.08806),
        ("0.25 nm^2", "area", 2.5e-19),
    ],
)
def test_vibrations_entropies_and_gases_are_read_in_internal_units(text, dimension, value):
    assert parse_quantity(text, dimension)[0] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("0.40 .. 0.685 eV", (0.4, 0.685)),
        ("0.40..0.685eV", (0.4, 0.685)),
        ("400 meV .. 0.685 eV", (0.4, 0.685)),
        ("-1e-1 .. .5 eV", (-0.1, 0.5)),
        ("\u22120.1 .. 0 eV", (-0.1, 0.0)),
    ],
)
def test_range_is_read_in_internal_units(text, ends):
    assert parse_range(text, "energy") == ends


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5 .. 0.4 eV", "its first value is not below its second"),
        ("0.5 .. 0.5 eV", "its first value is not below its second"),
        ("0.4 .. 0.5", "'0.5' has no unit; expected an energy"),
        ("0.4 .. 0.5 nm", "'0.5 nm' is a length; expected an energy"),
        ("0.4 nm .. 0.5 eV", "'0.4 nm' is a length; expected an energy"),
        (".. 0.5 eV", "does not start with a number"),
        ("0.4 +- 0.1 .. 0.5 eV", "has no unit"),
        ("0.4 eV .. 0.5 +- 0.1 eV", "the ends of a range carry no uncertainty"),
        ("0.1 .. 0.2 .. 0.3 eV", "is not a unit"),
    ],
)
def test_what_is_no_range_is_refused(text, message):
    with pytest.raises(UnitError, match=re.escape(message)):
        parse_range(text, "energy")


def test_vacuum_permittivity_and_what_follows_are_those_of_codata_2022():
    classical = 1.0 / (4e-7 * math.pi * constants.SPEED_OF_LIGHT**2)
    assert pytest.approx(classical, rel=1e-9) == constants.VACUUM_PERMITTIVITY
    assert pytest.approx(1.43996455e-9, rel=1e-8) == constants.COULOMB_EV
    assert constants.BOLTZMANN == pytest.approx(constants.BOLTZMANN_EV * constants.ELEMENTARY_CHARGE, rel=1e-15)

# SPDX-License-Identifier: BSD-3-Clause
"""Formulas and molar volumes: strict reading, equality with pymatgen, handbook volumes."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmc.formulas import (
    ELEMENTS,
    FormulaError,
    molar_mass,
    parse_formula,
    volume_of_crystal,
    volume_of_density,
)

PLAIN = [
    "LiF",
    "Li2CO3",
    "C4H4Li2O6",
    "C3H4O3",
    "CO",
    "Co",
    "CH3OH",
    "C2H4",
    "PF6",
    "H",
    "Uuo"[:1],
    "HOOCCOOH",
]
CUBIC = [90.0, 90.0, 90.0]
# handbook molar volume [cm3/mol] from density: 25.94/2.64, 29.88/2.013, 73.89/2.11
CRYSTALS = {
    "LiF": ("Fm-3m", [4.0263] * 3 + CUBIC, {"Li": [[0, 0, 0]], "F": [[0.5, 0.5, 0.5]]}, 9.83),
    "Li2O": ("225", [4.619] * 3 + CUBIC, {"Li": [[0.25, 0.25, 0.25]], "O": [[0, 0, 0]]}, 14.84),
    "Li2CO3": (
        "C2/c",
        [8.359, 4.974, 6.194, 90.0, 114.79, 90.0],
        {
            "Li": [[0.1965, 0.4488, 0.8344]],
            "C": [[0.0, 0.0657, 0.25]],
            "O": [[0.0, 0.3209, 0.25], [0.1459, -0.0642, 0.3124]],
        },
        35.02,
    ),
}
NONSENSE = {
    "": "it is empty",
    "foo": "element symbols start with a capital letter, not 'f'",
    "li2o": "element symbols start with a capital letter, not 'l'",
    "EC": "there is no element 'E'",
    "Xx2": "there is no element 'Xx'",
    "D2O": "there is no element 'D'",
    "LiF-": "the charge stands apart, in 'charge'",
    "Li+": "the charge stands apart, in 'charge'",
    "Li1.5O": "numbers of atoms are whole",
    "Li0": "number '0' after 'Li'",
    "Li02": "number '02' after 'Li'",
    "Li99999": "number '99999' after 'Li'",
    "2Li": "'2' follows no element",
    "H 2O": "it holds a blank",
    "Li²": "'²' has no meaning",
    "Li(OCH2": "a bracket stays open",
    "Li2CO3)": "')' closes nothing",
    "Li(C]": "']' closes nothing",
    "Li()": "')' closes nothing",
    "Li*": "'*' has no meaning",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_formulas_are_read_as_pymatgen_reads_them(text):
    from pymatgen.core import Composition

    assert parse_formula(text) == {element.symbol: int(n) for element, n in Composition(text).items()}


@given(st.lists(st.tuples(st.sampled_from(sorted(ELEMENTS)), st.integers(1, 99)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_random_formulas_are_read_as_pymatgen_reads_them(parts):
    from pymatgen.core import Composition

    text = "".join(f"{symbol}{number if number > 1 else ''}" for symbol, number in parts)
    assert parse_formula(text) == {element.symbol: int(n) for element, n in Composition(text).items()}


def test_the_list_of_elements_is_that_of_pymatgen():
    from pymatgen.core import Element

    assert {element.symbol for element in Element} - {"D", "T"} == ELEMENTS


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("Li(OCH2)2", {"Li": 1, "O": 2, "C": 2, "H": 4}),
        ("(CH2OCO2Li)2", {"C": 4, "H": 4, "O": 6, "Li": 2}),
        ("Li[CO3]", {"Li": 1, "C": 1, "O": 3}),
    ],
)
def test_brackets_multiply_what_they_hold(text, atoms):
    assert parse_formula(text) == atoms


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_with_the_reason(text):
    with pytest.raises(FormulaError) as refusal:
        parse_formula(text)
    assert NONSENSE[text] in str(refusal.value)


@given(st.text(max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_formula_or_refused(text):
    try:
        atoms = parse_formula(text)
    except FormulaError:
        return
    assert atoms
    assert all(symbol in ELEMENTS and number > 0 for symbol, number in atoms.items())


def test_a_formula_of_absurd_size_is_refused():
    with pytest.raises(FormulaError, match="more than 9999 atoms"):
        parse_formula("((Li9999)9999)9999")
    with pytest.raises(FormulaError, match="at most 100 characters"):
        parse_formula("Li" * 60)


def test_a_parsed_formula_can_be_changed_without_changing_the_next():
    parse_formula("LiF")["Li"] = 7
    assert parse_formula("LiF") == {"Li": 1, "F": 1}


def test_plain_formulas_do_not_import_pymatgen():
    code = (
        "import sys; from kmc.formulas import parse_formula; parse_formula('Li2CO3'); "
        "assert 'pymatgen' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_molar_mass_is_in_kilograms():
    assert molar_mass("C4H4Li2O6") == pytest.approx(161.95e-3, rel=1e-4)


def test_the_molar_volume_follows_from_the_density():
    assert volume_of_density("C4H4Li2O6", 1690.0) == pytest.approx(95.83e-6, rel=1e-3)


@pytest.mark.parametrize("text", CRYSTALS)
def test_the_molar_volume_of_a_crystal_is_within_one_percent_of_the_handbook(text):
    spacegroup, cell, sites, handbook = CRYSTALS[text]
    assert volume_of_crystal(text, spacegroup, cell, sites) == pytest.approx(handbook * 1e-6, rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spacegroup": "Fm-3q"}, "no crystal with space group 'Fm-3q'"),
        ({"spacegroup": "231"}, "no crystal with space group '231'"),
        ({"cell": [4.0, 4.0, 5.0, *CUBIC]}, "incompatible"),
        ({"cell": [4.0, 4.0, 4.0, 10.0, 170.0, 90.0]}, "no cell has the angles 10, 170, 90"),
        ({"cell": [4.0, 4.0, 4.0, 300.0, 90.0, 90.0]}, "no cell has the angles 300, 90, 90"),
        ({"sites": {"Li": [[0, 0, 0]]}}, "holds Li4, which is no multiple of LiF"),
        ({"sites": {"Li": [[0, 0, 0]], "F": [[0, 0, 0.01]]}}, "closer than 0.5 angstrom"),
        ({"sites": {"Q": [[0, 0, 0]]}}, "there is no element 'Q'"),
        ({"sites": {}}, "the crystal has no atoms"),
    ],
)
def test_a_crystal_that_cannot_be_is_refused(change, message):
    spacegroup, cell, sites, _ = CRYSTALS["LiF"]
    given_crystal = {"spacegroup": spacegroup, "cell": cell, "sites": sites} | change
    with pytest.raises(FormulaError, match=message):
        volume_of_crystal("LiF", **given_crystal)

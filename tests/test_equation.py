# SPDX-License-Identifier: BSD-3-Clause
"""Equations of processes: what they mean, and how mistakes are told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmc.equation import EquationError, parse_equation

MISTAKES = {
    "A + B": ("'A + B' has no arrow; write => or, for a reversible process, <=>", 0),
    "A -> B": ("'->' is not an arrow; write => or, for a reversible process, <=>", 2),
    "A = B": ("'=' is not an arrow; write => or, for a reversible process, <=>", 2),
    "A <-> B": ("'<->' is not an arrow; write => or, for a reversible process, <=>", 2),
    "A => B => C": ("a second arrow; an elementary step has one", 7),
    "=> B": ("nothing stands on the left; write the species that stands on the site", 0),
    "A =>": ("nothing stands on the right; write the species that stands on the site", 2),
    "A + => B": ("a term is missing beside '+'", 2),
    "+ A => B": ("a term is missing beside '+'", 0),
    "A + + C => B": ("a term is missing beside '+'", 4),
    "A C => B": ("'C' follows 'A' without ' + '", 2),
    "2 A C => B": ("'C' follows 'A' without ' + '", 4),
    "2 => B": ("'2' is a number; a term is a species, a {group} or e-", 0),
    "2.5 A => B": ("coefficient '2.5'; elementary steps have whole numbers from 1 to 99", 0),
    "1/2 A => B": ("coefficient '1/2'; elementary steps have whole numbers from 1 to 99", 0),
    "0 A => B": ("coefficient '0'; elementary steps have whole numbers from 1 to 99", 0),
    "-1 A => B": ("coefficient '-1'; elementary steps have whole numbers from 1 to 99", 0),
    "100 A => B": ("coefficient '100'; elementary steps have whole numbers from 1 to 99", 0),
    "{film => B": ("'{film' is neither a species nor a {group}", 0),
    "{} + A => {} + B": ("'{}' is neither a species nor a {group}", 0),
    "A + e- => B + e-": ("electrons on both sides", 14),
    "A + e- + e- => B": ("electrons stand in two terms of one side", 9),
}


def names(terms):
    return [(term.coefficient, term.name, term.is_group) for term in terms]


def test_an_equation_is_terms_with_coefficients_and_an_arrow():
    equation = parse_equation("2 LiEC_RO + {film} => LEDC + electrolyte + {film} + C2H4")
    assert names(equation.left) == [(2, "LiEC_RO", False), (1, "film", True)]
    assert names(equation.right)[-2:] == [(1, "film", True), (1, "C2H4", False)]
    assert not equation.reversible
    assert equation.electrons == 0


def test_names_of_ions_keep_their_signs():
    equation = parse_equation("electrolyte + LiEC+ + e- <=> LiEC-")
    assert [term.name for term in equation.left] == ["electrolyte", "LiEC+", "e-"]
    assert equation.right[0].name == "LiEC-"
    assert equation.reversible


@pytest.mark.parametrize(
    ("text", "electrons"), [("A + e- => B", 1), ("A => B + e-", -1), ("A + 2 e- => B", 2)]
)
def test_electrons_count_as_taken_from_the_electrode(text, electrons):
    assert parse_equation(text).electrons == electrons


def test_blanks_and_line_breaks_between_terms_do_not_matter():
    assert names(parse_equation("  A  +\n  2   B =>  C + D + E").left) == [(1, "A", False), (2, "B", False)]


def test_terms_know_where_they_stand():
    text = "2 A + {film} => B + {film}"
    equation = parse_equation(text)
    assert [text[term.offset :].split()[0] for term in equation.left] == ["A", "{film}"]


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place(text):
    message, offset = MISTAKES[text]
    with pytest.raises(EquationError) as refusal:
        parse_equation(text)
    assert (str(refusal.value), refusal.value.offset) == (message, offset)


@given(st.lists(st.sampled_from(["A", "B+", "{g}", "e-", "+", "=>", "<=>", "2", "->", "1.5", "{", "}", "é"])))
@settings(max_examples=500, deadline=None)
def test_any_words_are_an_equation_or_refused(words):
    text = " ".join(words)
    try:
        equation, offset = parse_equation(text), 0
    except EquationError as error:
        equation, offset = None, error.offset
    assert 0 <= offset <= len(text)
    assert equation is None or (equation.left and equation.right)

# SPDX-License-Identifier: BSD-3-Clause
"""Small decks of one or a few equations, for the tests of the mechanism."""

from pathlib import Path

import pytest

from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism

TESTS = Path(__file__).parent
SPACING = 0.5e-9
ROOM = 298.15
HEAD = """\
title: test
tables: {sei: tables/sei.csv}
run: {duration: 1 ms}
lattice:
  type: simple cubic
  spacing: 0.5 nm
  size: [6, 6, 6]
  fill: electrolyte
protocol: {temperature: 298.15 K, potential: 0.1 V}
tunnelling: {decay: {default: 12 1/nm}}
groups:
  film: [LEDC, Li2CO3]
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  LiEC: {formula: C3H4LiO3, phase: dissolved}
  RO: {formula: C3H4LiO3, phase: dissolved}
  RO-: {formula: C3H4LiO3, charge: -1, phase: dissolved}
  LEDC: {formula: C4H4Li2O6, phase: solid, density: {value: 1690 +- 169 kg/m^3, source: Safari 2009}}
  Li2CO3: {formula: Li2CO3, phase: solid, units-per-site: 2, molar-volume: 35.2 cm^3/mol}
  Li@Li2CO3: {formula: Li2CO3, phase: solid, units-per-site: 2, guest: {Li: 1}, molar-volume: 35.2 cm^3/mol}
solution:
  LiEC+: {formula: C3H4LiO3, charge: 1, activity: {value: 0.067 +- 0.02, source: site fraction}}
  EC: {formula: C3H4O3, activity: 0.5}
  C2H4: {formula: C2H4, phase: gas}
processes:
"""
FIRST_LINE = HEAD.count("\n") + 1
REDOX = (
    "{law: marcus-hush-chidsey, standard-potential: sei#G1, inner-reorganization-energy: sei#G1, "
    "outer-reorganization-energy: 0.3207 eV}"
)
FAST = "{law: constant, rate-constant: 1e6 1/s}"


def deck_of(*processes, head=HEAD):
    """Deck with processes given as (equation, rate, further lines...)."""
    text = head
    for number, (equation, rate, *more) in enumerate(processes, start=1):
        equation = f'"{equation}"' if equation[0] == "{" else equation
        text += f"- name: step {number}\n  equation: {equation}\n  rate: {rate}\n"
        text += "".join(f"  {line}\n" for line in more)
    return parse_deck(text, "deck.yaml", TESTS)


def compiled(*processes, head=HEAD):
    return compile_mechanism(deck_of(*processes, head=head))


def refused(*processes, head=HEAD):
    with pytest.raises(DeckError) as caught:
        compiled(*processes, head=head)
    return caught.value.problems


def names(mechanism, indexes):
    return {mechanism.species[index].name for index in indexes}

# SPDX-License-Identifier: BSD-3-Clause
"""Decks with a solution, for tests of its chemistry."""

from kmc.deck import parse_deck

ROOM = 298.15
VOLUME = 4e-26
FREE = "law: constant, rate-constant: 3 1/s, reaction-free-energy"
SPECIES = """\
solution:
  A: {formula: C, count: 4}
  B: {formula: C, count: 3}
  C: {formula: C2, count: 2}
  D: {formula: C2, count: 2}
  E: {formula: C, count: 3}
"""


def solution_deck(processes, compartment="", species=SPECIES, rest=""):
    """Deck without lattice, with processes given as (equation, rate, further lines...)."""
    text = "run: {duration: 1 s}\nprotocol: {temperature: 298.15 K, potential: 0.1 V}\n"
    text += (f"compartment: {{{compartment}}}\n" if compartment else "") + rest + species + "processes:\n"
    for number, (equation, rate, *more) in enumerate(processes, start=1):
        text += f"- name: step {number}\n  equation: {equation}\n  rate: {{{rate}}}\n"
        text += "".join(f"  {line}\n" for line in more)
    return parse_deck(text)

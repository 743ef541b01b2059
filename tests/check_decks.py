# SPDX-License-Identifier: BSD-3-Clause
"""Small decks for the findings of `kmc check`, made for one finding each."""

from pathlib import Path

from kmc.deck import parse_deck
from kmc.findings import KINDS
from kmc.inspection import check

ROOT = Path(__file__).parent.parent
LATTICE = """\
run: {duration: 1 us, max-events: 1000}
lattice:
  type: simple cubic
  spacing: 0.5 nm
  size: [6, 6, 6]
  fill: electrolyte
  layers: [{species: electrode, from: 0, to: 0}]
  random: [{species: A, fraction: 0.2}]
protocol: {temperature: 298.15 K, potential: 0.1 V}
tunnelling: {decay: {default: {value: 12 1/nm, source: x}, electrode: {value: 0 1/nm, source: x}}}
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  A: {formula: C3H4LiO3, phase: dissolved}
  B: {formula: C3H4LiO3, phase: dissolved}
  C: {formula: C3H4LiO3, phase: dissolved}
solution:
  Li+: {formula: C3H4LiO3, charge: 1, activity: {value: 0.1, source: x}}
processes:
"""
SOLUTION = """\
run: {duration: 1 us, max-events: 1000}
protocol: {temperature: 298.15 K, potential: 0 V}
solution:
  A: {formula: C2H4, count: 100}
  B: {formula: C2H4, count: 0}
  C: {formula: C2H4, count: 0}
processes:
"""
CLOSED = ("A <=> B, -0.1", "B <=> C, -0.2", "C <=> A, 0.3")


def step(equation, name=None, **rate):
    """A process with a source; the rate is given as keyword arguments."""
    law = rate.pop("law", "eyring")
    given = "".join(f", {key.replace('_', '-')}: {value}" for key, value in rate.items())
    return f"- {{name: {name or equation}, equation: {equation}, source: x, rate: {{law: {law}{given}}}}}\n"


def eyring(*steps, barrier=0.3):
    return "".join(
        step(equation, barrier=f"{barrier} eV", reaction_free_energy=f"{energy} eV")
        for equation, energy in (each.rsplit(", ", 1) for each in steps)
    )


def found(text, kind=None):
    """Findings of a deck, of one kind."""
    findings = check(parse_deck(text, "deck.yaml")).findings
    assert {each.kind for each in findings} <= set(KINDS)
    return [each for each in findings if kind in (None, each.kind)]


def levels(text, kind):
    return [each.level for each in found(text, kind)]

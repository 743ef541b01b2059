# SPDX-License-Identifier: BSD-3-Clause
"""Whatever is done to a deck, it is refused in plain words or it is a deck: never a traceback."""

import importlib.util
import random
import re
from pathlib import Path

import pytest

from kmc.deck import Deck, parse_deck
from kmc.errors import DeckError

ROOT = Path(__file__).resolve().parents[1]
FILM = """\
title: a film
units: {energy: eV, rate-constant: 1/s}
run: {seed: 3, duration: 2 ms, max-events: 1000, max-wall-time: 1 min}
lattice:
  type: simple cubic
  spacing: 0.5 nm
  size: [4, 5, 6]
  boundaries: {x: periodic, y: walls, z: walls}
  fill: electrolyte
  layers:
  - {species: electrode, from: 0, to: 0}
  random:
  - {species: A, fraction: 0.1}
protocol:
  temperature: {ramp: {start: 25 degC, end: 330 K, rate: 1 K/min}}
  potential: 0.1 V
  potential-step: 10 mV
tunnelling:
  decay: {default: 12 +- 6 1/nm, electrode: {value: 0 1/nm, source: conductor}}
  cutoff: 1e-12
groups:
  film: [LEDC, B]
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  A: {formula: C3H4LiO3, phase: dissolved}
  B: {formula: LiF, phase: solid, density: 2.64 g/cm^3, units-per-site: 8, colour: "#aabbcc"}
  LEDC:
    formula: C4H4Li2O6
    phase: solid
    molar-volume: {value: 95.8 cm^3/mol, source: "somebody, doi:10.1000/1", method: x-ray}
solution:
  LiEC+: {formula: C3H4LiO3, charge: 1, activity: 0.067 +- 0.02}
  C2H4: {formula: C2H4, phase: gas}
processes:
- name: first reduction
  equation: electrolyte + LiEC+ + e- <=> A
  rate:
    law: marcus-hush-chidsey
    standard-potential: 0.5 V
    inner-reorganization-energy: 1.2
    outer-reorganization-energy: 30 kJ/mol
  tunnelling: true
- name: pairing
  equation: 2 A => LEDC + electrolyte + C2H4
  rate: {law: eyring, barrier: 0.3 +- 0.1 eV}
  neighbours:
  - {species: ["{film}", electrode], energy: 0.05 eV, site: 1, shell: 1}
- name: walk
  equation: A + electrolyte => electrolyte + A
  rate: {law: diffusion, diffusivity: 1e-12 m^2/s}
output:
  times: {per-decade: 10, from: 1 ns}
  snapshots: {every: 1 ms}
"""
GAS = """\
run: {duration: 10 s}
lattice: {type: square, spacing: 3 angstrom, size: [8, 8], boundaries: {z: periodic}, fill: empty}
protocol: {temperature: 300 K, potential: 0 V}
species: {empty: {phase: liquid}, CO: {phase: dissolved, formula: CO}}
solution: {CO(g): {phase: gas, formula: CO, activity: 1.0}}
processes:
- {name: adsorption, equation: empty + CO(g) => CO, rate: {law: constant, rate-constant: 2 1/s}}
- {name: desorption, equation: CO => empty + CO(g), rate: {law: arrhenius, prefactor: 1 THz, barrier: 0.8 eV}}
- name: three
  equation: CO + CO + empty => empty + CO + CO
  rate: {law: constant, rate-constant: 1 1/s}
  geometry: [[0, 0], [1, 0], [0, 1]]
"""
DECKS = {"film": (FILM, ROOT), "gas": (GAS, ROOT)} | {
    path.stem: (path.read_text(encoding="utf-8"), path.parent)
    for path in sorted((ROOT / "inputs").glob("*.yaml"))
}
CHARACTERS = "{}[]:,#&*!|>'\"%@`-+?~=<^/. \t\n\\0aZé£±−Å\u00a0\u200b\u2028\ufeff\x00\x07😀"
WORDS = [
    "",
    "null",
    "true",
    "no",
    ".nan",
    ".inf",
    "-.inf",
    "1e999",
    "-1",
    "0",
    "1.5",
    "1" + "0" * 400,
    "0x1F",
    "1_0",
]
WORDS += [
    "3 nm",
    "0.5 eV",
    "-5 K",
    "1 degC",
    "12 1/nm",
    "nan eV",
    "1e400 s",
    "1 s s s",
    "0.5 +- -1 eV",
    "[]",
    "{}",
]
WORDS += [
    "[[[[]]]]",
    "{a: {b: 1}}",
    "&x 1",
    "*x",
    "!!int 3",
    "<<",
    "? a",
    "- b",
    "'",
    '"\\U99999999"',
    "e-",
    "=>",
]
WORDS += [
    "{film}",
    "graphite#nothing",
    "#",
    "a#b#c",
    "2001-01-01",
    "|",
    ">",
    "...",
    "---",
    "%YAML 1.1",
    "LiEC",
    "π",
]
WORDS += [
    "99999999999999999999",
    "é" * 300,
    "default",
    "electrode",
    "species",
    "from",
    "1/0",
    "10 ^ 9 eV^9^9",
]


def mutate(text, rng):
    """The text with one thing done to it."""
    lines = text.split("\n")
    index, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    place, word = rng.randrange(len(text) + 1), rng.choice(WORDS)
    kind = rng.randrange(13)
    if kind == 0:
        del lines[index]
    elif kind == 1:
        lines.insert(other, lines[index])
    elif kind == 2:
        lines[index], lines[other] = lines[other], lines[index]
    elif kind == 3:
        lines[index] = (
            " " * rng.randrange(6) + lines[index].lstrip() if rng.random() < 0.5 else " " + lines[index]
        )
    elif kind == 4:
        del lines[min(index, other) : max(index, other)]
    elif kind == 5:
        lines = [*lines[:other], *lines[index : index + 4], *lines[other:]]
    elif kind == 6:
        return text[:place]
    elif kind == 7:
        return text[:place] + rng.choice(CHARACTERS) + text[place:]
    elif kind == 8:
        return text[:place] + text[place + rng.randrange(1, 4) :]
    else:
        return replace_token(text, word, kind, rng)
    return "\n".join(lines)


def replace_token(text, word, kind, rng):
    """The text with a key, a number, a unit or any word replaced."""
    pattern = {9: r"[a-z-]+(?=:)", 10: r"(?<![\w.])[0-9][0-9.e-]*", 11: r"(?<=[0-9] )[A-Za-z0-9/^]+"}.get(
        kind, r"[^\s:,{}\[\]]+"
    )
    found = list(re.finditer(pattern, text))
    if not found:
        return word
    target, source = rng.choice(found), rng.choice(found)
    new = source[0] if rng.random() < 0.4 else word
    return text[: target.start()] + new + text[target.end() :]


def outcome(text, directory):
    """Read a deck and balance its chemistry: "deck", or "refused" with messages that a person can use."""
    try:
        deck = parse_deck(text, "deck.yaml", directory)
        assert isinstance(deck, Deck)
        if importlib.util.find_spec("kmc.mechanism"):
            from kmc.mechanism import compile_mechanism

            compile_mechanism(deck)
    except DeckError as error:
        check_refusal(error.problems)
        return "refused"
    return "deck"


def check_refusal(problems):
    """A refusal has messages for people: short, printable, without the names of libraries."""
    assert problems
    for problem in problems:
        rendered = problem.render()
        assert problem.message
        assert problem.message.isprintable(), rendered
        assert len(problem.message) < 400, rendered
        assert "pydantic" not in rendered
        assert "ruamel" not in rendered


def run_mutations(n_mutations, seed):
    rng = random.Random(seed)
    names = sorted(DECKS)
    outcomes = []
    for _ in range(n_mutations):
        # the large decks of inputs/ take ten times as long to read
        name = rng.choice(["film", "gas"]) if rng.random() < 0.8 else rng.choice(names)
        text, directory = DECKS[name]
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            text = mutate(text, rng)
        try:
            outcomes.append(outcome(text, directory))
        except Exception as error:
            error.add_note(f"the mutated deck was:\n{text}")
            raise
    return outcomes


@pytest.mark.parametrize("name", sorted(DECKS))
def test_deck_before_mutation_is_read(name):
    parse_deck(*[DECKS[name][0], f"{name}.yaml", DECKS[name][1]])


def test_mutated_deck_is_a_deck_or_a_refusal():
    outcomes = run_mutations(300, seed=1)
    assert outcomes.count("refused") > 100
    assert outcomes.count("deck") > 10


@pytest.mark.verify
def test_ten_thousand_mutated_decks_are_decks_or_refusals():
    outcomes = run_mutations(10_000, seed=2)
    assert outcomes.count("refused") > 3000
    assert outcomes.count("deck") > 300

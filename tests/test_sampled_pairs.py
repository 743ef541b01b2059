# SPDX-License-Identifier: BSD-3-Clause
"""Samples of decks with reactions and their reverses written by hand: one follows the other, or both are named."""

import numpy as np
import pytest

from kmc.constants import BOLTZMANN_EV
from kmc.deck import load_deck, parse_deck
from kmc.errors import DeckError
from kmc.inspection import check
from kmc.mechanism import compile_mechanism
from kmc.sampling import sample

DECK = """\
run: {duration: 1 us, max-events: 1000}
protocol: {temperature: 300 K, potential: 0.1 V}
compartment: {volume: 1e-24 m^3, rate-constants: per activity}
solution:
  A: {formula: CO2, count: 100}
  B: {formula: CO2, count: 0}
  A-: {formula: CO2, charge: -1, count: 0}
processes:
"""
SPREAD = {"barrier": " +- 0.1 eV", "energy": " +- 0.05 eV", "back": " +- 0.1 eV", "gain": " +- 0.05 eV"}


def eyring(barrier="", energy="", back="", gain="", nominal=(0.5, -0.2, 0.7, 0.2)):
    """A pair after Eyring, with what follows each number."""
    first, free, second, given = nominal
    return (
        f"{DECK}- {{name: on, equation: A => B, rate: {{law: eyring, barrier: {first}{barrier or ' eV'}, "
        f"reaction-free-energy: {free}{energy or ' eV'}}}}}\n"
        f"- {{name: off, equation: B => A, rate: {{law: eyring, barrier: {second}{back or ' eV'}, "
        f"reaction-free-energy: {given}{gain or ' eV'}}}}}\n"
    )


MARCUS = (
    "{law: marcus, inner-reorganization-energy: 1 +- 0.1 eV, outer-reorganization-energy: 0.3 eV, "
    "standard-potential: 0.4 +- 0.1 V}"
)
REDOX = (
    f"{DECK}- {{name: on, equation: A + e- => A-, rate: {MARCUS}}}\n"
    f"- {{name: off, equation: A- => A + e-, rate: {MARCUS}}}\n"
)
ARRHENIUS = eyring().replace("law: eyring,", "law: arrhenius, prefactor: 1e13 +- 1e12 1/s,")
TWO_LAWS = (
    f"{DECK}- {{name: on, equation: A => B, rate: {{law: arrhenius, prefactor: 1e13 1/s, barrier: 0.5 +- 0.1 eV, "
    "reaction-free-energy: -0.2 eV}}\n"
    "- {name: off, equation: B => A, rate: {law: harmonic, initial-frequencies: [10 THz], saddle-frequencies: [], "
    "barrier: 0.7 eV, reaction-free-energy: 0.2 eV}}\n"
)
# An entropy of reaction of 1e-4 eV/K is in the prefactors: their ratio is exp(1e-4 eV/K / kB).
ENTROPY = (
    f"{DECK}- {{name: on, equation: A => B, rate: {{law: arrhenius, prefactor: 1e13 1/s, barrier: 0.8 +- 0.05 eV, "
    "reaction-free-energy: {enthalpy: -0.2 eV, entropy: 1e-4 eV/K}}}\n"
    f"- {{name: off, equation: B => A, rate: {{law: arrhenius, prefactor: {1e13 * np.exp(-1e-4 / BOLTZMANN_EV)} 1/s, "
    "barrier: 1 +- 0.05 eV, reaction-free-energy: {enthalpy: 0.2 eV, entropy: -1e-4 eV/K}}}\n"
)
INNER = eyring(gain="X").replace("0.2X", "{enthalpy: 0.2 +- 0.1 eV, entropy: 0 eV/K}")
CONSTANT = eyring(nominal=(1, 0, 1, 0), energy=" +- 0.1 eV")
CONSTANT = CONSTANT.replace("eyring, barrier: 1 eV", "constant, rate-constant: 1 1/s")
ONE_WAY = eyring(**SPREAD).replace("reaction-free-energy: 0.2 +- 0.05 eV", "transmission: 1")


@pytest.fixture
def drawn(tmp_path):
    """Load samples of a deck; each is refused if its pair breaks detailed balance."""

    def run(text, n=20, seed=7):
        path = tmp_path / "deck.yaml"
        path.write_text(text)
        generator = np.random.default_rng(seed)
        found = []
        for _ in range(n):
            processes = compile_mechanism(load_deck(path, sample(load_deck(path), generator))).processes
            found.append([{name: each.value for name, each in process.parameters.items()} for process in processes])
        return found

    return run


@pytest.mark.parametrize(
    "uncertain",
    [("barrier",), ("back",), ("energy",), ("gain",), ("barrier", "back"), ("barrier", "energy", "back", "gain")],
)
@pytest.mark.parametrize("nominal", [(0.5, -0.2, 0.7, 0.2), (0.1, 0.3, 0.0, -0.3), (0.05, -0.01, 0.06, 0.01)])
def test_every_sample_of_a_pair_with_barriers_is_in_detailed_balance(drawn, uncertain, nominal):
    found = drawn(eyring(**{name: SPREAD[name] for name in uncertain}, nominal=nominal), n=10)
    leader = {"barrier": (0, "barrier"), "back": (1, "barrier")}.get(uncertain[0], (0, "reaction-free-energy"))
    assert len({sample[leader[0]][leader[1]] for sample in found}) > 1  # barriers may end at their floor


def test_the_first_of_a_pair_is_drawn_as_its_distribution_says(drawn):
    """Mean and spread of 100 barriers 0.5 +- 0.1 eV; false alarm below 1e-4 each."""
    barriers = np.array([each[0]["barrier"] for each in drawn(eyring(**SPREAD), n=100)])
    assert abs(barriers.mean() - 0.5) < 4.0 * 0.1 / np.sqrt(100)
    assert abs(barriers.std() - 0.1) < 4.0 * 0.1 / np.sqrt(200)


def test_the_reverse_says_what_it_follows(tmp_path):
    path = tmp_path / "deck.yaml"
    path.write_text(eyring(**SPREAD))
    overrides = sample(load_deck(path), np.random.default_rng(1))
    assert "follows 'on' in detailed balance" in overrides["processes.off.rate.barrier"]
    assert "drawn from 0.5 +- 0.1 eV" in overrides["processes.on.rate.barrier"]


@pytest.mark.parametrize("text", [REDOX, ARRHENIUS, ENTROPY])
def test_electron_transfer_and_prefactors_follow_as_well(drawn, text):
    found = drawn(text)
    assert len({tuple(each[0].values()) for each in found}) == len(found)


@pytest.mark.parametrize(
    ("text", "what"), [(TWO_LAWS, "two rate laws"), (INNER, "a part of a value"), (CONSTANT, "no parameter of")]
)
def test_pairs_that_cannot_follow_are_refused_with_both_names_and_check_says_so(text, what):
    deck = parse_deck(text, "deck.yaml")
    with pytest.raises(DeckError, match=rf"deck\.yaml:\d+:\d+: process 'off' is the reverse of 'on'.*{what}"):
        sample(deck, np.random.default_rng(1))
    (finding,) = [each for each in check(deck).findings if each.kind == "uncertain pair"]
    assert what in finding.message


@pytest.mark.parametrize(("text", "n"), [(eyring(), 0), (eyring(**SPREAD), 1), (eyring(back=SPREAD["back"]), 1)])
def test_check_warns_of_uncertain_pairs(text, n):
    findings = [each for each in check(parse_deck(text, "deck.yaml")).findings if each.kind == "uncertain pair"]
    assert [(each.level, each.subject) for each in findings] == [("warn", "'off'")] * n
    assert all("'on'" in each.message for each in findings)


def test_a_pair_whose_free_energy_is_not_known_both_ways_is_drawn_independently(drawn):
    found = drawn(ONE_WAY)
    assert len({each[1]["barrier"] for each in found}) == len(found)
    assert abs(np.corrcoef([[each[i]["barrier"] for each in found] for i in (0, 1)])[0, 1]) < 0.9

# SPDX-License-Identifier: BSD-3-Clause
"""What `kmc check` finds and at which level, on decks made for one finding each."""

import numpy as np
import pytest
from check_decks import CLOSED, LATTICE, eyring, found, levels, step

import kmc
from kmc.deck import parse_deck
from kmc.inspection import check

# --- free energies ------------------------------------------------------------------------------------------


def test_cycle_that_closes_is_no_finding():
    result = check(parse_deck(LATTICE + eyring(*CLOSED, barrier=0.4), "deck.yaml"))
    assert [each for each in result.findings if each.kind == "cycle"] == []
    assert "all 1 independent cycles of them close" in result.page


@pytest.mark.parametrize(("error", "level"), [(0.0005, None), (0.01, "note"), (0.1, "warn"), (0.4, "refuse")])
def test_cycle_is_graded_by_its_misclosure(error, level):
    text = LATTICE + eyring("A <=> B, -0.1", "B <=> C, -0.2", f"C <=> A, {0.3 + error}", barrier=0.9)
    cycles = found(text, "cycle")
    assert [each.level for each in cycles] == ([] if level is None else [level])
    for each in cycles:
        assert f"sum to {error:+.4g} eV" in each.message
        assert each.message.startswith("'A <=> B' + 'B <=> C' + 'C <=> A' changes nothing")


def test_cycle_that_cannot_turn_is_no_more_than_a_warning():
    text = LATTICE + eyring("A <=> B, -0.1", "B => C, -0.2", "C <=> A, 0.9", barrier=1.0)
    (finding,) = found(text, "cycle")
    assert finding.level == "warn"
    assert "runs one way only" in finding.message


def test_cycle_through_the_electrode_drops_the_potential():
    redox = "law: butler-volmer, prefactor: 1e3 1/s, standard-potential"
    deck = "".join(
        f"- {{name: to {each}, equation: electrolyte + Li+ + e- <=> {each}, source: x, rate: {{{redox}: {value} V}}}}\n"
        for each, value in (("A", 0.5), ("B", 0.7))
    )
    assert found(LATTICE + deck + eyring("A <=> B, -0.2"), "cycle") == []
    (finding,) = found(LATTICE + deck + eyring("A <=> B, -0.25"), "cycle")
    assert "sum to +0.05 eV" in finding.message or "sum to -0.05 eV" in finding.message


def test_step_that_changes_nothing_has_no_free_energy():
    text = LATTICE + step("A + B => B + A", barrier="0.6 eV", reaction_free_energy="-0.5 eV")
    (finding,) = found(text, "cycle")
    assert finding.message.startswith("'A + B => B + A' changes nothing, but the free energies sum to -0.5 eV")


def test_one_wrong_energy_of_a_network_is_found_with_the_shortest_cycle():
    generator = np.random.default_rng(7)
    energies = generator.normal(0.0, 0.5, 30)
    pairs = [(i, i + 1) for i in range(29)] + [tuple(sorted(generator.choice(30, 2, replace=False))) for _ in range(90)]
    pairs = list(dict.fromkeys(pairs))
    wrong = 60
    text = "run: {duration: 1 us, max-events: 100}\nprotocol: {temperature: 300 K, potential: 0 V}\nsolution:\n"
    text += "".join(f"  S{i}: {{formula: C2H4, count: 10}}\n" for i in range(30)) + "processes:\n"
    for number, (i, j) in enumerate(pairs):
        energy = round(energies[j] - energies[i] + (1.0 if number == wrong else 0.0), 6)
        text += step(f"S{i} <=> S{j}", barrier="4 eV", reaction_free_energy=f"{energy} eV")
    (finding,) = found(text, "cycle")
    i, j = pairs[wrong]
    assert finding.level == "refuse"
    assert finding.message.endswith(f"all others agree without 'S{i} <=> S{j}'")
    assert finding.message.count("<=>") <= 5


def test_free_energies_that_depend_on_temperature_are_compared_where_they_are_worst():
    free = "{value: -0.1 eV, slope: 1e-3 eV/K, at: 298.15 K}"
    ramp = "{ramp: {start: 298.15 K, end: 398.15 K, rate: 1e12 K/s}}"
    text = LATTICE.replace("298.15 K", ramp) + step("A <=> B", barrier="0.6 eV", reaction_free_energy=free)
    text += eyring("B <=> C, -0.2", "C <=> A, 0.3", barrier=0.6)
    (finding,) = found(text, "cycle")
    assert "sum to +0.1 eV" in finding.message
    assert "398.15 K" in finding.message


# --- barriers, prefactors, electron transfer ----------------------------------------------------------------


def test_barrier_below_the_reaction_free_energy_is_a_warning():
    (finding,) = found(LATTICE + eyring("A <=> B, 0.5", barrier=0.3), "barrier")
    assert finding.level == "warn"
    assert finding.detail == "0.3 < 0.5 eV"
    assert found(LATTICE + eyring("A <=> B, 0.5", barrier=0.5), "barrier") == []


@pytest.mark.parametrize(("prefactor", "n"), [("2e15", 1), ("1e15", 0), ("1e13", 0), ("1e9", 0), ("1e8", 1)])
def test_prefactor_that_no_vibration_has_is_a_warning(prefactor, n):
    text = LATTICE + step("A => B", law="arrhenius", prefactor=f"{prefactor} 1/s", barrier="0.3 eV")
    assert levels(text, "prefactor") == ["warn"] * n


def test_prefactor_follows_from_frequencies_and_transmission():
    frequencies = {"initial_frequencies": "[30 THz, 5 THz]", "saddle_frequencies": "[0.01 THz]"}
    text = LATTICE + step("A => B", law="harmonic", barrier="0.3 eV", **frequencies)
    (finding,) = found(text, "prefactor")
    assert finding.detail == "1.5e+16 1/s"
    text = LATTICE + step("A => B", barrier="0.3 eV", transmission="1e-5")
    assert "below" in found(text, "prefactor")[0].message


def test_rate_constant_faster_than_any_vibration_is_a_warning():
    assert levels(LATTICE + step("A => B", law="constant", rate_constant="1e16 1/s"), "prefactor") == ["warn"]


COUPLE = {"inner_reorganization_energy": "0.6 eV", "outer_reorganization_energy": "0.3 eV"}


def test_marcus_theory_in_the_inverted_region_is_a_warning():
    equation = "electrolyte + Li+ + e- <=> A"
    text = LATTICE + step(equation, law="marcus", standard_potential="1.5 V", **COUPLE)
    assert levels(text, "inverted region") == ["warn"]
    assert levels(text.replace("law: marcus", "law: marcus-hush-chidsey"), "inverted region") == []
    assert levels(text.replace("1.5 V", "0.5 V"), "inverted region") == []


def test_butler_volmer_above_its_ceiling_is_a_warning():
    text = LATTICE + step(
        "electrolyte + Li+ + e- => A", law="butler-volmer", prefactor="1e6 1/s", standard_potential="1 V"
    )
    (finding,) = found(text, "ceiling")
    assert finding.level == "warn"
    assert found(text.replace("potential: 1 V}", "potential: 0.8 V}"), "ceiling") == []


def test_odd_reorganization_energy_is_a_warning():
    couple = {"inner_reorganization_energy": "5 eV", "outer_reorganization_energy": "0.3 eV"}
    text = LATTICE + step("electrolyte + Li+ + e- <=> A", law="marcus", standard_potential="0.5 V", **couple)
    assert levels(text, "reorganization") == ["warn"]


def test_electron_without_potential_and_potential_below_lithium_are_notes():
    text = LATTICE + step("electrolyte + Li+ + e- => A", barrier="0.5 eV")
    assert levels(text, "potential") == ["note"]
    assert levels(text, "plating") == []
    assert levels(text.replace("0.1 V", "-0.05 V"), "plating") == ["note"]


def test_tunnelling_without_an_electrode_is_a_warning():
    text = LATTICE + step("electrolyte + Li+ + e- <=> A", law="marcus", standard_potential="0.5 V", **COUPLE)
    text = text.replace("source: x, rate: {law: marcus", "source: x, tunnelling: true, rate: {law: marcus")
    assert levels(text, "no electrode") == []
    assert levels(text.replace("species: electrode, from", "species: A, from"), "no electrode") == ["warn"]


# --- species and processes that never are -------------------------------------------------------------------


def test_dead_and_unused_species_and_unreachable_processes_are_warnings():
    text = (
        LATTICE
        + eyring("B => C, -0.1")
        + step("A => electrolyte + Li+ + e-", barrier="0.4 eV").replace(
            "- {name: A => electrolyte + Li+ + e-", "- {name: oxidation"
        )
    )
    kinds = {(each.kind, each.subject) for each in found(text) if each.level == "warn"}
    assert ("dead species", "'B'") in kinds
    assert ("dead species", "'C'") in kinds
    assert ("unreachable", "'B => C'") in kinds
    assert not {each for each in kinds if "A'" in each[1]}
    assert ("unused species", "'C'") in {(e.kind, e.subject) for e in found(LATTICE + step("A => B", barrier="0.3 eV"))}


def test_what_is_produced_on_the_way_is_reachable():
    assert not {"dead species", "unreachable"} & {
        e.kind for e in found(LATTICE + eyring("A => B, -0.1", "B => C, -0.1"))
    }


def test_what_only_a_rate_constant_of_zero_makes_is_unreachable():
    text = LATTICE + step("A => B", law="constant", rate_constant="0 1/s") + eyring("B => C, -0.1")
    kinds = [(each.kind, each.subject) for each in found(text) if each.level == "warn"]
    assert ("never", "'A => B'") in kinds
    assert ("unreachable", "'B => C'") in kinds


def test_end_product_is_a_note_unless_it_is_a_solid_or_a_gas():
    text = LATTICE + eyring("A => B, -0.1")
    assert [(each.level, each.subject) for each in found(text, "end product")] == [("note", "'B'")]
    solid = "B: {formula: C3H4LiO3, phase: solid, molar-volume: {value: 75 cm^3/mol, source: x}}"
    assert found(text.replace("B: {formula: C3H4LiO3, phase: dissolved}", solid), "end product") == []


def test_process_too_slow_for_the_run_is_a_note():
    text = LATTICE + step("A => B", law="constant", rate_constant="1e-3 1/s")
    assert levels(text, "slow") == ["note"]
    assert levels(text.replace("1 us", "1000 s"), "slow") == []


# --- volumes and sources ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "level"), [(1, "warn"), (4, "note"), (8, None), (20, "warn")])
def test_solid_that_does_not_fill_its_site_is_graded(units, level):
    fluoride = (
        "  LiF: {formula: LiF, phase: solid, units-per-site: UNITS, molar-volume: {value: 9.84 cm^3/mol, source: x}}\n"
    )
    text = LATTICE.replace("solution:", fluoride.replace("UNITS", str(units)) + "solution:") + eyring("A => B, -0.1")
    findings = found(text, "volume")
    assert [each.level for each in findings] == ([] if level is None else [level])
    if level is not None:
        assert "8 units would fill 1.05" in findings[0].detail


def test_value_without_source_is_a_note_with_its_place():
    text = LATTICE + "- {name: opening, equation: A => B, rate: {law: eyring, barrier: 0.3 eV}}\n"
    (finding,) = found(text, "source")
    assert (finding.level, finding.message) == ("note", "no source")
    assert finding.subject == "barrier 0.3 eV of 'opening'"
    assert str(finding.where) == "deck.yaml:20:66"
    said = text.replace("barrier: 0.3 eV", 'barrier: {value: 0.3 eV, source: "no source, a guess"}')
    assert [each.message for each in found(said, "source")] == ["no source, as it says itself"]
    sourced = text.replace("barrier: 0.3 eV", "barrier: {value: 0.3 eV, source: x}")
    assert found(sourced, "source") == []


@pytest.mark.parametrize(("species", "expected"), [("[A]", ["warn"]), ("[C]", [])])
def test_neighbours_that_the_process_itself_changes_are_warned_of(tmp_path, species, expected):
    """2 A <=> 2 B counts its partner forwards only: with 0.05 eV the share of A goes from 0.50 to 0.64."""
    deck = tmp_path / "deck.yaml"
    deck.write_text(
        "run: {duration: 1 us}\n"
        "lattice: {type: square, spacing: 1 nm, size: [20, 20], fill: A}\n"
        "protocol: {temperature: 300 K, potential: 0 V}\n"
        "species: {A: {phase: liquid}, B: {phase: liquid}, C: {phase: liquid}}\n"
        "processes:\n"
        "- name: p\n"
        "  equation: 2 A <=> 2 B\n"
        "  rate: {law: eyring, barrier: 0.5 eV, reaction-free-energy: 0 eV}\n"
        f"  neighbours: [{{species: {species}, energy: 0.05 eV}}]\n"
    )
    assert [each.level for each in kmc.check(deck).findings if each.kind == "neighbour count"] == expected

# SPDX-License-Identifier: BSD-3-Clause
"""`kmc check`: what the page shows, what is found and at which level, on decks made for one finding each."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import kmc
from kmc.cli import EXIT_FINISHED, EXIT_REFUSED, main
from kmc.deck import load_deck, parse_deck
from kmc.findings import KINDS
from kmc.inspection import check
from kmc.text_page import WIDTH, table
from kmc.trial import TRIAL

ROOT = Path(__file__).parent.parent
GRAPHITE = ROOT / "inputs" / "graphite_ec.yaml"
SMALL = {"lattice.size": "[8, 8, 14]", "run.max-events": "2000"}

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


@pytest.fixture(scope="module")
def graphite():
    return check(GRAPHITE, SMALL)


# --- the page -----------------------------------------------------------------------------------------------


def test_page_of_the_main_deck_has_every_section_and_fits_the_paper(graphite):
    lines = graphite.page.splitlines()
    titles = [line for line, below in pairwise(lines) if below and set(below) <= {"-", "="}]
    assert titles == [
        "SEI on graphite from EC/LiPF6 at 0.1 V",
        "SPECIES ON THE LATTICE",
        "SOLIDS",
        "SOLUTION",
        "PROCESSES",
        "RATE CONSTANTS",
        "ELECTRON TRANSFER",
        "MODIFIERS",
        "FREE ENERGIES",
        "VALUES",
        "DISTRIBUTIONS",
        "SOURCES",
        "STIFFNESS",
        "TRIAL AND COST",
        "FINDINGS",
    ]
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip()]


def test_page_shows_every_species_equation_and_source(graphite):
    deck = load_deck(GRAPHITE)
    for name in (*deck.species, *deck.solution):
        assert f"\n{name} " in graphite.page
    for process in deck.processes:
        assert process.equation in graphite.page
    assert (
        "Spotte-Smith, Kam et al., ACS Energy Lett. 7, 1446 (2022), doi:10.1021/acsenergylett.2c00517" in graphite.page
    )


def test_page_shows_barrier_uncertainty_rate_constants_and_equilibrium(graphite):
    lines = [line.split() for line in graphite.page.splitlines()]
    assert ["barrier", "0.477", "+-", "0.1", "eV", "2", "[2]", "DFT", "with", "implicit", "solvent"] in lines
    row = next(line for line in lines if line[:3] == ["1", "first", "reduction"] and "marcus-hush-chidsey" in line)
    barrier, energy, forward, reverse, balance, activity = map(float, row[-6:])
    kt = 8.617333262e-5 * 298.15
    assert energy == pytest.approx(0.1 - 0.7697, abs=1e-3)
    assert barrier == pytest.approx((1.452 + energy) ** 2 / (4 * 1.452), abs=2e-3)
    assert forward / reverse == pytest.approx(balance, rel=0.02)
    assert balance == pytest.approx(np.exp((0.7697 - 0.1) / kt), rel=0.01)
    assert activity == 0.067


def test_charge_of_a_dense_film_is_that_of_molar_volumes_and_of_the_lattice(graphite):
    rows = {
        line.split()[0]: line.split() for line in graphite.page.partition("\nSOLIDS\n")[2].splitlines()[:14] if line
    }
    # 2 F 1 nm/V_m of LEDC (95.85 cm3/mol), and 2 e in 0.125 nm3
    assert rows["LEDC"][-3:-1] == ["2.01", "2.56"]
    assert float(rows["Li2CO3"][-3]) == pytest.approx(2 * 96485.33 * 1e-9 / 35.2e-6, abs=0.01)


def test_page_of_a_sweep_shows_both_ends(graphite):
    page = check(ROOT / "inputs" / "graphite_ec_ramp.yaml", SMALL).page
    assert "1.2 V vs Li/Li+ at the start, 0.1 at the end, between 0.1 and 1.2; in 222 steps" in page
    inner = page.partition("RATE CONSTANTS OVER THE PROTOCOL")[2]
    row = next(line for line in inner.splitlines() if "first reduction" in line).split()
    assert float(row[-1]) > 1e8 * float(row[-2])
    assert "RATE CONSTANTS OVER" not in graphite.page


def test_temperature_that_rises_and_falls_shows_its_extremes(tmp_path):
    (tmp_path / "heat.csv").write_text("Time [s],Temperature [K]\n0,300\n1e-6,350\n2e-6,280\n3e-6,310\n")
    series = '{table: {file: heat.csv, time: "Time [s]", value: "Temperature [K]"}}'
    text = LATTICE.replace("298.15 K", series).replace("1 us", "3 us") + eyring("A <=> B, -0.1")
    page = check(parse_deck(text, "deck.yaml", tmp_path)).page
    for label in ("start", "end", "lowest temperature", "highest temperature"):
        assert f" K: {label}" in page.replace("\n", " ")


def test_distribution_is_shown_with_a_path_that_sets_it():
    text = LATTICE + step("A => B", barrier="0.30 .. 0.50 eV") + step("B => A", barrier="0.4 +- 0.1 eV")
    page = check(parse_deck(text, "deck.yaml")).page
    shown = page.partition("\nDISTRIBUTIONS\n")[2]
    rows = [line.split(None, 1) for line in shown.splitlines() if line.startswith(("uniform", "normal"))]
    paths = [row[1].partition(" eV ")[2].strip() for row in rows]
    assert [row[0] for row in rows] == ["uniform", "normal"]
    assert "0.3 .. 0.5 eV" in rows[0][1]
    for path in paths:
        deck = parse_deck(text, "deck.yaml", overrides={path: "0.7 eV"})
        assert sum(each.parameters["barrier"].value == 0.7 for each in deck.processes) == 1


def test_cells_of_a_table_are_wrapped_to_the_paper():
    text = table([("a", "b"), ("word " * 40, "1"), ("", "22")], right=(1,))
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[-1].endswith(" 22")


# --- levels and the command ---------------------------------------------------------------------------------


def test_refused_deck_ends_with_2_and_prints_its_page(tmp_path, capsys):
    path = tmp_path / "deck.yaml"
    path.write_text(LATTICE + eyring("A <=> B, -0.1", "B <=> C, -0.2", "C <=> A, 0.7"))
    assert main(["check", str(path)]) == EXIT_REFUSED
    out = capsys.readouterr().out
    assert "findings       1 refuse" in out
    assert "refuse cycle" in out
    path.write_text(LATTICE + eyring(*CLOSED, barrier=0.31) + step("A => B", name="negative", barrier="-0.1 eV"))
    assert main(["check", str(path)]) == EXIT_FINISHED
    assert "warn   barrier" in capsys.readouterr().out


def test_check_is_reached_from_python_with_page_and_findings(tmp_path):
    path = tmp_path / "deck.yaml"
    path.write_text(LATTICE + eyring("A <=> B, 0.5"))
    result = kmc.check(path, {"run.seed": "7"})
    assert "seed 7" in result.page
    assert (result.findings[0].level, result.findings[0].kind) == ("warn", "barrier")
    assert str(result.findings[0].where).endswith("deck.yaml:20:3")
    assert not result.is_refused


def test_findings_that_say_the_same_are_put_together_on_the_page():
    text = LATTICE + "".join(step("A => B", name=f"step {n}", barrier=f"-0.{n} eV") for n in range(1, 10))
    result = check(parse_deck(text, "deck.yaml"))
    assert sum(each.kind == "barrier" for each in result.findings) == 9
    assert result.page.count("warn   barrier") == 1
    assert "and 3 more: the barrier is negative; 0 is used" in " ".join(result.page.split())


def test_documentation_lists_every_kind_of_finding():
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[2] for row in rows if len(row) == 3} == KINDS


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


# --- trial and cost -----------------------------------------------------------------------------------------


def test_trial_takes_half_a_second_and_says_what_it_cost():
    page = check(GRAPHITE, {"lattice.size": "[8, 8, 14]"}).page
    line = next(line for line in page.splitlines() if line.startswith("trial "))
    events, used = int(line.split()[1]), float(line.partition(" time in ")[2].split()[0])
    assert events > 1000
    assert 0.8 * TRIAL < used < 1.5 * TRIAL
    assert "events per CPU second" in line
    assert "An order of magnitude" in page


def test_short_run_is_tried_whole():
    page = check(parse_deck(LATTICE + eyring("A => B, -0.1"), "deck.yaml")).page
    assert "whole run      done in the trial" in page


def test_pair_that_eats_the_events_is_told_with_its_share():
    text = LATTICE + eyring("A <=> B, 0.0", barrier=0.2) + step("B => C", law="constant", rate_constant="10 1/s")
    (finding,) = found(text, "flicker")
    assert (finding.level, finding.subject) == ("warn", "'A <=> B'")
    page = check(parse_deck(text, "deck.yaml")).page
    assert "back and forth in the trial" in page


def test_deck_in_which_nothing_happens_is_a_warning():
    text = LATTICE.replace("random: [{species: A, fraction: 0.2}]", "boundaries: {x: walls}") + eyring("A => B, -0.1")
    assert levels(text, "idle") == ["warn"]
    assert levels(text, "walls") == ["note"]


# --- other kinds of decks -----------------------------------------------------------------------------------


def test_deck_without_lattice_is_explained():
    result = check(parse_deck(SOLUTION + eyring("A <=> B, -0.1", "B <=> C, -0.1", barrier=0.4), "deck.yaml"))
    assert "none: all is solution" in result.page
    assert "SPECIES ON THE LATTICE" not in result.page
    assert "100 molecules at the start" in result.page
    assert not {"dead species", "unreachable"} & {each.kind for each in result.findings}


def test_deck_with_interactions_and_layers_shows_them():
    clusters = (
        "interactions: {clusters: [{name: pair, sites: [[0, 0, 0], [1, 0, 0]], species: [B, B], energy: -0.1 eV}]}\n"
    )
    text = LATTICE.replace("processes:", clusters + "processes:") + eyring("A <=> B, -0.1").replace(
        "source: x", "source: x, layer: {from: 1, to: 3}"
    )
    page = check(parse_deck(text, "deck.yaml")).page
    assert "1 cluster: 1 pair;" in page
    assert "only in layers 1 to 3" in page
    assert "cluster energy" in page


def test_a_species_without_formula_beside_one_with_a_formula_is_shown(tmp_path):
    deck = tmp_path / "deck.yaml"
    deck.write_text(
        "run: {duration: 1 us}\n"
        "protocol: {temperature: 300 K, potential: 0 V}\n"
        "solution: {A: {formula: C2H4, count: 10}, C: {count: 0}}\n"
        "processes: [{name: p, equation: A => C, rate: {law: constant, rate-constant: 1e6 1/s}}]\n"
    )
    assert "C2H4" in kmc.check(deck).page


def test_reorganization_energy_in_solution_is_that_at_the_distance_of_the_compartment(tmp_path):
    """0.1 + 0.7200 (1/r - 1/2d) (1/n^2 - 1/eps) eV nm with r = 0.3 nm, d = 0.9 nm: 0.991 eV, so 0.95 eV is normal."""
    deck = tmp_path / "deck.yaml"
    deck.write_text(
        "run: {duration: 1 ns}\n"
        "protocol: {temperature: 300 K, potential: 0 V}\n"
        "compartment: {volume: 1000 nm^3, distance: 0.9 nm}\n"
        "solution: {A: {formula: Li, charge: 1, count: 5}, E: {formula: Li, count: 0}}\n"
        "processes:\n"
        "- name: et\n"
        "  equation: A + e- <=> E\n"
        "  rate:\n"
        "    law: marcus\n"
        "    standard-potential: 0.95 V\n"
        "    inner-reorganization-energy: 0.1 eV\n"
        "    outer-reorganization-energy:\n"
        "      {radius: 0.3 nm, refractive-index: 1.415, permittivity: 18.5, distance: site}\n"
    )
    page = kmc.check(deck)
    assert "0.991" in page.page
    assert not [finding for finding in page.findings if finding.kind == "inverted region"]


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

# SPDX-License-Identifier: BSD-3-Clause
"""`kmc check`: what the page shows, what is found and at which level, on decks made for one finding each."""

from itertools import pairwise

import numpy as np
import pytest
from check_decks import CLOSED, LATTICE, ROOT, SOLUTION, eyring, found, levels, step

import kmc
from kmc.cli import EXIT_FINISHED, EXIT_REFUSED, main
from kmc.deck import load_deck, parse_deck
from kmc.findings import KINDS
from kmc.inspection import check
from kmc.text_page import WIDTH, table
from kmc.trial import TRIAL

GRAPHITE = ROOT / "inputs" / "graphite_ec.yaml"
SMALL = {"lattice.size": "[8, 8, 14]", "run.max-events": "2000"}


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

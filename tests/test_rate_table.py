# SPDX-License-Identifier: BSD-3-Clause
"""`kmc rates`: the rate constants of a deck as CSV, and the same rows from Python."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest

import kmc
from kmc.cli import EXIT_FINISHED, EXIT_REFUSED, main
from kmc.constants import BOLTZMANN_EV, PLANCK_EV
from kmc.deck import load_deck, parse_deck
from kmc.errors import KmcError
from kmc.mechanism import compile_mechanism
from kmc.rate_table import COLUMNS

ROOT = Path(__file__).parent.parent
GRAPHITE = ROOT / "inputs" / "graphite_ec.yaml"
RAMP = ROOT / "inputs" / "graphite_ec_ramp.yaml"
K, BARRIER, ENERGY = COLUMNS[2], COLUMNS[4], COLUMNS[5]
PAIRS = """\
run: {duration: 1 us}
protocol: {temperature: 300 K, potential: 0 V}
compartment: {volume: 1e-24 m^3}
solution:
  A: {formula: C2H4, count: 100}
  B: {formula: C4H8, count: 0}
processes:
- name: encounter
  equation: 2 A => B
  rate: {law: encounter, relative-diffusivity: 1e-9 m^2/s, encounter-distance: 0.5 nm}
- name: pair
  equation: 2 A => B
  rate: {law: constant, rate-constant: 1e6 1/s}
"""


@pytest.fixture(scope="module")
def graphite():
    return kmc.rate_constants(GRAPHITE, temperature=298.15, potential=0.0)


def row_of(rows, process, direction="forward"):
    return next(row for row in rows if (row["process"], row["direction"]) == (process, direction))


def printed(arguments, capsys):
    assert main(["rates", *map(str, arguments)]) == EXIT_FINISHED
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_columns_begin_with_those_that_are_promised():
    assert COLUMNS[:7] == (
        "process",
        "direction",
        "rate constant [1/s]",
        "law",
        "barrier [eV]",
        "reaction free energy [eV]",
        "source",
    )


def test_command_prints_the_rows_of_python_in_full_precision(graphite, capsys):
    lines = printed([GRAPHITE, "--temperature", "298.15", "--potential", "0.0"], capsys)
    assert [line["process"] for line in lines] == [row["process"] for row in graphite]
    for line, row in zip(lines, graphite, strict=True):
        assert tuple(line) == COLUMNS
        assert float(line[K]) == row[K]
        for name in (BARRIER, ENERGY):
            assert (line[name] == "") == (row[name] is None)
            assert row[name] is None or float(line[name]) == pytest.approx(row[name], rel=1e-11, abs=1e-300)


def test_every_process_has_a_row_and_every_reversible_one_a_second(graphite):
    deck = load_deck(GRAPHITE)
    assert {row["process"] for row in graphite} == {process.name for process in deck.processes}
    reversible = {process.name for process in deck.processes if "<=>" in process.equation}
    assert {row["process"] for row in graphite if row["direction"] == "reverse"} == reversible
    assert len(graphite) == len(deck.processes) + len(reversible)


def test_forward_over_reverse_is_the_equilibrium_constant(graphite):
    reverse = [row for row in graphite if row["direction"] == "reverse"]
    assert len(reverse) > 5
    for back in reverse:
        forward = row_of(graphite, back["process"])
        assert back[ENERGY] == -forward[ENERGY]
        expected = -forward[ENERGY] / (BOLTZMANN_EV * 298.15)
        assert math.log(forward[K] / back[K]) == pytest.approx(expected, abs=1e-9)


def test_constants_are_those_of_the_run_without_activities(graphite):
    mechanism = compile_mechanism(load_deck(GRAPHITE))
    constants = mechanism.rate_constants(298.15, 0.0, 0.5e-9)
    np.testing.assert_allclose([row[K] * row["activity factor"] for row in graphite], constants, rtol=1e-14)
    first = row_of(graphite, "first reduction")
    assert first["activity factor"] == 0.067
    assert first["modifiers"] == "tunnelling"


def test_barriers_are_as_crossed_and_those_of_marcus_theory(graphite):
    opening, hop = row_of(graphite, "ring opening"), row_of(graphite, "Li+ coordination of LEDC", "reverse")
    assert opening[BARRIER] == 0.477
    assert opening[K] == pytest.approx(BOLTZMANN_EV * 298.15 / PLANCK_EV * math.exp(-0.477 / (BOLTZMANN_EV * 298.15)))
    assert hop[BARRIER] == pytest.approx(0.266 + 0.3862)
    first = row_of(graphite, "first reduction")
    assert first[BARRIER] == pytest.approx((1.452 - 0.7697) ** 2 / (4 * 1.452), rel=1e-12)
    assert row_of(graphite, "walk of LiEC")[BARRIER] is None
    assert "10.1021/ja0164529" in opening["source"]


def test_conditions_take_units_and_default_to_those_at_time_zero(capsys):
    plain = printed([RAMP, "--temperature", "298.15", "--potential", "0.05"], capsys)
    assert printed([RAMP, "--temperature", "25 degC", "--potential", "50 mV"], capsys) == plain
    below = printed([RAMP, "--potential", "-50 mV"], capsys)
    assert printed([RAMP, "--potential", "-0.05"], capsys) == below != plain
    start = kmc.rate_constants(RAMP)
    level, _ = load_deck(RAMP).protocol.applied().at(0.0)
    assert row_of(start, "first reduction") == row_of(kmc.rate_constants(RAMP, 298.15, level), "first reduction")


def test_value_set_on_the_command_line_moves_its_rate_constant(capsys):
    (line,) = [
        line
        for line in printed([GRAPHITE, "--set", "processes.ring opening.rate.barrier=0.4 eV"], capsys)
        if line["process"] == "ring opening"
    ]
    assert float(line[BARRIER]) == 0.4
    assert float(line[K]) == pytest.approx(BOLTZMANN_EV * 298.15 / PLANCK_EV * math.exp(-0.4 / (BOLTZMANN_EV * 298.15)))


@pytest.mark.parametrize("given", ["warm", "-1", "0 K", "3 eV", "nan", "inf"])
def test_temperature_that_is_none_is_refused_in_a_line(given, capsys):
    assert main(["rates", str(GRAPHITE), f"--temperature={given}"]) == EXIT_REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("temperature ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "given", "message"),
    [
        ("temperature", "1e6", "temperature 1e6: must be at most 100000 K"),
        ("temperature", "1e6 K", "temperature 1e6 K: must be at most 100000 K"),
        ("temperature", "-300 degC", "temperature -300 degC: must be above 0 K"),
        ("potential", "1e9", "potential 1e9: must be at most 100 V"),
        ("potential", "-101 V", "potential -101 V: must be at least -100 V"),
        ("potential", "inf", "potential inf: must be at most 100 V"),
        ("potential", "0.1 +- 0.05 V", "potential 0.1 +- 0.05 V: must be one value, without an uncertainty"),
    ],
)
def test_conditions_beyond_those_of_a_deck_are_refused_with_its_bounds(option, given, message, capsys):
    assert main(["rates", str(GRAPHITE), f"--{option}={given}"]) == EXIT_REFUSED
    assert capsys.readouterr() == ("", message + "\n")


def test_rate_constants_that_no_run_could_have_are_refused_with_their_processes(capsys):
    assert main(["rates", str(GRAPHITE), "--potential=-100"]) == EXIT_REFUSED
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("rate constants are not finite at -100 V and 298.15 K: lithium into ")


@pytest.mark.parametrize("given", ["low", "1 K", "nan"])
def test_potential_that_is_none_is_refused(given):
    with pytest.raises(KmcError, match=r"^potential "):
        kmc.rate_constants(GRAPHITE, potential=given)


def test_temperature_at_which_a_value_is_not_given_is_refused():
    free = "{temperatures: [280 K, 320 K], values: [-0.1 eV, -0.2 eV]}"
    text = (
        PAIRS
        + f"- {{name: T, equation: 2 A <=> B, rate: {{law: eyring, barrier: 0.3 eV, reaction-free-energy: {free}}}}}"
    )
    deck = parse_deck(text, "deck.yaml")
    assert row_of(kmc.rate_constants(deck, 290.0), "T")[ENERGY] == pytest.approx(-0.125)
    with pytest.raises(KmcError, match="280 K to 320 K"):
        kmc.rate_constants(deck, 350.0)


def test_constant_in_volume_per_time_is_per_pair_of_the_compartment():
    rows = kmc.rate_constants(parse_deck(PAIRS, "deck.yaml"))
    assert row_of(rows, "encounter")[K] == pytest.approx(4 * math.pi * 1e-9 * 0.5e-9 / 1e-24)
    assert row_of(rows, "pair")[K] == 1e6
    assert all(row["activity factor"] == 1.0 for row in rows)


def test_energies_are_printed_without_the_dust_of_binary_fractions(capsys, tmp_path):
    free = "reaction-free-energy: 0.1 eV"
    text = f"{PAIRS}- {{name: T, equation: A <=> C, rate: {{law: eyring, barrier: 0.4 eV, {free}}}}}\n"
    (tmp_path / "deck.yaml").write_text(text.replace("count: 0}", "count: 0}\n  C: {formula: C2H4, count: 0}"))
    lines = printed([tmp_path / "deck.yaml"], capsys)
    assert 0.4 - 0.1 != 0.3
    assert [line[BARRIER] for line in lines if line["process"] == "T"] == ["0.4", "0.3"]
    assert [line[ENERGY] for line in lines if line["process"] == "T"] == ["0.1", "-0.1"]


SOLUTION = """\
run: {duration: 1 us}
protocol: {temperature: 300 K, potential: 0 V}
compartment: {volume: 1e-24 m^3, distance: 0.6 nm, rate-constants: per pair}
solution: {A: {count: 9}, B: {count: 0}, H: {activity: 2}}
processes:
- {name: meet, equation: A + B => B, rate: {law: encounter, relative-diffusivity: 1e-9 m^2/s, encounter-distance: 1 nm}}
"""


@pytest.mark.parametrize("per", ["pair", "activity"])
def test_convention_says_what_a_rate_constant_is_of(per, graphite):
    text = SOLUTION.replace("per pair", f"per {per}")
    for equation in ("A => B", "A + H => B", "2 A => B", "2 A + B => A", "H => A"):
        text += f"- {{name: {equation}, equation: {equation}, rate: {{law: constant, rate-constant: 1 1/s}}}}\n"
    found = {row["process"]: row["convention"] for row in kmc.rate_constants(parse_deck(text, "deck.yaml"))}
    several = "per activity" if per == "activity" else None
    assert found == {
        "meet": "per pair",
        "A => B": "per molecule",
        "A + H => B": "per molecule",
        "2 A => B": several or "per pair",
        "2 A + B => A": several or "per combination",
        "H => A": several or "in total",
    }
    assert row_of(graphite, "ring opening")["convention"] == "per site"
    assert {row["convention"] for row in graphite} == {"per site", "per set of sites"}


def test_distance_is_a_modifier_of_solution_processes_as_well():
    outer = "{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: site}"
    law = "law: marcus, standard-potential: 0.7 V, inner-reorganization-energy: 1 eV"
    text = f"{SOLUTION}- {{name: R, equation: A + e- => B, rate: {{{law}, outer-reorganization-energy: {outer}}}}}\n"
    rows = kmc.rate_constants(parse_deck(text, "deck.yaml"))
    assert [row["modifiers"] for row in rows] == ["", "distance"]

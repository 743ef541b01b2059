# SPDX-License-Identifier: BSD-3-Clause
"""Malformed tables of every kind are refused: with the file, the place in it, and what would be right."""

import numpy as np
import pytest
from barrier_tables import (
    reference,
    write_network,
)
from malformed_databases import CATHUB, NETWORK, NETWORK_VALUES
from malformed_files import ASE, CSV, EXTENDED_XYZ, TRAJECTORY, VASP, band

from kmc.barriers import Tables
from kmc.cli import main
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism

ROWS = {"CATHUB": "1", "NETWORK": "1"}
CASES = {
    f"{kind} {name}": (make, ROWS.get(kind, "hop"), message)
    for kind, cases in {
        "CSV": CSV,
        "ASE": ASE,
        "TRAJECTORY": TRAJECTORY,
        "EXTENDED_XYZ": EXTENDED_XYZ,
        "VASP": VASP,
        "CATHUB": CATHUB,
        "NETWORK": NETWORK,
    }.items()
    for name, (make, message) in cases.items()
}


def problems_of(path, row, quantity="barrier"):
    """Everything that a deck that refers to one value would tell."""
    tables = Tables({"t": path})
    found = list(tables.problems)
    try:
        tables.value(reference(row, quantity))
    except DeckError as error:
        found += error.problems
    return [*found, *tables.problems]


@pytest.mark.parametrize("case", CASES)
def test_a_malformed_table_is_refused_with_its_place(tmp_path, hop, case):
    make, row, message = CASES[case]
    path = make(tmp_path, hop)
    with np.errstate(all="ignore"):
        problems = problems_of(path, row)
    matching = [problem for problem in problems if message in problem.message]
    assert matching, [str(problem) for problem in problems]
    assert str(path) in matching[0].file or matching[0].file.endswith("sources.csv")


def test_every_kind_has_at_least_five_malformed_files():
    for cases in (CSV, ASE, TRAJECTORY, EXTENDED_XYZ, VASP, CATHUB, NETWORK):
        assert len(cases) >= 5


@pytest.mark.parametrize("case", NETWORK_VALUES)
def test_a_number_of_a_network_that_a_deck_would_misunderstand_is_refused_where_it_is_asked_for(tmp_path, case):
    _, row, message = NETWORK_VALUES[case]
    path = write_network(tmp_path / "rn.sqlite", [{}, row])
    (problem,) = problems_of(path, 1)
    assert problem.message.startswith("reaction 1: ")
    assert message in problem.message
    assert not problems_of(path, 0)
    assert not problems_of(path, 1, "rate-constant")


LINES = {
    "EXTENDED_XYZ place is text": 4,
    "EXTENDED_XYZ cut off": 7,
    "EXTENDED_XYZ not text": 2,
    "CSV no unit": 2,
    "CSV two values": 3,
    "TRAJECTORY source of a stranger": None,
}


@pytest.mark.parametrize("case", LINES)
def test_text_files_are_refused_with_the_line(tmp_path, hop, case):
    make, row, message = CASES[case]
    problem = next(each for each in problems_of(make(tmp_path, hop), row) if message in each.message)
    assert problem.line == LINES[case]


def test_a_thousand_wrong_rows_are_told_as_twenty(tmp_path):
    path = write_network(tmp_path / "rn.sqlite", [{"rate": None}] * 1000)
    problems = dict.fromkeys(problems_of(path, 1))
    assert len(problems) == 21
    assert "and 980 more faults of this kind" in {problem.message for problem in problems}


DECK = """\
title: nothing right
tables: {tables}
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [4, 5], fill: A}}
protocol: {{temperature: 300 K, potential: 0 V}}
species: {{A: {{phase: liquid}}, B: {{phase: liquid}}}}
processes:
"""
PROCESS = "- name: {name}\n  equation: A => B\n  rate: {{law: eyring, barrier: {name}#{row}}}\n"
ONE_OF_EACH = {
    "csv": CSV["no unit"],
    "ase": ASE["gap"],
    "traj": TRAJECTORY["no summit"],
    "xyz": EXTENDED_XYZ["place is text"],
    "vasp": VASP["no folder"],
    "cathub": CATHUB["no publication"],
    "network": NETWORK["missing value"],
}


@pytest.fixture
def deck_of_seven(tmp_path, hop):
    tables = {}
    text_of = ""
    for name, (make, _) in ONE_OF_EACH.items():
        folder = tmp_path / name
        folder.mkdir()
        tables[name] = make(folder, hop).relative_to(tmp_path).as_posix()
        text_of += PROCESS.format(name=name, row=1 if name in ("cathub", "network") else "hop")
    path = tmp_path / "deck.yaml"
    path.write_text(DECK.format(tables="{" + ", ".join(f"{k}: {v}" for k, v in tables.items()) + "}") + text_of)
    return path


def test_a_deck_tells_the_faults_of_all_its_tables_at_once(deck_of_seven):
    deck = parse_deck(deck_of_seven.read_text(), "deck.yaml", deck_of_seven.parent)
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck)
    messages = [problem.message for problem in caught.value.problems]
    for _, message in ONE_OF_EACH.values():
        assert any(message in each for each in messages), message


def test_the_command_refuses_them_without_a_traceback(deck_of_seven, capsys):
    assert main(["check", str(deck_of_seven)]) == 2
    shown = "".join(capsys.readouterr())
    assert "Traceback" not in shown
    for name, (_, message) in ONE_OF_EACH.items():
        assert message in shown, name


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("t: nowhere", "no such file 'nowhere'"),
        ("t: hop.csvs", "'hop.csvs' is no table; expected a .csv file, an ASE database"),
        ("t: hop.treaj", "'hop.treaj' is no table; expected"),
        ("t: hip.traj", "no such file 'hip.traj', did you mean 'hop.traj'?"),
        ("t: note.txt", "'note.txt' is no table; expected"),
    ],
)
def test_a_path_that_is_no_table_is_refused_in_the_deck(tmp_path, entry, message):
    band(tmp_path)
    (tmp_path / "note.txt").write_text("no table")
    with pytest.raises(DeckError) as caught:
        parse_deck(DECK.format(tables=f"{{{entry}}}") + PROCESS.format(name="t", row="hop"), "d.yaml", tmp_path)
    (problem,) = caught.value.problems
    assert problem.message.startswith(message)
    assert problem.line == 2

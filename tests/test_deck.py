# SPDX-License-Identifier: BSD-3-Clause
"""Decks: what is read, and how what is wrong is said."""

import json
import os
import re
from pathlib import Path

import pytest

from kmc.deck import Constant, Ramp, TableReference, TableSeries, json_schema, load_deck, parse_deck
from kmc.errors import DeckError, Problem, did_you_mean
from kmc.rates import RATE_LAWS
from kmc.yamltext import read_yaml

HERE = Path(__file__).resolve().parent
BAD_DECKS = sorted((HERE / "decks").glob("bad_*.yaml"))
SMALL = """\
run: {duration: 1 s}
lattice: {type: square, spacing: 1 nm, size: [4, 5], fill: A}
protocol: {temperature: 300 K, potential: 0 V}
species: {A: {phase: liquid}, B: {phase: liquid}}
processes:
- name: flip
  equation: A => B
  rate: {law: constant, rate-constant: 1 1/s}
"""


def problems_of(text, **options):
    with pytest.raises(DeckError) as caught:
        parse_deck(text, "deck.yaml", **options)
    return caught.value.problems


# --- refusals -----------------------------------------------------------------------------------------------


def expectations(text):
    """(line, message fragment) of the `# expect: LINE: FRAGMENT` comments on top of a file."""
    return [
        (int(line), fragment) for line, fragment in re.findall(r"^# expect: (\d+): (.*)$", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("path", BAD_DECKS, ids=lambda path: path.stem)
def test_bad_deck_is_refused_with_its_messages_at_their_lines_and_no_others(path):
    text = path.read_text(encoding="utf-8")
    with pytest.raises(DeckError) as caught:
        load_deck(path)
    found = [(problem.line, problem.message) for problem in caught.value.problems]
    expected = expectations(text)
    assert expected
    for line, fragment in expected:
        assert any(line == where and fragment in message for where, message in found), found
    assert len(found) == len(expected), found
    for problem in caught.value.problems:
        assert problem.file == str(path)
        assert problem.excerpt == text.split("\n")[problem.line - 1]
        assert 1 <= problem.column <= len(problem.excerpt) + 1


def test_there_are_many_bad_decks():
    assert len(BAD_DECKS) >= 100


def test_problem_shows_line_and_caret():
    (problem,) = problems_of(SMALL.replace("temperature", "temprature"))
    assert problem.render() == (
        "deck.yaml:3:12: unknown key 'temprature', did you mean 'temperature'?\n"
        "   3 | protocol: {temprature: 300 K, potential: 0 V}\n"
        "     |            ^"
    )


def test_problems_come_in_the_order_of_the_file():
    lines = [
        problem.line
        for problem in problems_of(SMALL.replace("s}", "V}").replace("nm", "mn").replace("A =>", ""))
    ]
    assert lines == sorted(lines)
    assert len(lines) == 3


def test_problem_in_a_long_line_is_shown_around_the_caret():
    text = SMALL.replace("B: {phase: liquid}", "B: {label: " + "x" * 500 + ", phase: lquid}")
    (problem,) = problems_of(text)
    _, excerpt, caret = problem.render().split("\n")
    assert len(excerpt) < 120
    assert excerpt[caret.index("^") :].startswith("lquid")


def test_message_never_holds_control_characters():
    (problem,) = problems_of(SMALL.replace("run:", '"a\\x07b\\n": 1\nrun:'))
    assert problem.message.startswith("unknown key 'a?b?'")


def test_did_you_mean_names_the_closest_or_the_few_there_are():
    assert did_you_mean("lengt", ["time", "length"]) == ", did you mean 'length'?"
    assert did_you_mean("LIF", ["LiF", "Li2O"]) == ", did you mean 'LiF'?"
    assert did_you_mean("xyz", ["time", "length"]) == "; there is time, length"
    assert did_you_mean("xyz", []) == ""


def test_problem_without_a_place_is_its_message():
    assert str(Problem("nothing to do")) == "nothing to do"
    assert (
        str(Problem("no such file", "a.csv", hint="look elsewhere"))
        == "a.csv: no such file\n     = look elsewhere"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"# nothing but a comment\n", "is empty"),
        (b"\x89HDF\r\n\x1a\n\0\0", "is not a text file"),
        (b"title: caf\xe9\n", "is not UTF-8 text (byte 0xe9)"),
        (b"\xff\xfea\0:\0", "is not a text file"),
        (b"a: " + b"[" * 100_000, "nested more than 32 levels deep"),
        (b"a: " + b"9" * 10_000, "a number with this many digits"),
        (b'a: "\\UFFFFFFFF"', "cannot be read as YAML"),
        (b"x" * 5_000_000, "is larger than 4 MB"),
    ],
    ids=["empty", "comment", "binary", "latin-1", "utf-16", "brackets", "digits", "escape", "large"],
)
def test_file_that_is_no_deck_is_refused(tmp_path, content, message):
    path = tmp_path / "deck.yaml"
    path.write_bytes(content)
    with pytest.raises(DeckError, match=re.escape(message)) as caught:
        load_deck(path)
    assert caught.value.problems[0].file == str(path)


@pytest.mark.skipif(not Path("/dev/urandom").exists(), reason="no such device here")
def test_device_without_an_end_is_refused():
    with pytest.raises(DeckError, match="is not a regular file"):
        load_deck("/dev/urandom")


def test_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "deck.yaml")
    with pytest.raises(DeckError, match="is not a regular file"):
        load_deck(tmp_path / "deck.yaml")


def test_output_that_begins_with_the_end_of_the_run_is_refused_as_such():
    [problem] = problems_of(SMALL + "output: {times: {per-decade: 1, from: 1 s}}\n")
    assert problem.message == "'times' begins at 1 s, at or after the end of the run"


def test_missing_file_and_directory_are_refused(tmp_path):
    with pytest.raises(DeckError, match="no such file"):
        load_deck(tmp_path / "none.yaml")
    with pytest.raises(DeckError, match="is a directory"):
        load_deck(tmp_path)
    with pytest.raises(DeckError, match="cannot be read"):
        load_deck("a\0b.yaml")
    with pytest.raises(DeckError, match="cannot be read"):
        load_deck("x" * 5000)


def test_missing_table_suggests_a_file_of_the_folder(tmp_path):
    (tmp_path / "graphite.csv").write_text("id\n")
    (problem,) = problems_of(SMALL + "tables: {t: grafite.csv}\n", directory=tmp_path)
    assert problem.message == "no such file 'grafite.csv', did you mean 'graphite.csv'?"


def test_problem_of_a_protocol_table_names_its_own_line(tmp_path):
    (tmp_path / "bc.csv").write_text("Time [s],E [V]\n0,1\n1,x\n")
    text = SMALL.replace(
        "potential: 0 V", 'potential: {table: {file: bc.csv, time: "Time [s]", value: "E [V]"}}'
    )
    (problem,) = problems_of(text, directory=tmp_path)
    assert problem.message == "'x' in column 'E [V]' is not a finite number"
    assert problem.line == 3
    assert problem.file.endswith("bc.csv")


def test_windows_line_ends_and_byte_order_mark_are_read():
    assert parse_deck("\ufeff" + SMALL.replace("\n", "\r\n")).run.duration == 1.0


# --- what is read -------------------------------------------------------------------------------------------


def test_defaults_of_a_small_deck():
    deck = parse_deck(SMALL)
    assert deck.run.seed == 1
    assert deck.run.max_events is None
    assert deck.lattice.boundaries == {"x": "periodic", "z": "walls"}
    assert deck.lattice.layers == deck.lattice.random == []
    assert deck.protocol.potential == Constant(0.0)
    assert deck.protocol.potential_step == 5e-3
    assert deck.protocol.temperature_step == 0.5
    assert deck.output.times is deck.output.snapshots is deck.tunnelling is None
    assert deck.species["A"].units_per_site == 1
    assert deck.processes[0].tunnelling is False
    assert deck.path == Path("deck.yaml")
    assert deck.text == SMALL


def test_values_come_in_internal_units_with_source_and_place():
    text = SMALL.replace("1 1/s", "{value: 3 +- 1 kHz, source: somebody, method: guess}")
    deck = parse_deck(text)
    rate = deck.processes[0].parameters["rate-constant"]
    assert (rate.value, rate.uncertainty, rate.source, rate.method) == (3000.0, 1000.0, "somebody", "guess")
    assert (rate.where.line, rate.where.column) == (8, 48)
    assert text.split("\n")[7][47:].startswith("3 +- 1 kHz")
    assert float(deck.lattice.spacing) == 1e-9


def test_units_give_bare_numbers_their_unit():
    deck = parse_deck(
        SMALL.replace("1 nm", "1.5").replace("1 1/s", "2 +- 1").replace("300 K", "300")
        + "units: {length: angstrom, rate-constant: 1/min, temperature: K}\n"
    )
    assert deck.lattice.spacing.value == 1.5e-10
    assert deck.processes[0].parameters["rate-constant"].value == pytest.approx(2 / 60)
    assert deck.protocol.temperature == Constant(300.0)


def test_written_unit_wins_over_the_default():
    assert parse_deck(SMALL + "units: {length: m}\n").lattice.spacing.value == 1e-9


def test_yaml_is_that_of_1_2():
    document = read_yaml("a: NO\nb: 1e3\nc: 1:30\nd: 012\ne: on\nf: 2001-01-01\ng: ~\nh: 0x1F\ni: '1'\n", "x")
    assert document.data == {
        "a": "NO", "b": 1000.0, "c": "1:30", "d": 12, "e": "on", "f": "2001-01-01", "g": None, "h": 31,
        "i": "1",
    }  # fmt: skip


def test_species_may_be_called_no_or_null():
    deck = parse_deck(SMALL.replace("B", "NO").replace("{A:", "{null: {phase: liquid}, A:"))
    assert list(deck.species) == ["null", "A", "NO"]


def test_reference_to_a_table_keeps_table_row_and_quantity(tmp_path):
    (tmp_path / "data.csv").write_text("id\n")
    deck = parse_deck(SMALL.replace("1 1/s", "t#G1") + "tables: {t: data.csv}\n", directory=tmp_path)
    reference = deck.processes[0].parameters["rate-constant"]
    assert reference == TableReference("t", "G1", "rate-constant")
    assert reference.where.line == 8
    assert deck.tables == {"t": tmp_path / "data.csv"}


def test_ramp_and_table_become_series(tmp_path):
    (tmp_path / "bc.csv").write_text("t [min],T [degC]\n0,25\n1,35\n")
    text = SMALL.replace("300 K", "{table: {file: bc.csv, time: 't [min]', value: 'T [degC]'}}")
    deck = parse_deck(
        text.replace("0 V", "{ramp: {start: 1 V, end: 0 V, rate: 10 mV/s}}"), directory=tmp_path
    )
    assert deck.protocol.potential == Ramp(1.0, 0.0, 0.01)
    assert isinstance(deck.protocol.temperature, TableSeries)
    assert deck.protocol.temperature.value(30.0) == pytest.approx(303.15)
    assert deck.protocol.applied().at(0.0)[0] == pytest.approx(0.9975)


def test_place_of_anything_can_be_asked_for():
    deck = parse_deck(SMALL)
    assert str(deck.locate(("processes", 0, "equation"))) == "deck.yaml:7:13"
    assert str(deck.locate(("processes", 0, "equation"), key=True)) == "deck.yaml:7:3"
    assert str(deck.locate(("run", "seed"))) == "deck.yaml:1:6"
    assert str(deck.processes[0].location) == "deck.yaml:6:3"
    assert (
        deck.problem("wrong", ("lattice", "size"))
        .render()
        .startswith("deck.yaml:2:46: wrong\n   2 | lattice")
    )


def test_deck_cannot_be_changed():
    deck = parse_deck(SMALL)
    with pytest.raises(AttributeError):
        deck.title = "other"
    with pytest.raises(ValueError, match="frozen"):
        deck.run.seed = 2


# --- overrides ----------------------------------------------------------------------------------------------


def test_override_replaces_adds_and_finds_list_items_by_name_or_index():
    deck = parse_deck(
        SMALL,
        overrides={
            "run.seed": "7",
            "lattice.size": "[6, 7]",
            "lattice.size.0": "8",
            "processes.flip.rate.rate-constant": "5 1/s",
            "processes.0.note": "by index",
            "output": "{times: {every: 1 ms}}",
        },
    )
    assert deck.run.seed == 7
    assert deck.lattice.size == [8, 7]
    assert deck.processes[0].parameters["rate-constant"].value == 5.0
    assert deck.processes[0].note == "by index"
    assert deck.output.times.every == 1e-3
    assert deck.overrides["run.seed"] == "7"
    assert deck.text == SMALL


def test_override_reaches_a_name_with_dots_and_blanks():
    deck = parse_deck(
        SMALL.replace("flip", "flip 0.5 nm"), overrides={"processes.flip 0.5 nm.tunnelling": "false"}
    )
    assert deck.processes[0].name == "flip 0.5 nm"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("run.sed", "3", "unknown key 'sed', did you mean 'seed'?"),
        ("run.duraton", "1 s", "unknown key 'duraton', did you mean 'duration'?"),
        ("rn.seed", "3", "no key 'rn', did you mean 'run'?"),
        ("run.duration", "3 nm", "'3 nm' is a length; expected a time such as '1 ms'"),
        ("run.duration.x", "3 nm", "no key 'x' in 'run.duration', which is '1 s'"),
        ("processes.flop.note", "x", "no item 'flop' in 'processes' of 1 items, did you mean 'flip'?"),
        ("processes.1.note", "x", "no item '1' in 'processes' of 1 items"),
        ("processes.-1.note", "x", "no item '-1' in 'processes' of 1 items"),
        ("protocol.temperature", "-5 K", "'temperature' must be above 0 K, not '-5 K'"),
        ("lattice.size.1", "2.5", "'size.1' must be a whole number, not '2.5'"),
        ("run.seed", "[1", "not YAML: a bracket that is never closed"),
        ("run.seed", "{a: 1, a: 2}", "duplicate key 'a'"),
        ("run.seed", "", "key 'seed' has no value"),
        ("", "1", "expected a path such as run.seed"),
        ("run..seed", "1", "expected a path such as run.seed"),
    ],
)
def test_override_that_does_not_fit_is_refused_by_its_name(path, value, message):
    problems = problems_of(SMALL, overrides={path: value})
    assert [problem.file for problem in problems] == [f"--set {path}"] * len(problems)
    assert all(problem.line is None for problem in problems)
    assert message in problems[0].render()


# --- schema -------------------------------------------------------------------------------------------------


def nodes(schema):
    """Every schema within a schema."""
    yield schema
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from nodes(value)


def test_json_schema_is_of_draft_2020_12_and_plain_json():
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema
    names = set(schema["$defs"])
    for node in nodes(schema):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            assert node["$ref"].removeprefix("#/$defs/") in names


def test_json_schema_has_kebab_case_keys_with_descriptions():
    for name, section in json_schema()["$defs"].items():
        assert section.get("description"), name
        assert section["additionalProperties"] is False
        for key, entry in section["properties"].items():
            assert re.fullmatch("[a-z]+(-[a-z]+)*", key)
            assert "description" in entry or "$ref" in entry, (name, key)


def test_json_schema_knows_every_rate_law():
    forms = json_schema()["$defs"]["ProcessDeck"]["properties"]["rate"]["oneOf"]
    assert {form["properties"]["law"]["const"] for form in forms} == set(RATE_LAWS)

# SPDX-License-Identifier: BSD-3-Clause
"""Decks that build on other decks, and the page that describes every key."""

from itertools import pairwise
from pathlib import Path

import pytest

from kmc import provenance
from kmc.deck import Constant, Ramp, TableSeries, load_deck
from kmc.deck_extends import MAX_BASES
from kmc.errors import DeckError
from kmc.inspection import check
from kmc.mechanism import compile_mechanism

ROOT = Path(__file__).resolve().parents[1]
BASE = """\
title: base
units: {length: nm}
run: {duration: 1 s, seed: 5}
lattice: {type: square, spacing: 2, size: [4, 5], fill: A}
protocol:
  temperature: 300 K
  potential: {value: 0.1 V, source: a paper}
tunnelling:
  decay: {default: {value: 12 1/nm, source: a paper}, A: 0 1/nm}
species:
  A: {phase: liquid}
  B: {phase: solid, formula: LiF, density: 2.64 g/cm^3}
processes:
- name: flip
  equation: A => B
  rate: {law: constant, rate-constant: 1 1/s}
output:
  times: {per-decade: 10, from: 1 ms}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory that holds base.yaml, as the working directory, so that messages name files shortly."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def extended(text, name="deck.yaml", **options):
    """The deck of a text that is laid over base.yaml."""
    Path(name).write_text(text if "extends" in text else f"extends: base.yaml\n{text}")
    return load_deck(name, **options)


def refusal(text, name="deck.yaml", **options):
    with pytest.raises(DeckError) as caught:
        extended(text, name, **options)
    return caught.value.problems


@pytest.fixture
def balanced(folder):
    """base.yaml with an equation that balances, so that it can be compiled."""
    (folder / "base.yaml").write_text(
        BASE.replace("B: {phase: solid, formula: LiF, density: 2.64 g/cm^3}", "B: {phase: liquid}")
    )
    return folder


# --- merging ------------------------------------------------------------------------------------------------


def test_deck_with_nothing_of_its_own_is_its_base(folder):
    deck, base = extended(""), load_deck("base.yaml")
    for name in ("title", "run", "lattice", "protocol", "species", "output"):
        assert getattr(deck, name) == getattr(base, name)
    assert [each.equation for each in deck.processes] == ["A => B"]


def test_mapping_merges_key_by_key(folder):
    deck = extended("run: {duration: 2 s}\ntunnelling: {decay: {B: 1 1/nm}}\nspecies: {C: {phase: liquid}}\n")
    assert (deck.run.duration, deck.run.seed) == (2.0, 5)
    assert {name: float(each) for name, each in deck.tunnelling.decay.items()} == {
        "default": pytest.approx(12e9),
        "A": 0.0,
        "B": pytest.approx(1e9),
    }
    assert list(deck.species) == ["A", "B", "C"]


def test_list_replaces_as_a_whole(folder):
    deck = extended(
        "lattice: {size: [9, 9]}\nprocesses:\n"
        "- {name: back, equation: B => A, rate: {law: constant, rate-constant: 3 Hz}}\n"
    )
    assert deck.lattice.size == [9, 9]
    assert [each.name for each in deck.processes] == ["back"]


def test_new_value_does_not_inherit_the_source_of_the_old_one(folder):
    deck = extended("tunnelling: {decay: {default: {value: 6 1/nm}}}\n")
    assert deck.tunnelling.decay["default"].value == pytest.approx(6e9)
    assert deck.tunnelling.decay["default"].source is None


@pytest.mark.parametrize(
    ("potential", "expected"),
    [
        ("0.3 V", Constant(0.3)),
        ("{value: 0.3 V}", Constant(0.3)),
        ("{ramp: {start: 1 V, end: 0 V, rate: 10 mV/s}}", Ramp(1.0, 0.0, 0.01)),
    ],
)
def test_protocol_of_another_kind_replaces_the_old_one(folder, potential, expected):
    deck = extended(f"protocol: {{potential: {potential}}}\n")
    assert deck.protocol.potential == expected
    assert deck.protocol.temperature == Constant(300.0)


def test_kinds_of_a_protocol_replace_each_other_along_a_chain(folder):
    (folder / "bc.csv").write_text("t [s],E [V]\n0,1\n1,0\n")
    ramp = "protocol: {potential: {ramp: {start: 1 V, end: 0 V, rate: 1 V/s}}}\n"
    assert extended(ramp, "ramp.yaml").protocol.potential == Ramp(1.0, 0.0, 1.0)
    slower = extended("extends: ramp.yaml\nprotocol: {potential: {ramp: {rate: 2 mV/s}}}\n", "slower.yaml")
    assert slower.protocol.potential == Ramp(1.0, 0.0, 0.002)
    table = extended(
        "extends: slower.yaml\n"
        'protocol: {potential: {table: {file: bc.csv, time: "t [s]", value: "E [V]"}}}\n',
        "table.yaml",
    )
    assert isinstance(table.protocol.potential, TableSeries)
    constant = extended("extends: table.yaml\nprotocol: {potential: {value: 0.2 V}}\n", "constant.yaml")
    assert constant.protocol.potential == Constant(0.2)


def test_cadence_and_volume_of_another_kind_replace_the_old_one(folder):
    deck = extended("output: {times: {every: 1 ms}}\nspecies: {B: {molar-volume: 9.8 cm^3/mol}}\n")
    assert deck.output.times.every == 1e-3
    assert deck.output.times.per_decade is None
    assert deck.species["B"].density is None
    assert deck.species["B"].formula == "LiF"


def test_species_may_be_called_value(folder):
    (folder / "base.yaml").write_text(
        BASE.replace("  A: {phase: liquid}", "  A: {phase: liquid}\n  source: {phase: liquid}")
    )
    deck = extended("species: {value: {phase: liquid}}\n")
    assert list(deck.species) == ["A", "source", "B", "value"]


def test_chain_of_the_largest_length_is_read_and_one_more_is_refused(folder):
    names = ["base.yaml", *(f"d{n}.yaml" for n in range(MAX_BASES + 1))]
    for below, name in pairwise(names):
        (folder / name).write_text(f"extends: {below}\ntitle: {name}\n")
    deck = load_deck(names[MAX_BASES])
    assert deck.title == names[MAX_BASES]
    assert [base.name for base in deck.bases] == names[:MAX_BASES][::-1]
    with pytest.raises(DeckError, match=f"more than {MAX_BASES} decks below the first one") as caught:
        load_deck(names[MAX_BASES + 1])
    assert caught.value.problems[0].file == "d0.yaml"


def test_override_wins_over_deck_and_base(folder):
    deck = extended(
        "run: {duration: 2 s}\n",
        overrides={"run.duration": "3 s", "run.seed": "8", "processes.flip.note": "set"},
    )
    assert (deck.run.duration, deck.run.seed, deck.processes[0].note) == (3.0, 8, "set")


def test_bare_number_has_the_unit_of_its_own_file(folder):
    deck = extended("units: {length: angstrom}\n")
    assert deck.lattice.spacing.value == 2e-9
    assert extended("lattice: {spacing: 3}\n").lattice.spacing.value == 3e-9
    both = extended("units: {length: angstrom}\nlattice: {spacing: 3}\n")
    assert both.lattice.spacing.value == pytest.approx(3e-10)
    assert extended("", overrides={"lattice.spacing": "4"}).lattice.spacing.value == 4e-9


def test_table_is_sought_beside_the_file_that_names_it(folder):
    (folder / "low" / "tables").mkdir(parents=True)
    (folder / "low" / "tables" / "a.csv").write_text("id\n")
    (folder / "low" / "bc.csv").write_text("t [s],T [K]\n0,300\n1,310\n")
    (folder / "own.csv").write_text("id\n")
    series = '{table: {file: bc.csv, time: "t [s]", value: "T [K]"}}'
    (folder / "low" / "base.yaml").write_text(BASE.replace("300 K", series) + "tables: {a: tables/a.csv}\n")
    deck = extended("extends: low/base.yaml\ntables: {b: own.csv}\n")
    assert deck.tables == {"a": folder / "low" / "tables" / "a.csv", "b": folder / "own.csv"}
    assert deck.protocol.temperature.value(1.0) == 310.0
    assert deck.bases[0].name == str(Path("low/base.yaml"))


# --- refusals -----------------------------------------------------------------------------------------------


def place(problem):
    return problem.file, problem.line, problem.column


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("extends: bse.yaml", "no such file 'bse.yaml', did you mean 'base.yaml'?", 10),
        ("extends: nowhere/b.yaml", "no such file 'nowhere/b.yaml'", 10),
        ("extends: .", "no such file '.'", 10),
        ('extends: "a\\0b.yaml"', "no such file 'a?b.yaml'", 10),
        ("extends: 3", "'extends' must be the path of a deck, not '3'", 10),
        ("extends: [base.yaml]", "'extends' must be the path of a deck, not a list", 10),
        ("extends:", "'extends' must be the path of a deck, not nothing", 1),
        ('extends: ""', "'extends' must be the path of a deck, not ''", 10),
        ("extends: deck.yaml", "decks extend each other in a circle: deck.yaml -> deck.yaml", 10),
        ("extends: empty.yaml", "base deck 'empty.yaml' is empty", 10),
        ("extends: latin.yaml", "base deck 'latin.yaml', line 2: is not UTF-8 text (byte 0xe9)", 10),
        ("extends: binary.yaml", "base deck 'binary.yaml': is not a text file", 10),
    ],
)
def test_base_that_cannot_be_had_is_refused_at_the_line_that_asks_for_it(folder, text, message, column):
    (folder / "empty.yaml").write_text("# nothing\n")
    (folder / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    (folder / "binary.yaml").write_bytes(b"a\0b")
    (problem,) = refusal(f"title: a deck\n{text}\n")
    assert message in problem.message
    assert place(problem) == ("deck.yaml", 2, column)
    assert problem.excerpt == text


def test_base_that_is_missing_down_the_chain_is_refused_where_it_is_named(folder):
    (folder / "middle.yaml").write_text("title: x\nextends: none.yaml\n")
    (problem,) = refusal("extends: middle.yaml\n")
    assert place(problem) == ("middle.yaml", 2, 10)
    assert problem.excerpt == "extends: none.yaml"


def test_circle_is_refused_at_the_deck_that_closes_it(folder):
    (folder / "one.yaml").write_text("extends: two.yaml\n")
    (folder / "two.yaml").write_text("title: two\nextends: ./one.yaml\n")
    (problem,) = refusal("extends: one.yaml\n")
    assert problem.message == "decks extend each other in a circle: one.yaml -> two.yaml -> one.yaml"
    assert place(problem) == ("two.yaml", 2, 10)


def test_base_that_is_no_deck_is_refused_in_its_own_line(folder):
    (folder / "list.yaml").write_text("# a list\n- a\n")
    (problem,) = refusal("extends: list.yaml\n")
    assert problem.message == "a deck is a mapping of sections, not a list"
    assert place(problem) == ("list.yaml", 2, 1)
    (folder / "broken.yaml").write_text("title: [x\n")
    (problem,) = refusal("extends: broken.yaml\n")
    assert problem.message.startswith("not YAML: a bracket that is never closed")
    assert place(problem)[:2] == ("broken.yaml", 1)


def test_problems_of_all_files_come_at_once_each_with_its_own_line(folder):
    base = BASE.replace("fill: A", "fill: a").replace("rate-constant: 1 1/s", "rate-constant: 1 V")
    (folder / "base.yaml").write_text(base + "title: twice\n")
    problems = refusal("run: {duration: 2 nm}\nspecies: {C: {phase: liqid}}\n")
    found = {(problem.file, problem.line): problem.message for problem in problems}
    assert found.keys() == {
        ("base.yaml", 4),
        ("base.yaml", 16),
        ("base.yaml", 19),
        ("deck.yaml", 2),
        ("deck.yaml", 3),
    }
    assert found["base.yaml", 4] == "unknown species 'a', did you mean 'A'?"
    assert found["base.yaml", 19].startswith("duplicate key 'title'")
    texts = {name: (folder / name).read_text().split("\n") for name in ("base.yaml", "deck.yaml")}
    assert all(problem.excerpt == texts[problem.file][problem.line - 1] for problem in problems)


def test_what_the_deck_lacks_is_said_where_the_deck_stands(folder):
    (folder / "base.yaml").write_text("run: {duration: 1 s}\n")
    problems = refusal("lattice: {type: square}\n")
    assert {problem.file for problem in problems} == {"deck.yaml"}
    assert "missing key 'protocol'" in {problem.message for problem in problems}
    assert "missing key 'run'" not in {problem.message for problem in problems}


def test_wrong_value_of_the_base_that_the_deck_replaces_does_no_harm(folder):
    (folder / "base.yaml").write_text(BASE.replace("duration: 1 s", "duration: 1 V"))
    assert extended("run: {duration: 1 s}\n").run.duration == 1.0


def test_chemistry_that_is_wrong_in_the_base_is_reported_there(folder):
    deck = extended("title: other\n")
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck)
    assert {problem.file for problem in caught.value.problems} == {"base.yaml"}
    assert all(problem.excerpt == BASE.split("\n")[problem.line - 1] for problem in caught.value.problems)


def test_base_cannot_be_exchanged_from_the_command_line(folder):
    (problem,) = refusal("", overrides={"extends": "other.yaml"})
    assert problem.message == "the base deck is read before anything is set; give it in the deck"
    assert problem.file == "--set extends"


# --- what is kept and shown ---------------------------------------------------------------------------------


def test_results_keep_the_texts_of_all_decks(balanced):
    (balanced / "middle.yaml").write_text("extends: base.yaml\ntitle: middle\n")
    deck = extended("extends: middle.yaml\nrun: {seed: 2}\n")
    kept = provenance.tables(deck, compile_mechanism(deck))
    assert kept["decks"]["file"] == ["deck.yaml", "middle.yaml", "base.yaml"]
    assert kept["decks"]["text"] == [(balanced / name).read_text() for name in kept["decks"]["file"]]
    assert {len(column) for column in kept["decks"].values()} == {3}
    spacing = kept["parameters"]["name"].index("spacing")
    assert kept["parameters"]["where"][spacing] == "base.yaml:4:34"
    assert provenance.attributes(deck, 2)["deck"] == deck.text


def test_check_shows_every_base(balanced):
    (balanced / "middle.yaml").write_text("extends: base.yaml\n")
    extended("extends: middle.yaml\n")
    page = check("deck.yaml").page
    assert "\nextends        middle.yaml\nextends        base.yaml\n" in page
    assert "extends" not in check("base.yaml").page


def test_place_of_a_value_is_in_its_own_file(folder):
    deck = extended("run: {duration: 2 s}\n")
    assert str(deck.locate(("run", "duration"))) == "deck.yaml:2:17"
    assert str(deck.locate(("run", "seed"))) == "base.yaml:3:28"
    assert deck.problem("wrong", ("run", "seed")).excerpt == "run: {duration: 1 s, seed: 5}"


def test_ramp_of_inputs_builds_on_the_main_deck():
    deck, base = (load_deck(ROOT / "inputs" / name) for name in ("graphite_ec_ramp.yaml", "graphite_ec.yaml"))
    assert [Path(each.name).name for each in deck.bases] == ["graphite_ec.yaml"]
    assert (deck.species, deck.lattice, deck.tables) == (base.species, base.lattice, base.tables)
    ramp = deck.protocol.potential
    assert (ramp.start, ramp.end) == (1.2, 0.1)
    assert (ramp.start - ramp.end) / ramp.rate == pytest.approx(deck.run.duration)

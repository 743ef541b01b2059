# SPDX-License-Identifier: BSD-3-Clause
"""`kmc import`: foreign networks and tables become decks that load and have the numbers of their source."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from barrier_tables import LATTICE_COLUMNS, NETWORK_COLUMNS, insert, write_cathub, write_network, write_state
from import_networks import DIMERISATION, PARAMETERS, ROOM, eyring, row

from kmc.cli import main
from kmc.constants import BOLTZMANN_EV, PLANCK_EV
from kmc.deck import load_deck
from kmc.errors import DeckError, KmcError
from kmc.import_draft import usable_name, yaml_text
from kmc.import_species import read_species
from kmc.importing import Options, import_deck
from kmc.mechanism import compile_mechanism
from kmc.yamltext import read_yaml

DECK = Path(__file__).parents[1] / "inputs" / "published" / "spotte_smith_2022.yaml"
COUNTS = ((0, 10), (1, 0), (2, 3))
SPECIES = "index,name,formula,charge\n0,A,C2H4,0\n1,A2,C4H8,0\n2,A+,C2 H4,1\n"


@pytest.fixture
def convert(tmp_path):
    """Write a network, import it, and return the text, the mechanism and what the import says."""

    def run(rows, species=SPECIES, state=COUNTS, factors=(1.0, 1.0, 0.5), good=NETWORK_COLUMNS, **options):
        files = [write_network(tmp_path / "rn.sqlite", rows, good)]
        if state is not None:
            files.append(write_state(tmp_path / "initial_state.sqlite", state, (factors,)))
        if species is not None:
            files.append(tmp_path / "species.csv")
            files[-1].write_text(species)
        imported = import_deck(files, tmp_path / "deck.yaml", options=Options(**options))
        return imported, imported.path.read_text(), compile_mechanism(load_deck(imported.path))

    return run


def by_equation(mechanism, temperature=ROOM):
    """Rate constants by what a process turns into what, electrons apart."""
    names = [each.name for each in mechanism.solution]
    found = {}
    constants = mechanism.rate_constants(temperature, 0.0, 0.0)
    for process in mechanism.processes:
        before = Counter({names[index]: order for index, order in process.molecule_orders.items()})
        after = before.copy()
        after.update({names[index]: gain for index, gain in process.solution_change.items()})
        key = tuple(sorted(before.elements())), tuple(sorted(after.elements()))
        assert key not in found
        found[key] = constants[process.index]
    return found


# --- networks without a lattice ---


def test_a_pair_in_detailed_balance_becomes_one_reversible_process(convert):
    imported, text, mechanism = convert(DIMERISATION)
    assert "equation: 2 A <=> A2" in text
    assert imported.n_processes == 1
    rates = by_equation(mechanism)
    assert rates[("A", "A"), ("A2",)] == pytest.approx(eyring(0.3), rel=1e-6)
    assert rates[("A2",), ("A", "A")] == pytest.approx(eyring(0.5), rel=1e-6)


def test_a_pair_out_of_balance_stays_as_two_processes_with_the_rates_of_the_file(convert):
    imported, text, mechanism = convert([DIMERISATION[0], row((1,), (0, 0), 0.5001, 0.2)])
    assert "<=>" not in text
    assert any("1 pairs" in each and "detailed balance" in each for each in imported.assumptions)
    assert by_equation(mechanism)[("A2",), ("A", "A")] == pytest.approx(eyring(0.5001), rel=1e-6)


def test_a_barrier_below_the_free_energy_is_kept_as_the_file_has_it(convert):
    _, _, mechanism = convert([row((1,), (0, 0), 0.0, 1.0), row((0, 0), (1,), 0.0, -1.0)])
    assert list(by_equation(mechanism).values()) == pytest.approx([eyring(0.0)] * 2, rel=1e-6)


@pytest.mark.parametrize(("direct", "reversible"), [(-0.4, 3), (-0.1, 0)])
def test_pairs_whose_free_energies_contradict_each_other_around_a_cycle_stay_apart(convert, direct, reversible):
    species = "index,name,formula,charge\n0,A,C2H4,0\n1,B,C2H4,0\n2,C,C2H4,0\n"
    steps = [(0, 1, -0.2), (1, 2, -0.2), (0, 2, direct)]
    rows = [
        each
        for first, last, energy in steps
        for each in (row((first,), (last,), 0.5, energy), row((last,), (first,), 0.5 - energy, -energy))
    ]
    imported, text, mechanism = convert(rows, species=species)
    assert text.count("<=>") == reversible
    assert any("around a cycle" in each for each in imported.assumptions) == (not reversible)
    assert by_equation(mechanism)[("C",), ("A",)] == pytest.approx(eyring(0.5 - direct), rel=1e-6)


def test_numbers_of_molecules_are_those_of_the_initial_state(convert):
    _, _, mechanism = convert(DIMERISATION)
    assert {each.name: each.count for each in mechanism.solution} == {"A": 10, "A2": 0, "A+": 3}


def test_without_an_initial_state_there_are_no_molecules_and_the_deck_says_so(convert):
    imported, _, mechanism = convert(DIMERISATION, state=None)
    assert {each.count for each in mechanism.solution} == {0}
    assert any("no initial state" in each for each in imported.assumptions)


@pytest.mark.parametrize(("factors", "pair", "alike"), [((1, 1, 0.5), 1, 1), ((1, 0.5, 1), 0.5, 1), ((1, 3, 2), 3, 12)])
def test_factors_of_the_initial_state_go_into_the_rate_constants_per_pair(convert, factors, pair, alike):
    rows = [row((0, 1), (1, 1), 0.3, 0.0), row((0, 0), (1,), 0.3, -0.2)]
    rates = by_equation(convert(rows, species=None, factors=factors)[2])
    assert rates[("S0", "S1"), ("S1", "S1")] == pytest.approx(pair * eyring(0.3), rel=1e-6)
    assert rates[("S0", "S0"), ("S1",)] == pytest.approx(alike * eyring(0.3), rel=1e-6)


def test_a_source_from_nothing_takes_factor_zero_and_never_runs_out(convert):
    rows = [row((), (0,), 0.3, 0.0), row((0,), (), 0.4, 0.0)]
    _, text, mechanism = convert(rows, species=None, factors=(2.0, 1.0, 0.5))
    assert "reservoir => reservoir + S0" in text
    assert "S0 => removed" in text
    constants = mechanism.rate_constants(ROOM, 0.0, 0.0)
    assert sorted(constants) == pytest.approx(sorted([2.0 * eyring(0.3), eyring(0.4)]), rel=1e-6)


def test_energies_that_explain_the_rates_let_the_temperature_change(convert):
    _, _, mechanism = convert(DIMERISATION)
    assert by_equation(mechanism, 350.0)[("A", "A"), ("A2",)] == pytest.approx(eyring(0.3, 350.0), rel=1e-6)


def test_the_temperature_of_a_network_follows_from_its_fastest_reaction(convert):
    rows = [each | {"rate": eyring(each["dG_barrier"], 423.15)} for each in DIMERISATION]
    rows.append(row((0, 1), (1, 1), 0.0, 0.0) | {"rate": BOLTZMANN_EV * 423.15 / PLANCK_EV})
    _, text, mechanism = convert(rows, species=None)
    assert "temperature: 423.15 K" in text
    assert by_equation(mechanism, 423.15)[("S0", "S0"), ("S1",)] == pytest.approx(eyring(0.3, 423.15), rel=1e-6)


def test_a_rate_that_its_energies_do_not_explain_is_a_number(convert):
    imported, text, mechanism = convert([*DIMERISATION, row((0, 0), (1,), 0.3, -0.2) | {"rate": 17.5}], species=None)
    assert "law: constant, rate-constant: 17.5 1/s" in text
    assert any("1 rate constants are numbers" in each for each in imported.assumptions)
    assert sorted(mechanism.rate_constants(ROOM, 0.0, 0.0))[0] == 17.5


def test_what_changes_nothing_or_never_happens_is_left_out_and_named(convert):
    imported, text, _ = convert([*DIMERISATION, row((0, 1), (1, 0), 0.3, 0.0), row((1,), (0, 0), 0, 0) | {"rate": 0.0}])
    assert imported.left_out == ["reaction 3: its rate constant is 0", "reaction 2, A + A2 => A2 + A: changes nothing"]
    assert "# - reaction 3: its rate constant is 0" in text


def test_a_number_without_energies_stays_a_number(convert):
    good = {name: value for name, value in NETWORK_COLUMNS.items() if name not in ("dG", "dG_barrier", "is_redox")}
    rows = [{key: value for key, value in each.items() if key in good} | {"rate": 17.5} for each in DIMERISATION]
    imported, text, mechanism = convert(rows, good=good)
    assert "law: constant, rate-constant: 17.5 1/s" in text
    assert any("2 rate constants are numbers" in each for each in imported.assumptions)
    assert set(mechanism.rate_constants(400.0, 0.0, 0.0)) == {17.5}


def test_free_energies_alone_are_barriers_where_the_rates_say_so(convert):
    good = {name: value for name, value in NETWORK_COLUMNS.items() if name not in ("dG_barrier", "is_redox")}
    rows = [row((0, 0), (1,), 0.0, -0.2), row((1,), (0, 0), 0.2, 0.2)]
    rows = [{key: value for key, value in each.items() if key in good} for each in rows]
    _, text, mechanism = convert(rows, good=good)
    assert "2 A <=> A2" in text
    assert by_equation(mechanism, 350.0)[("A2",), ("A", "A")] == pytest.approx(eyring(0.2, 350.0), rel=1e-6)


def test_redox_reactions_get_their_electron_from_the_charges_and_the_factor_of_their_distance(convert):
    share = np.exp(-12.0)
    redox = [row((2,), (0,), 0.3, -1.9, is_redox=1), row((0,), (2,), 0.8, 1.9, is_redox=1)]
    redox = [each | {"rate": each["rate"] * share} for each in redox]
    imported, text, mechanism = convert([*redox, *DIMERISATION])
    assert "equation: A+ + e- => A," in text
    assert "equation: A => A+ + e-" in text
    assert any("6.144e-06" in each for each in imported.assumptions)
    assert by_equation(mechanism)[("A+",), ("A",)] == pytest.approx(eyring(0.3) * share, rel=1e-6)


def test_without_a_list_species_are_numbered_and_the_check_says_that_nothing_is_balanced(convert):
    _, text, mechanism = convert(DIMERISATION, species=None)
    assert "2 S0 <=> S1" in text
    assert any("3 species of the solution without formula" in each for each in mechanism.notes)


def test_what_does_not_balance_is_refused_with_its_reaction(convert):
    wrong = row((0,), (1,), 0.3, -0.2)
    with pytest.raises(DeckError, match=r"rn\.sqlite: reaction 2: not balanced: C 2 -> 4, H 4 -> 8") as caught:
        convert([*DIMERISATION, wrong])
    assert "--skip-unbalanced" in str(caught.value)


def test_what_does_not_balance_can_be_left_out(convert):
    imported, _, _ = convert([*DIMERISATION, row((0,), (1,), 0.3, -0.2)], skip_unbalanced=True)
    assert imported.n_processes == 1
    assert imported.left_out == ["reaction 2, A => A2: not balanced: C 2 -> 4, H 4 -> 8"]


def test_the_whole_published_network_comes_back_with_its_959_rate_constants(tmp_path):
    mechanism = compile_mechanism(load_deck(DECK))
    index = {each.name: each.index for each in mechanism.solution}
    wanted = by_equation(mechanism)
    rows = [
        row([index[name] for name in before], [index[name] for name in after], 0.0, 0.0)
        | {"rate": rate, "dG_barrier": np.log(eyring(0.0) / rate) * BOLTZMANN_EV * ROOM}
        for (before, after), rate in wanted.items()
    ]
    write_network(tmp_path / "rn.sqlite", rows, n_species=len(index))
    lines = [f"{each.index},{each.name},{formula(each)},{each.charge}" for each in mechanism.solution]
    (tmp_path / "species.csv").write_text("\n".join(["index,name,formula,charge", *lines]))
    imported = import_deck([tmp_path / "rn.sqlite"], tmp_path / "deck.yaml", species=tmp_path / "species.csv")
    found = by_equation(compile_mechanism(load_deck(imported.path)))
    assert len(found) == len(rows) == 959
    assert max(abs(found[key] / rate - 1.0) for key, rate in wanted.items()) < 1e-5


def formula(species):
    return "".join(f"{element}{count}" for element, count in species.formula.items())


# --- species ---


def test_a_json_list_of_molecules_gives_names_formulas_and_charges(tmp_path):
    sites = [{"name": name} for name in ("C", "O", "O")]
    molecules = [{"name": "EC", "formula": "C3 H4 O3", "charge": 0}, {"molecule": {"charge": -1, "sites": sites}}]
    (tmp_path / "mols.json").write_text(json.dumps(molecules))
    species = read_species(tmp_path / "mols.json").values()
    assert [(each.name, each.formula, each.charge) for each in species] == [("EC", "C3H4O3", 0), ("S1", "CO2", -1)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", "index,name,formula\n0,A,CO\n", r"s\.csv:1: has no column 'charge'"),
        ("s.csv", "index,name,formula,charge\n0,A,CO,0\n0,B,CO,0\n", r"s\.csv:3: index 0 stands there twice"),
        ("s.csv", "index,name,formula,charge\n0,A,CO,0\n1,A,CO,0\n", r"s\.csv:3: the name 'A' is that of index 0"),
        ("s.csv", "index,name,formula,charge\n0,A,Xy2,0\n", r"s\.csv:2: 'A': .*not a formula"),
        ("s.csv", "index,name,formula,charge\n0,A,CO,plus\n", r"s\.csv:2: 'A' has the charge 'plus'"),
        ("s.csv", "index,name,formula,charge\nx,A,CO,0\n", r"s\.csv:2: index 'x' is no whole number"),
        ("s.json", "[{", r"s\.json:1: is no JSON"),
        ("s.json", "[3]", r"s\.json: is no list of molecules"),
        ("s.json", '[{"name": "A", "charge": 0}]', r"s\.json: entry 0: 'A' has no formula"),
        ("s.json", "[]", r"s\.json: holds no species"),
        ("s.txt", "A", r"s\.txt: is no list of species"),
    ],
)
def test_a_wrong_list_of_species_is_refused_with_its_place(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DeckError, match=message):
        read_species(tmp_path / name)


def test_a_list_that_lacks_a_species_of_the_network_is_refused(convert):
    with pytest.raises(DeckError, match=r"the list of species has no index 2; the network has 0 \.\.\. 2"):
        convert(DIMERISATION, species="\n".join(SPECIES.splitlines()[:3]))


@pytest.mark.parametrize(("text", "name"), [("a b", "a_b"), ("e-", "S_e-"), ("12", "S_12"), ("{x}", "x"), ("A", "A~2")])
def test_a_name_that_a_deck_would_not_take_is_changed(text, name):
    assert usable_name(text, ["A"]) == name


ODD = ["NO", "2e5", "a: b", "x, y", "[a", "- a", "true", 'say "so"', "LiEC+", "C2O4(2-)", "µ #1", "", "x'y", "a\\b"]


@pytest.mark.parametrize("text", ODD)
def test_text_survives_yaml(text):
    assert read_yaml(f"a: {{b: {yaml_text(text)}}}\n", "t").data["a"]["b"] == text


# --- files and the command ---


def test_two_imports_of_one_file_are_the_same_text_and_nothing_is_overwritten(convert, tmp_path):
    _, text, _ = convert(DIMERISATION)
    files = [tmp_path / name for name in ("rn.sqlite", "initial_state.sqlite", "species.csv")]
    with pytest.raises(KmcError, match="is there already; --overwrite"):
        import_deck(files, tmp_path / "deck.yaml")
    import_deck(files, tmp_path / "deck.yaml", overwrite=True)
    assert (tmp_path / "deck.yaml").read_text() == text


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_is_converted_is_never_overwritten(tmp_path, overwrite):
    table = tmp_path / "t.csv"
    table.write_text("equation,barrier [eV]\nA => B,0.5\n")
    species = tmp_path / "species.csv"
    species.write_text("index,name,formula,charge\n0,A,CO,0\n1,B,CO,0\n")
    for path in (table, species):
        text = path.read_text()
        with pytest.raises(KmcError, match="is to be converted" if overwrite else "is there already"):
            import_deck([table, species], path, overwrite=overwrite)
        assert path.read_text() == text


def test_the_command_converts_and_says_what_it_assumed(tmp_path, capsys):
    write_network(tmp_path / "rn.sqlite", DIMERISATION)
    (tmp_path / "species.csv").write_text(SPECIES)
    arguments = ["import", str(tmp_path / "rn.sqlite"), "--species", str(tmp_path / "species.csv")]
    assert main([*arguments, "-o", str(tmp_path / "new" / "deck.yaml"), "--name", "dimers"]) == 0
    printed = capsys.readouterr().out
    assert "deck.yaml: 3 species, 1 processes" in printed
    assert "no initial state was given" in printed
    assert load_deck(tmp_path / "new" / "deck.yaml").title == "dimers"
    assert main([*arguments, "-o", str(tmp_path / "new" / "deck.yaml")]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["state"], "nothing to convert"),
        (["rn", "rn2"], "is a network of HiPRGen or RNMC, and so is"),
        (["rn", "cathub"], "more than one file to convert"),
        (["t.pickle"], "is a pickle"),
        (["t.exe"], "cannot be converted; expected"),
        (["other.sqlite"], "is no database of HiPRGen, RNMC or CatHub"),
        (["text.sqlite"], "is not an SQLite database"),
        (["none.csv"], "cannot be read: No such file"),
        (["lattice"], "--parameters"),
        (["lattice", "wrong.txt"], "is no file of parameters of LGMC"),
        (["lattice", "params.txt"], "give --species"),
        (["cathub", "state"], "an initial state is of no use for a database of CatHub"),
    ],
)
def test_files_that_do_not_go_together_are_refused(tmp_path, files, message):
    paths = {
        "state": write_state(tmp_path / "state.sqlite"),
        "rn": write_network(tmp_path / "rn.sqlite", DIMERISATION),
        "rn2": write_network(tmp_path / "rn2.sqlite", DIMERISATION),
        "lattice": write_network(tmp_path / "l.sqlite", [{}], LATTICE_COLUMNS),
        "cathub": write_cathub(tmp_path / "c.db", [{}]),
        "other.sqlite": write_other(tmp_path / "other.sqlite"),
    }
    texts = {"t.pickle": "", "t.exe": "", "text.sqlite": "x" * 99, "params.txt": PARAMETERS, "wrong.txt": "1 2"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(KmcError, match=message):
        import_deck([paths.get(name, tmp_path / name) for name in files], tmp_path / "deck.yaml")


def write_other(path):
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE something (a)")
    insert(connection, "something", {"a": 1})
    connection.commit()
    connection.close()
    return path

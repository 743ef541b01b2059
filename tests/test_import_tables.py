# SPDX-License-Identifier: BSD-3-Clause
"""`kmc import` of tables of reactions: headers, units, separators, and what is told about lines."""

import math

import pytest

from kmc.cli import main
from kmc.constants import AVOGADRO, BOLTZMANN_EV
from kmc.deck import load_deck
from kmc.errors import DeckError, KmcError
from kmc.import_units import rate_unit
from kmc.importing import Options, import_deck
from kmc.mechanism import compile_mechanism
from kmc.rate_laws import attempt_frequency

ROOM = 298.15
THERMAL = BOLTZMANN_EV * ROOM
VOLUME = "1e-24 m^3"


@pytest.fixture
def convert(tmp_path):
    """Import a table; returns what the import says, and the mechanism of its deck."""

    def run(text, name="t.csv", **options):
        (tmp_path / name).write_text(text, encoding="utf-8")
        imported = import_deck([tmp_path / name], tmp_path / "deck.yaml", options=Options(**options), overwrite=True)
        return imported, compile_mechanism(load_deck(imported.path))

    return run


def said(imported, words):
    """The one assumption that holds some words."""
    (text,) = [each for each in imported.assumptions if words in each]
    return text


TABLE = """\
reactants,products,barrier [eV],dG_eV,k_s-1,Standard potential (V),inner reorganization energy [meV],source,remark
A2,A + A,0.50,0.20,2.0e4,,,Somebody 2020,x
A + A,A2,0.30,-0.20,5e7,,,Somebody 2020,
A+ + e-,A,,,,0.3,900,,
A,A+ + e-,,,,0.3,900,,
B,C,,,12.5,,,,
"""


def test_a_table_of_reactions_is_read_by_its_headers_and_units(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    options = Options(outer_reorganization_energy="0.32 eV")
    imported = import_deck([tmp_path / "t.csv"], tmp_path / "deck.yaml", options=options)
    deck = load_deck(imported.path)
    assert [each.equation for each in deck.processes] == ["A2 <=> 2 A", "A+ + e- <=> A", "B => C"]
    assert [each.law for each in deck.processes] == ["eyring", "marcus", "constant"]
    assert deck.processes[0].parameters["barrier"].value == 0.5
    assert deck.processes[1].parameters["inner-reorganization-energy"].value == pytest.approx(0.9)
    assert deck.processes[0].source == "Somebody 2020 (t.csv, lines 2 and 3)"
    assert "# column 'remark' is not read" in imported.path.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reactants,products\nA,B\n", r"t\.csv:1: says nothing about rates"),
        ("barrier [eV],note\n0.3,x\n", r"t\.csv:1: is no table of reactions"),
        ("equation,barrier\nA => B,0.3\n", r"t\.csv:1: column 'barrier' has no unit; .*\[eV\]"),
        ("equation,barrier [eV]\nA => B,zero\n", r"t\.csv:2: barrier \[eV\] 'zero' is no finite number"),
        ("equation,barrier [eV]\nA => B,0.3\nA = C,0.3\n", r"t\.csv:3: 'A = C': '=' is not an arrow"),
        ("equation,barrier [eV]\nA => B,\n", r"t\.csv:2: has neither a rate constant nor a barrier"),
        ("equation,barrier [eV]\nA <=> B,0.3\n", r"t\.csv:2: is reversible .* free energy"),
        ("equation,law,k [1/s]\nA => B,magic,3\n", r"t\.csv:2: there is no rate law 'magic'"),
        ("equation,k [1/s]\nA => B,-3\n", r"t\.csv:2: k \[1/s\] must be at least 0, not -3"),
        ("equation,E0 [V],lambda inner [eV]\nA => B,0,1\n", r"t\.csv:2: has no outer reorganization energy"),
        ("equation,barrier [eV]\n", r"t\.csv: holds no reactions"),
    ],
)
def test_a_wrong_table_of_reactions_is_refused_with_its_line(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DeckError, match=message):
        import_deck([tmp_path / "t.csv"], tmp_path / "deck.yaml")
    assert not (tmp_path / "deck.yaml").exists()


# --- what is told about lines ---


def test_negative_barriers_are_kept_and_told_with_line_and_value(convert):
    imported, mechanism = convert("equation,barrier [kJ/mol]\nA => B,50\nB => C,-5\nC => D,-0.5\n")
    text = said(imported, "below zero")
    assert text.endswith("line 3 (-0.0518213 eV), line 4 (-0.00518213 eV)")
    assert mechanism.processes[1].parameters["barrier"].value == pytest.approx(-0.0518213, abs=1e-7)
    assert mechanism.rate_constants(ROOM, 0.0, 0.0)[1] == pytest.approx(float(attempt_frequency(ROOM)))
    assert f"# - {text[:40]}" in imported.path.read_text()


def test_a_barrier_below_the_free_energy_is_told_with_its_line(convert):
    imported, mechanism = convert("equation,barrier [eV],dG [eV]\nA => B,0.1,0.3\nB <=> C,0.1,0.3\n")
    assert said(imported, "left out").endswith("line 2 (0.1 < 0.3 eV)")
    assert said(imported, "crossed instead").endswith("line 3 (0.1 < 0.3 eV)")
    barriers = [0.1, 0.3, 0.0]
    expected = [float(attempt_frequency(ROOM)) * math.exp(-each / THERMAL) for each in barriers]
    assert list(mechanism.rate_constants(ROOM, 0.0, 0.0)) == pytest.approx(expected)


def test_a_rate_constant_that_contradicts_its_barrier_is_told_with_line_both_values_and_ratio(convert):
    rate = float(attempt_frequency(ROOM)) * math.exp(-0.5 / THERMAL)
    imported, _ = convert(f"equation,barrier [eV],k [1/s]\nA => B,0.50,3\nB => C,0.50,{rate:.4g}\nC => D,0.5,0\n")
    text = said(imported, "contradict")
    assert f"line 2 (3 1/s, eyring gives {rate:.4g} 1/s, ratio {rate / 3:.3g})" in text
    assert "line 4 (0 1/s" in text
    assert "line 3" not in text
    assert said(imported, "that they follow from").startswith("1 rate constants")


def test_a_rate_constant_beside_a_reorganization_energy_is_compared_at_the_potential_of_the_table(convert):
    rate = float(attempt_frequency(ROOM)) * math.exp(-((1.2 - 0.5) ** 2) / 4.8 / THERMAL)
    table = f"equation,lambda [eV],dG [eV],k [1/s]\nA+ + e- => A,1.2,-0.5,{rate:.6g}\n"
    for potential in (0.0, 0.7):
        imported, _ = convert(table, potential=potential)
        assert not [each for each in imported.assumptions if "contradict" in each]


@pytest.mark.parametrize("potential", [0.0, 0.7])
def test_free_energy_and_reorganization_energy_give_a_law_that_follows_the_potential(convert, potential):
    table = "equation,reorganization energy [eV],dG [eV]\nA+ + e- => A,1.2,-0.5\nB => B+ + e-,1.1,0.2\n"
    imported, mechanism = convert(table, potential=potential)
    assert [each.law for each in mechanism.processes[:1]] == ["marcus"]
    assert "line 2, line 3" in said(imported, f"hold at {potential:g} V")
    names = [each.name for each in mechanism.processes]
    constants = dict(zip(names, mechanism.rate_constants(ROOM, potential + 0.1, 0.0), strict=True))
    for name, energy, width in (("reduction of A+", -0.5 + 0.1, 1.2), ("B to B+", 0.2 - 0.1, 1.1)):
        expected = float(attempt_frequency(ROOM)) * math.exp(-((width + energy) ** 2) / (4 * width) / THERMAL)
        assert constants[name] == pytest.approx(expected, rel=1e-6)


def test_electron_transfer_with_a_barrier_or_number_only_is_told_with_its_lines(convert):
    imported, _ = convert("equation,barrier [eV],k [1/s]\nA+ + e- => A,0.4,\nB => C,0.4,\nA => A+ + e-,,5\n")
    text = said(imported, "does not follow the potential")
    assert text.endswith("line 2 (eyring), line 4 (constant)")


def test_electron_transfer_by_charge_only_is_told_as_well(tmp_path):
    (tmp_path / "t.csv").write_text("equation,barrier [eV]\nA+ => A,0.4\n")
    (tmp_path / "s.csv").write_text("index,name,formula,charge\n0,A,CO2,0\n1,A+,CO2,1\n")
    imported = import_deck([tmp_path / "t.csv"], tmp_path / "deck.yaml", species=tmp_path / "s.csv")
    assert said(imported, "does not follow the potential").endswith("line 2 (eyring)")


def test_numbers_that_a_law_does_not_have_are_told(convert):
    imported, _ = convert("equation,barrier [eV],E0 [V]\nA+ + e- => A,0.4,0.7\n")
    assert said(imported, "standard potential, which rate law 'eyring' does not have").endswith("line 2")


def test_a_cycle_of_reversible_lines_that_does_not_close_is_told_as_what_it_is(convert):
    table = "equation,barrier [eV],dG [eV]\nA <=> B,0.50,-0.20\nB <=> C,0.50,-0.20\nC <=> A,0.90,-0.20\n"
    imported, mechanism = convert(table)
    assert len(mechanism.processes) == 6
    assert "line 2, line 3, line 4" in said(imported, "writes as reversible (<=>)")
    assert not [each for each in imported.assumptions if "stay apart" in each]


def test_an_outer_reorganization_energy_that_no_line_takes_is_told(convert):
    imported, _ = convert("equation,barrier [eV]\nA => B,0.5\n", outer_reorganization_energy="0.32 eV")
    assert said(imported, "no line takes")


def test_a_title_of_several_lines_is_one_line(convert):
    imported, _ = convert("equation,barrier [eV]\nA => B,0.5\n", title="a\nrun: {}")
    assert load_deck(imported.path).title == "a run: {}"


# --- units and separators ---

MOLAR = ["1/M/s", "M-1 s-1", "M^-1 s^-1", "M⁻¹ s⁻¹", "L/mol/s", "L mol-1 s-1", "dm3/mol/s", "1/(M s)", "L/(mol·s)"]


@pytest.mark.parametrize("unit", MOLAR)
def test_a_rate_constant_in_molar_units_is_one_of_two_molecules_at_activity_one(unit):
    assert rate_unit(unit) == pytest.approx((1.0, 2), rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "factor", "molecules"),
    [
        ("s^-1", 1.0, 1),
        ("1/min", 1.0 / 60.0, 1),
        ("cm^3/s", AVOGADRO * 1e-3, 2),
        ("cm3 molecule-1 s-1", AVOGADRO * 1e-3, 2),
        ("m^3/mol/s", 1e3, 2),
        ("1/M^2/s", 1.0, 3),
        ("cm6/s", (AVOGADRO * 1e-3) ** 2, 3),
    ],
)
def test_units_of_rate_constants_say_of_how_many_molecules_they_are(unit, factor, molecules):
    assert rate_unit(unit) == pytest.approx((factor, molecules), rel=1e-12)


@pytest.mark.parametrize("unit", ["1/bar/s", "cm/s", "s", "eV", "M s-1", "foo s-1", "cm^3/mol^2/s", "1/M"])
def test_what_is_no_unit_of_a_rate_constant_is_none(unit):
    assert rate_unit(unit) is None


@pytest.mark.parametrize(
    ("unit", "molar"), [("cm^3/s", AVOGADRO * 1e-3), ("1/M/s", 1.0), ("M-1 s-1", 1.0), ("cm^3/mol/s", 1e-3)]
)
def test_rate_constants_per_volume_give_the_propensity_of_mass_action(convert, unit, molar):
    """v = k [A][B] and v = k [A]^2 events per volume and time: k/(N_A V) and 2 k/(N_A V) per pair of molecules."""
    table = f"equation,k [{unit}],barrier [eV]\nA + B => C,1e-3,\n2 A => D,1e-3,\nC => D,,0.5\n"
    _, mechanism = convert(table, volume=VOLUME)
    rates = mechanism.rate_constants(ROOM, 0.0, 0.0) * mechanism.molecular
    per_pair = 1e-3 * molar * 1e-3 / (AVOGADRO * 1e-24)  # [m^3/mol/s] over N_A V
    assert list(rates[:2]) == pytest.approx([per_pair, 2.0 * per_pair], rel=1e-8)
    assert rates[2] == pytest.approx(float(attempt_frequency(ROOM)) * math.exp(-0.5 / THERMAL))


def test_the_unit_of_a_rate_constant_may_stand_in_each_line(convert):
    table = "equation,k,unit\nA + B => C,1e9,1/M/s\nC => D,3,1/min\n"
    _, mechanism = convert(table, volume=VOLUME)
    assert list(mechanism.rate_constants(ROOM, 0.0, 0.0)) == pytest.approx([1e9, 0.05])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("equation,k [cm^3/s]\nA + B => C,1\n", {}, r"t\.csv:2: .* takes the volume of the compartment: --volume"),
        ("equation,k [1/M/s]\nA => C,1\n", {"volume": VOLUME}, r"t\.csv:2: .* of 2 molecules, and 1 react"),
        ("equation,k [1/s]\nA + B => C,1\n", {"volume": VOLUME}, r"t\.csv:2: .* of 1 molecule, and 2 react; .*cm\^3/s"),
        ("equation,k [1/bar/s]\nA => C,1\n", {}, r"t\.csv:1: .*'1/bar/s' is no unit of a rate constant; .* 1/M/s"),
        ("equation,barrier [foo]\nA => C,1\n", {}, r"t\.csv:1: .*'foo' is no unit of an energy"),
        ("equation,k,unit\nA => C,1,\n", {}, r"t\.csv:2: has no unit of k"),
        ("equation,k,unit\nA => C,1,foo\n", {}, r"t\.csv:2: 'foo' is no unit of a rate constant"),
        ("equation,k\nA => C,1\n", {}, r"t\.csv:1: column 'k' has no unit; .*\[1/s\]"),
        ("equation,lambda [eV],dG [eV]\nA => C,1,0\n", {}, r"t\.csv:2: .* which way goes the electron"),
        ("equation,barrier [eV]\nA => C,0,5\n", {}, r"t\.csv:2: has 3 cells, .* decimal comma, stands in quotes"),
        ("equation;barrier [eV]\nA => C;0,5\nB => C;0.5\n", {}, r"t\.csv:2: '0,5' has a comma, and '0\.5' in line 3"),
    ],
)
def test_units_and_numbers_that_cannot_be_right_are_refused_with_their_place(convert, text, options, message):
    with pytest.raises(DeckError, match=message):
        convert(text, **options)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_semicolons_tabs_and_decimal_commas_are_recognised_and_told(convert, mark):
    table = "equation,barrier [eV],dG [eV],remark\nA => B,0#5,-0#2,so\nB => C,0#45,0#1,1.5 and so\n"
    imported, mechanism = convert(table.replace(",", mark).replace("#", ","))
    assert [each.parameters["barrier"].value for each in mechanism.processes] == [0.5, 0.45]
    assert said(imported, "decimal commas") == "numbers have decimal commas: '0,5' is read as 0.5"
    assert said(imported, "columns are separated by")


def test_comments_the_line_of_excel_and_dashes_for_nothing_are_no_reactions(convert):
    table = "sep=;\n# from a paper\nequation;barrier [eV];dG [eV]\nA => B;0.5;n/a\n# more\nB => C;−0.1;-\n"
    imported, mechanism = convert(table)
    assert [each.parameters["barrier"].value for each in mechanism.processes] == [0.5, -0.1]
    assert said(imported, "below zero").endswith("line 6 (-0.1 eV)")


def test_a_list_of_species_may_have_semicolons(tmp_path):
    (tmp_path / "t.csv").write_text("equation,barrier [eV]\nA => B,0.4\n")
    (tmp_path / "s.csv").write_text("index;name;formula;charge\n0;A;CO2;0\n1;B;CO2;0\n")
    imported = import_deck([tmp_path / "t.csv", tmp_path / "s.csv"], tmp_path / "deck.yaml")
    assert "A: {formula: CO2" in imported.path.read_text()


def test_options_that_would_do_nothing_are_refused(tmp_path):
    import sqlite3

    connection = sqlite3.connect(tmp_path / "rn.sqlite")
    connection.execute("CREATE TABLE reactions (a)")
    connection.close()
    (tmp_path / "t.csv").write_text("equation,barrier [eV]\nA => B,0.4\n")
    for name, options, message in (
        ("rn.sqlite", Options(volume=VOLUME), "--volume is for a table of reactions"),
        ("rn.sqlite", Options(potential=0.3), "--potential is for a table of reactions"),
        ("t.csv", Options(surface="Cu 100"), "--surface is for a database of CatHub"),
    ):
        with pytest.raises(KmcError, match=message):
            import_deck([tmp_path / name], tmp_path / "deck.yaml", options=options)


@pytest.mark.parametrize("given", ["1e-24", "-1 m^3", "large"])
def test_a_volume_that_is_none_is_refused_in_a_line(tmp_path, given, capsys):
    (tmp_path / "t.csv").write_text("equation,k [1/M/s]\nA + B => C,1\n")
    assert main(["import", str(tmp_path / "t.csv"), "-o", str(tmp_path / "d.yaml"), f"--volume={given}"]) == 2
    assert capsys.readouterr().err.startswith(f"--volume '{given}': ")


# --- what people write ---


def test_uncertainties_of_cells_are_those_of_the_deck(convert):
    table = "equation;barrier [kJ/mol];dG [eV];lambda [eV];k [1/s]\nA => B;50,5 ± 5;;;\nB => C;;;;3 +- 1\n"
    _, mechanism = convert(table + "A+ + e- => A;;-0,5 +- 0,1;1,2+/-0,3;\n")
    barrier, rate, couple = (each.parameters for each in mechanism.processes[:3])
    kilojoule = 0.0103642697
    assert barrier["barrier"].value == pytest.approx(50.5 * kilojoule, rel=1e-7)
    assert barrier["barrier"].uncertainty == pytest.approx(5.0 * kilojoule, rel=1e-5)
    assert (rate["rate-constant"].value, rate["rate-constant"].uncertainty) == (3.0, 1.0)
    assert (couple["standard-potential"].value, couple["standard-potential"].uncertainty) == (0.5, 0.1)
    assert couple["inner-reorganization-energy"].uncertainty == pytest.approx(0.3)


def test_columns_that_are_not_read_are_told(convert):
    imported, _ = convert("equation,Ea fwd [eV],Ea rev [eV],barrier [kJ/mol],T\nA => B,0.5,0.7,3,9\n")
    assert said(imported, "not read") == "columns that are not read: Ea rev [eV], barrier [kJ/mol], T"


def test_a_reaction_that_stands_twice_is_told(convert):
    imported, _ = convert("equation,barrier [eV]\nA + B => C,0.5\nB + A => C,0.6\n")
    assert said(imported, "rates add up").endswith("line 3 (as in line 2)")


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("2A => B", "begin with a number"),
        ("A+B => C", "a \\+ inside"),
        ("CO* + * => C* + O*", "look adsorbed"),
        ("A => CO(ads)", "look adsorbed"),
    ],
)
def test_names_that_may_be_meant_otherwise_are_told(convert, equation, words):
    imported, _ = convert(f"equation,barrier [eV]\n{equation},0.5\n")
    assert "line 2" in said(imported, words.replace("\\", ""))


@pytest.mark.parametrize("name", ["LiEC+", "PF6-", "Li2CO3", "C2O4(2-)", "LiEC+~2"])
def test_names_of_ions_are_nothing_to_tell(convert, name):
    imported, _ = convert(f"equation,barrier [eV]\n{name} => B,0.5\n")
    assert len(imported.assumptions) == 1


@pytest.mark.parametrize("electron", ["e-", "e", "e⁻", "e^-", "e(-)", "electron"])
def test_an_electron_is_one_however_it_is_written(convert, electron):
    _, mechanism = convert(f"equation,E0 [V vs Li/Li+],k0 [1/s]\nA+ + {electron} => A,0.3,1e5\n")
    assert mechanism.processes[0].electrons == 1
    assert mechanism.processes[0].law == "butler-volmer"


def test_percent_and_capitals_of_laws_are_understood(convert):
    _, mechanism = convert("equation,law,barrier [eV],transmission [%]\nA => B,Eyring,0.5,50\n")
    assert mechanism.processes[0].parameters["transmission"].value == 0.5


def test_a_pair_with_free_energies_of_one_sign_is_not_joined(convert):
    imported, mechanism = convert("equation,barrier [eV],dG [eV]\nA => B,0.50,-0.20\nB => A,0.70,-0.20\n")
    assert len(mechanism.processes) == 2
    assert said(imported, "not in detailed balance").endswith("two processes: line 2 and 3")


def test_a_pair_that_only_its_rounding_joins_is_told(convert):
    imported, _ = convert("equation,barrier [eV],dG [eV]\nA => B,0.5,-0.2\nB => A,0.6,0.2\n")
    assert said(imported, "within the rounding").endswith("line 2 and 3")


def test_barriers_that_cannot_be_in_their_unit_are_told(convert):
    imported, _ = convert("equation,barrier [eV]\nA => B,50\n")
    assert said(imported, "unit of the header").endswith("line 2 (50 eV)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("equation,barrier [eV]\nA->B,0.5\n", r"t\.csv:2: 'A->B': blanks stand around the arrow"),
        ("equation,barrier [eV]\n2A => B,0.5\nA => C,0.5\n", r"t\.csv:2: '2A' .* stands apart: '2 A'"),
        ("reactants,products,k [1/s]\nA,,1\n,B,1\n", r"t\.csv:2: has no products(.|\n)*t\.csv:3: has no reactants"),
        ("equation,barrier [eV]\nA => B,0.5 +- x\n", r"t\.csv:2: barrier \[eV\] 'x' is no finite number"),
        ("equation,barrier [eV]\nA => B,0.5 +- -1\n", r"t\.csv:2: .* an uncertainty must be above 0"),
        ("equation,k [1/s]\nA => A,1\n", r"t\.csv: no reaction is left .* line 2, A => A: changes nothing"),
        ('name,equation,k [1/s]\n"x,A => B,1\n', r"t\.csv:2: is no CSV: unexpected end"),
        ("equation,barrier [eV]\nA => B,0.5 eV\n", r"t\.csv:2: .*no finite number; its unit stands in the header"),
        ("equation,E0 [V vs SHE],k0 [1/s]\nA + e- => B,-2,1\n", r"t\.csv:1: .* against SHE; .* 3\.04 V above"),
        ("equation,E0 V vs Ag/AgCl,k0 [1/s]\nA + e- => B,-2,1\n", r"t\.csv:1: .* against Ag/AgCl; .* vs Li/Li\+"),
        ("equation,E0 [V],k0 [1/s],alpha [eV]\nA + e- => B,0,1,1\n", r"t\.csv:1: .*'eV' is no unit of a plain number"),
    ],
)
def test_what_was_meant_otherwise_is_refused_with_its_place(convert, text, message):
    with pytest.raises(DeckError, match=message):
        convert(text)


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.ods"])
def test_a_spreadsheet_is_to_be_saved_as_csv(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(DeckError, match=r"is a spreadsheet(.|\n)*save the sheet as CSV"):
        import_deck([tmp_path / name], tmp_path / "deck.yaml")

# SPDX-License-Identifier: BSD-3-Clause
"""The chemistry of decks: species, what equations mean, what is refused."""

import numpy as np
import pytest
from chemistry import FAST, FIRST_LINE, HEAD, REDOX, ROOM, SPACING, TESTS, compiled, names, refused

from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism

# --- species ---


def test_atoms_of_a_site_count_its_formula_units_and_guests():
    species = {each.name: each for each in compiled(("RO => LiEC", FAST)).species}
    assert species["LEDC"].formula == {"C": 4, "H": 4, "Li": 2, "O": 6}
    assert species["Li2CO3"].formula == {"Li": 4, "C": 2, "O": 6}
    assert species["Li@Li2CO3"].formula == {"Li": 5, "C": 2, "O": 6}
    assert species["Li@Li2CO3"].formula_unit == "Li2CO3"
    assert species["electrolyte"].formula == species["electrode"].formula == {}
    assert [each.index for each in species.values()] == list(range(len(species)))


def test_a_molar_volume_from_the_density_keeps_source_and_uncertainty():
    ledc = next(each for each in compiled(("RO => LiEC", FAST)).species if each.name == "LEDC")
    assert ledc.molar_volume == pytest.approx(95.83e-6, rel=1e-3)
    assert ledc.volume.uncertainty == pytest.approx(9.583e-6, rel=1e-3)
    assert ledc.molar_volume_source == "Safari 2009"


def test_a_molar_volume_from_the_crystal_is_that_of_the_formula_unit():
    crystal = (
        "crystal: {spacegroup: Fm-3m, cell: [4.0263, 4.0263, 4.0263, 90, 90, 90], "
        "sites: {Li: [[0, 0, 0]], F: [[0.5, 0.5, 0.5]]}, source: a handbook}"
    )
    head = HEAD.replace(
        "solution:", f"  LiF: {{formula: LiF, phase: solid, units-per-site: 8, {crystal}}}\nsolution:"
    )
    lif = compiled(("RO => LiEC", FAST), head=head).species[-1]
    assert lif.molar_volume == pytest.approx(9.83e-6, rel=1e-2)
    assert lif.molar_volume_source == "a handbook"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "RO: {formula: C3H4LiO3",
            "RO: {formula: C3H4LiO3+",
            "'C3H4LiO3+' is not a formula: the charge stands apart",
        ),
        ("EC: {formula: C3H4O3", "EC: {formula: EC", "'EC' is not a formula: there is no element 'E'"),
        ("guest: {Li: 1}", "guest: {Lo: 1}", "there is no element 'Lo'"),
        (
            "electrode: {phase: electrode}",
            "electrode: {phase: electrode, formula: C6}",
            "the electrode carries no atoms",
        ),
        ("electrode: {phase: electrode}", "electrode: {phase: electrode, charge: 1}", "leave out 'charge'"),
        (
            "electrolyte: {phase: liquid}",
            "electrolyte: {phase: liquid, charge: 1}",
            "a liquid without formula has no atoms",
        ),
        (
            "density: {value: 1690 +- 169 kg/m^3, source: Safari 2009}",
            "crystal: {spacegroup: P1, cell: [4, 4, 4, 90, 90, 90], sites: {Li: [[0, 0, 0]]}}",
            "no multiple of C4H4Li2O6",
        ),
    ],
)
def test_a_species_that_cannot_be_is_refused_with_its_line(old, new, message):
    assert old in HEAD
    head = HEAD.replace(old, new)
    problems = refused(("LiEC => RO", FAST), head=head)
    assert message in problems[0].message
    assert len(problems) == 1
    assert problems[0].excerpt == next(line for line in head.split("\n") if new in line)


# --- what an equation means ---


def test_an_equation_becomes_conditions_changes_and_exchange_with_the_solution():
    mechanism = compiled(("electrolyte + {film} + LiEC+ + e- => LiEC + {film}", REDOX))
    (process,) = mechanism.processes
    assert [names(mechanism, each) for each in process.reactants] == [{"electrolyte"}, {"LEDC", "Li2CO3"}]
    assert process.products == (2, None)
    assert process.solution_change == {0: -1}
    assert process.electrons == 1
    assert process.activity_orders == {0: 1}
    assert mechanism.count_change[0].tolist() == [0, -1, 1, 0, 0, 0, 0, 0]
    assert mechanism.solution_change[0].tolist() == [-1, 0, 0]
    assert mechanism.electrons.tolist() == [1]
    assert (
        mechanism.count_change.dtype
        == mechanism.solution_change.dtype
        == mechanism.electrons.dtype
        == np.int64
    )


def test_a_coefficient_stands_for_that_many_sites_in_order():
    mechanism = compiled(("2 RO => LEDC + electrolyte + C2H4", FAST))
    (process,) = mechanism.processes
    assert [names(mechanism, each) for each in process.reactants] == [{"RO"}, {"RO"}]
    assert process.products == (5, 1)
    assert mechanism.count_change[0].tolist() == [0, 1, 0, -2, 0, 1, 0, 0]
    assert mechanism.solution_change[0].tolist() == [0, 0, 1]


def test_a_reversible_equation_gives_a_reverse_process_after_it():
    forward, backward = compiled(("electrolyte + LiEC+ + e- <=> LiEC", REDOX, "tunnelling: true")).processes
    assert backward.name == "step 1 (reverse)"
    assert (forward.reverse_of, backward.reverse_of) == (None, 0)
    assert backward.reactants == (frozenset({2}),)
    assert backward.products == (1,)
    assert backward.solution_change == {0: 1}
    assert backward.electrons == -1
    assert backward.activity_orders == {}
    assert backward.tunnelling


def test_an_unchanged_species_is_a_condition():
    (process,) = compiled(("RO + LEDC => LiEC + LEDC", FAST)).processes
    assert process.products == (2, None)


def test_a_solution_species_on_both_sides_multiplies_the_rate_and_stays():
    mechanism = compiled(("RO + 2 EC => LiEC + 2 EC", FAST))
    assert mechanism.processes[0].solution_change == {}
    assert mechanism.rate_constants(ROOM, 0.0, SPACING) == pytest.approx([0.25e6])


def test_neighbours_hold_the_members_of_their_groups():
    line = 'neighbours: [{species: ["{film}", electrode], energy: sei#contact, site: 2, shell: 2}]'
    mechanism = compiled(("RO + electrolyte => electrolyte + RO", FAST, line))
    (term,) = mechanism.processes[0].neighbours
    assert names(mechanism, term.species) == {"LEDC", "Li2CO3", "electrode"}
    assert (term.energy.value, term.site, term.shell) == (0.05, 2, 2)


def test_a_geometry_is_positions_in_three_dimensions():
    line = "geometry: [[0, 0, 0], [1, 0, 0], [1, 1, 0]]"
    (process,) = compiled(("3 RO => 3 LiEC", FAST, line)).processes
    assert process.geometry.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    square = HEAD.replace("simple cubic", "square").replace("[6, 6, 6]", "[6, 6]")
    (process,) = compiled(("2 RO => 2 LiEC", FAST, "geometry: [[0, 0], [1, 2]]"), head=square).processes
    assert process.geometry.tolist() == [[0, 0, 0], [1, 0, 2]]


# --- refusals ---


REFUSED = {
    "RO => LEDC": "not balanced: C 3 -> 4, Li 1 -> 2, O 3 -> 6",
    "RO => RO-": "not balanced: charge 0 -> -1",
    "RO- + e- => RO": "not balanced: charge -2 -> 0",
    "RO + electrolyte => LiEC": "not balanced: sites 2 -> 1",
    "2 RO => LEDC + C2H4": "not balanced: sites 2 -> 1",
    "Li2CO3 => Li@Li2CO3": "not balanced: Li 4 -> 5",
    "RO + {film} => {film} + LiEC": "'{film}' is a condition; on the other side it meets 'RO', not itself",
    "RO + LEDC => LiEC + {film}": "'{film}' is a condition; on the other side it meets 'LEDC', not itself",
    "electrode + RO => RO + electrode": "'electrode' is the electrode, which no process changes",
    "RO => LiECC": "unknown species 'LiECC', did you mean 'LiEC'?",
    "2RO => 2 LiEC": "unknown species '2RO', did you mean '2 RO'?",
    "film + RO => film + LiEC": "unknown species 'film', did you mean the group '{film}'?",
    "{flm} + RO => {flm} + LiEC": "unknown group 'flm', did you mean 'film'?",
    "{RO} => LiEC": "'{RO}' is no group; a species stands without braces",
    "RO -> LiEC": "'->' is not an arrow",
    "EC => EC": "changes nothing",
    "RO => RO": "changes nothing",
    "RO + LEDC => RO + LEDC": "changes nothing",
    "RO + C2H4 => LiEC + C2H4": "consumes 'C2H4', which has no activity",
    "3 RO => 3 LiEC": "3 lattice terms need 'geometry'",
    "9 RO => 9 LiEC": "9 lattice terms; at most 8 are possible",
    "electrolyte + LiEC+ + EC => LiEC + EC": "not balanced: charge 1 -> 0",
    "RO <=> LiEC": "<=> needs 'reaction-free-energy' in 'rate'",
    "RO + electrolyte <=> electrolyte + RO": "is its own reverse; write =>",
    "RO + e- <=> RO-": "rate law 'constant' knows no potential",
}


@pytest.mark.parametrize("equation", REFUSED)
def test_a_process_that_cannot_be_is_refused_with_name_and_line(equation):
    (problem,) = refused((equation, FAST))
    assert problem.message.startswith(f"process 'step 1': {REFUSED[equation]}")
    assert problem.file == "deck.yaml"
    assert problem.line in (FIRST_LINE + 1, FIRST_LINE + 2)
    assert problem.column is not None


REFUSED_LINES = {
    ("electrolyte + LiEC+ + 2 e- => RO-", REDOX): "transfers 2 electrons; an elementary step transfers one",
    ("RO => LiEC", REDOX): "rate law 'marcus-hush-chidsey' transfers an electron, but the equation has no e-",
    ("RO => LiEC", FAST, "tunnelling: true"): "'tunnelling' is for electrons, but the equation has no e-",
    (
        "RO => LiEC",
        FAST,
        "geometry: [[0, 0, 0], [1, 0, 0]]",
    ): "'geometry' has 2 positions for 1 lattice terms",
    ("RO => LiEC", "{law: eyring, barrier: sei#G3}"): "sei.csv has no row 'G3'; there is G1, G2",
    (
        "RO => LiEC",
        "{law: eyring, barrier: sei#walk}",
    ): "row 'walk' of sei.csv has no barrier; it has diffusivity",
    (
        "RO => LiEC",
        FAST,
        "neighbours: [{species: [LEDC], energy: sei#G2}]",
    ): "row 'G2' of sei.csv has no energy",
    (
        "RO => LiEC",
        FAST,
        "neighbours: [{species: [LEDC], energy: 0.1 eV, site: 2}]",
    ): "neighbours of lattice term 2, but the equation has 1",
    (
        "electrolyte + LiEC+ + e- => LiEC",
        "{law: marcus, standard-potential: 0 V, "
        "inner-reorganization-energy: 0 eV, outer-reorganization-energy: 0 eV}",
    ): "the reorganization energies are both zero; their sum must be above 0 eV",
    (
        "2 RO <=> LEDC + electrolyte + C2H4",
        "{law: eyring, barrier: 0 eV, reaction-free-energy: -2.7 eV}",
    ): "on its way back consumes 'C2H4', which has no activity",
}


@pytest.mark.parametrize("process", REFUSED_LINES, ids=REFUSED_LINES.values())
def test_a_rate_that_cannot_be_is_refused_with_name_and_line(process):
    problems = refused(process)
    assert f"process 'step 1': {REFUSED_LINES[process]}" in problems[0].message
    assert FIRST_LINE <= problems[0].line <= FIRST_LINE + 3


def test_a_problem_points_into_the_equation():
    (problem,) = refused(("2 RO + LiECC => LEDC + electrolyte", FAST))
    assert problem.excerpt[problem.column - 1 :].startswith("LiECC")
    (quoted,) = refused(('"RO + {flm} => LiEC + {film}"', FAST))
    assert quoted.excerpt[quoted.column - 1 :].startswith("{flm}")


def test_all_problems_of_a_deck_are_told_at_once():
    head = HEAD.replace("EC: {formula: C3H4O3", "EC: {formula: EC").replace(
        "guest: {Li: 1}", "guest: {Lo: 1}"
    )
    problems = refused(
        ("RO => LEDC", FAST), ("RO -> LiEC", FAST), ("XX => RO", REDOX), ("LiEC => RO", FAST), head=head
    )
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    assert len(problems) == 5


def test_a_species_with_a_wrong_formula_is_not_blamed_for_the_balance_too():
    head = HEAD.replace("RO: {formula: C3H4LiO3", "RO: {formula: ring")
    (problem,) = refused(("RO => LiEC", FAST), head=head)
    assert "'ring' is not a formula" in problem.message


def test_faults_of_a_table_are_told_with_those_of_the_deck(tmp_path):
    (tmp_path / "tables").mkdir()
    text = (TESTS / "tables" / "sei.csv").read_text().replace("46.02,9.6,kJ/mol", "46.02,-9.6,kJ/mol")
    (tmp_path / "tables" / "sei.csv").write_text(text)
    deck = parse_deck(
        HEAD + "- {name: a, equation: RO => LiEC, rate: {law: eyring, barrier: sei#G2}}\n"
        "- {name: b, equation: RO => LEDC, rate: {law: constant, rate-constant: 1 1/s}}\n",
        "deck.yaml",
        tmp_path,
    )
    with pytest.raises(DeckError) as caught:
        compile_mechanism(deck)
    table, balance = caught.value.problems
    assert table.message == "barrier of 'G2': an uncertainty cannot be negative"
    assert table.line == 4
    assert balance.message.startswith("process 'b': not balanced")


def test_values_of_tables_are_held_to_the_bounds_of_the_law(tmp_path):
    (tmp_path / "tables").mkdir()
    text = (
        (TESTS / "tables" / "sei.csv").read_text().replace("walk,diffusivity,1e-6", "walk,diffusivity,-1e-6")
    )
    (tmp_path / "tables" / "sei.csv").write_text(text)
    deck = parse_deck(
        HEAD + "- {name: a, equation: RO => LiEC, rate: {law: diffusion, diffusivity: sei#walk}}\n",
        "deck.yaml",
        tmp_path,
    )
    with pytest.raises(DeckError, match="'diffusivity' must be above 0, not -1e-10 m\\^2/s"):
        compile_mechanism(deck)

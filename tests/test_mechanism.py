# SPDX-License-Identifier: BSD-3-Clause
"""The chemistry of decks: what equations mean, what must balance, how fast it is, where values come from."""

import time
from pathlib import Path

import numpy as np
import pytest

from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism
from kmc.reversibility import like_placements

TESTS = Path(__file__).parent
SPACING = 0.5e-9
ROOM = 298.15
HEAD = """\
title: test
tables: {sei: tables/sei.csv}
run: {duration: 1 ms}
lattice:
  type: simple cubic
  spacing: 0.5 nm
  size: [4, 4, 6]
  fill: electrolyte
protocol: {temperature: 298.15 K, potential: 0.1 V}
tunnelling: {decay: {default: 12 1/nm}}
groups:
  film: [LEDC, Li2CO3]
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  LiEC: {formula: C3H4LiO3, phase: dissolved}
  RO: {formula: C3H4LiO3, phase: dissolved}
  RO-: {formula: C3H4LiO3, charge: -1, phase: dissolved}
  LEDC: {formula: C4H4Li2O6, phase: solid, density: {value: 1690 +- 169 kg/m^3, source: Safari 2009}}
  Li2CO3: {formula: Li2CO3, phase: solid, units-per-site: 2, molar-volume: 35.2 cm^3/mol}
  Li@Li2CO3: {formula: Li2CO3, phase: solid, units-per-site: 2, guest: {Li: 1}, molar-volume: 35.2 cm^3/mol}
solution:
  LiEC+: {formula: C3H4LiO3, charge: 1, activity: {value: 0.067 +- 0.02, source: site fraction}}
  EC: {formula: C3H4O3, activity: 0.5}
  C2H4: {formula: C2H4, phase: gas}
processes:
"""
FIRST_LINE = HEAD.count("\n") + 1
REDOX = (
    "{law: marcus-hush-chidsey, standard-potential: sei#G1, inner-reorganization-energy: sei#G1, "
    "outer-reorganization-energy: 0.3207 eV}"
)
FAST = "{law: constant, rate-constant: 1e6 1/s}"


def deck_of(*processes, head=HEAD):
    """Deck with processes given as (equation, rate, further lines...)."""
    text = head
    for number, (equation, rate, *more) in enumerate(processes, start=1):
        equation = f'"{equation}"' if equation[0] == "{" else equation
        text += f"- name: step {number}\n  equation: {equation}\n  rate: {rate}\n"
        text += "".join(f"  {line}\n" for line in more)
    return parse_deck(text, "deck.yaml", TESTS)


def compiled(*processes, head=HEAD):
    return compile_mechanism(deck_of(*processes, head=head))


def refused(*processes, head=HEAD):
    with pytest.raises(DeckError) as caught:
        compiled(*processes, head=head)
    return caught.value.problems


def names(mechanism, indexes):
    return {mechanism.species[index].name for index in indexes}


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
    square = HEAD.replace("simple cubic", "square").replace("[4, 4, 6]", "[4, 6]")
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
    "EC => EC": "nothing happens on the lattice",
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


# --- rates ---


REVERSIBLE = {
    "constant": "{law: constant, rate-constant: 1e6 1/s, reaction-free-energy: 0.2 eV}",
    "arrhenius": "{law: arrhenius, prefactor: 1e13 1/s, barrier: 0.4 eV, reaction-free-energy: -1.2 eV}",
    "eyring": "{law: eyring, barrier: 0.1 eV, reaction-free-energy: 0.3 eV}",
    "diffusion": "{law: diffusion, diffusivity: sei#walk, reaction-free-energy: -0.1 eV}",
}


@pytest.mark.parametrize("law", REVERSIBLE)
def test_a_generated_reverse_balances_in_detail(law):
    mechanism = compiled(("RO <=> LiEC", REVERSIBLE[law]))
    energy = mechanism.processes[0].parameters["reaction-free-energy"].value
    for temperature in (250.0, ROOM, 450.0):
        forward, backward = mechanism.rate_constants(temperature, 0.3, SPACING)
        assert np.log(forward / backward) == pytest.approx(-energy / (BOLTZMANN_EV * temperature), rel=1e-12)


@pytest.mark.parametrize(
    "law",
    [
        "marcus-hush-chidsey, inner-reorganization-energy: sei#G1, outer-reorganization-energy: 0.32 eV",
        "marcus, inner-reorganization-energy: sei#G1, outer-reorganization-energy: 0.32 eV",
        "butler-volmer, prefactor: 1e6 1/s, transfer-coefficient: 0.3",
        "butler-volmer, prefactor: 1e6 1/s",
    ],
)
@pytest.mark.parametrize("equation", ["RO + e- <=> RO-", "RO- <=> RO + e-"])
def test_reversible_electron_transfer_balances_at_every_potential(law, equation):
    mechanism = compiled((equation, f"{{law: {law}, standard-potential: 0.4 V}}"))
    sign = mechanism.processes[0].electrons
    for potential in (-1.0, 0.1, 0.4, 2.0):
        forward, backward = mechanism.rate_constants(ROOM, potential, SPACING)
        expected = -sign * (potential - 0.4) / (BOLTZMANN_EV * ROOM)
        assert np.log(forward / backward) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_lower_potential_reduces_faster():
    mechanism = compiled(("RO + e- <=> RO-", REDOX))
    high, low = (mechanism.rate_constants(ROOM, potential, SPACING) for potential in (1.0, 0.2))
    assert low[0] > high[0]
    assert low[1] < high[1]


def test_activities_multiply_what_consumes_them_and_nothing_else():
    fast = FAST.replace("}", ", reaction-free-energy: 0 eV}")
    forward, backward = compiled(("RO + 2 EC <=> LiEC + 2 EC", fast)).rate_constants(ROOM, 0.0, SPACING)
    assert (forward, backward) == pytest.approx((0.25e6, 0.25e6))
    single = compiled(("electrolyte + LiEC+ + e- <=> LiEC", REDOX))
    plain = compiled(("RO + e- <=> RO-", REDOX)).rate_constants(ROOM, 0.1, SPACING)
    assert single.rate_constants(ROOM, 0.1, SPACING) == pytest.approx(plain * [0.067, 1.0])


def test_processes_of_all_laws_have_the_same_rates_together_as_alone():
    steps = [("RO <=> LiEC", rate) for rate in REVERSIBLE.values()]
    steps += [("RO + e- <=> RO-", REDOX), ("RO => LiEC", FAST)]
    together = compiled(*steps).rate_constants(320.0, 0.2, SPACING)
    alone = np.concatenate([compiled(step).rate_constants(320.0, 0.2, SPACING) for step in steps])
    assert together == pytest.approx(alone, rel=1e-13)


@pytest.mark.parametrize("law", REVERSIBLE)
def test_a_shift_of_the_barrier_keeps_detailed_balance(law):
    mechanism = compiled(("RO <=> LiEC", REVERSIBLE[law]))
    shift = np.linspace(-0.8, 0.8, 9).reshape(3, 3)
    forward, backward = (mechanism.rate_with_barrier_shift(i, shift, ROOM, 0.0, SPACING) for i in (0, 1))
    energy = mechanism.processes[0].parameters["reaction-free-energy"].value
    assert forward.shape == (3, 3)
    assert np.log(forward / backward) == pytest.approx(
        np.full((3, 3), -energy / (BOLTZMANN_EV * ROOM)), rel=1e-11
    )
    unshifted = mechanism.rate_constants(ROOM, 0.0, SPACING)
    assert forward[1, 1] == pytest.approx(unshifted[0])
    assert backward[1, 1] == pytest.approx(unshifted[1])


def test_a_shift_moves_a_barrier_but_not_below_its_floor():
    mechanism = compiled(("RO => LiEC", "{law: eyring, barrier: 0.3 eV, reaction-free-energy: 0.2 eV}"))
    thermal = BOLTZMANN_EV * ROOM
    rates = mechanism.rate_with_barrier_shift(0, [0.0, 0.1, -0.1, -0.5], ROOM, 0.0, SPACING)
    assert rates / rates[0] == pytest.approx(np.exp(-np.array([0.0, 0.1, -0.1, -0.1]) / thermal))


def test_a_shift_multiplies_laws_without_a_barrier():
    mechanism = compiled(("RO + EC => LiEC + EC", FAST), ("RO + e- => RO-", REDOX))
    plain = mechanism.rate_constants(ROOM, 0.1, SPACING)
    for index in (0, 1):
        shifted = mechanism.rate_with_barrier_shift(index, np.array([0.1]), ROOM, 0.1, SPACING)
        assert shifted == pytest.approx(plain[index] * np.exp(-0.1 / (BOLTZMANN_EV * ROOM)))


def test_sixty_processes_are_rated_in_a_millisecond():
    mechanism = compiled(
        *[("RO + e- <=> RO-", REDOX)] * 10,
        *[("RO <=> LiEC", REVERSIBLE["eyring"])] * 10,
        *[("RO => LiEC", FAST)] * 20,
    )
    assert len(mechanism.processes) == 60
    mechanism.rate_constants(ROOM, 0.0, SPACING)
    durations = []
    for potential in np.linspace(0.0, 1.0, 30):
        start = time.perf_counter()
        mechanism.rate_constants(ROOM, potential, SPACING)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 1e-3


# --- pairs written by hand ---


def pair(forward, backward):
    return ("RO => LiEC", forward), ("LiEC => RO", backward)


def test_a_pair_written_by_hand_that_breaks_detailed_balance_is_refused_with_the_numbers():
    (problem,) = refused(
        *pair(
            "{law: eyring, barrier: 0.5 eV, reaction-free-energy: -0.1 eV}",
            "{law: eyring, barrier: 0.7 eV, reaction-free-energy: 0.1 eV}",
        )
    )
    assert problem.message == (
        "process 'step 2' is the reverse of 'step 1', but at 298.15 K and 0 V their rate constants are "
        "2.195e+04 and 9.137 1/s; with dG = -0.1 eV of 'step 1' their ratio must be 49.02, not 2403"
    )
    assert problem.line == FIRST_LINE + 4
    assert problem.hint == "write one of them with <=>"


@pytest.mark.parametrize(
    "steps",
    [
        pair(
            "{law: eyring, barrier: 0.5 eV, reaction-free-energy: -0.1 eV}",
            "{law: eyring, barrier: 0.6 eV, reaction-free-energy: 0.1 eV}",
        ),
        pair("{law: eyring, barrier: 0.5 eV}", "{law: eyring, barrier: 0.7 eV}"),
        pair(
            "{law: eyring, barrier: 0.5 eV, reaction-free-energy: -0.1 eV}", "{law: eyring, barrier: 0.7 eV}"
        ),
        (("RO + e- => RO-", REDOX), ("RO- => RO + e-", REDOX)),
        (("RO <=> LiEC", REVERSIBLE["eyring"]), ("RO <=> LiEC", REVERSIBLE["arrhenius"])),
        (("RO + electrolyte => electrolyte + RO", FAST),),
    ],
)
def test_pairs_that_balance_or_whose_free_energy_is_unknown_are_accepted(steps):
    assert compiled(*steps).processes


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            (("RO + e- => RO-", REDOX), ("RO- => RO + e-", REDOX.replace("sei#G1", "0.7 V", 1))),
            "their ratio must be",
        ),
        (
            (("RO + e- => RO-", REDOX, "tunnelling: true"), ("RO- => RO + e-", REDOX)),
            "only one of them has tunnelling",
        ),
        (
            pair(
                "{law: eyring, barrier: 0.5 eV, reaction-free-energy: -0.1 eV}",
                "{law: eyring, barrier: 0.6 eV, reaction-free-energy: 0.2 eV}",
            ),
            "with dG = -0.2 eV",
        ),
        (
            (
                ("RO + LEDC => LEDC + LiEC", "{law: eyring, barrier: 0.5 eV, reaction-free-energy: 0 eV}"),
                ("LiEC + LEDC => LEDC + RO", "{law: eyring, barrier: 0.6 eV, reaction-free-energy: 0 eV}"),
            ),
            "must be 1, not 49",
        ),
    ],
)
def test_other_pairs_that_break_detailed_balance_are_refused(steps, message):
    (problem,) = refused(*steps)
    assert message in problem.message


def test_like_reactants_count_twice_in_a_pair_written_by_hand():
    # each of the two placements of RO + RO has half the rate constant, the one of LiEC + RS has all of it
    head = HEAD.replace("solution:", "  RS: {formula: C3H4LiO3, phase: dissolved}\nsolution:")
    rate = "{{law: constant, rate-constant: {} 1/s, reaction-free-energy: 0 eV}}"
    steps = ("2 RO => LiEC + RS", rate.format(1000)), ("LiEC + RS => 2 RO", rate.format(500))
    assert len(compiled(*steps, head=head).processes) == 2
    (problem,) = refused(steps[0], ("LiEC + RS => 2 RO", rate.format(1000)), head=head)
    assert "their ratio must be 2, not 1" in problem.message


@pytest.mark.parametrize(
    ("equation", "geometry", "ways"),
    [
        ("RO => LiEC", None, 1),
        ("2 RO => 2 LiEC", None, 2),
        ("RO + LEDC => LiEC + LEDC", None, 1),
        ("3 RO => 3 LiEC", "[[0, 0, 0], [1, 0, 0], [1, 1, 0]]", 2),
        ("3 RO => 3 LiEC", "[[0, 0, 0], [1, 0, 0], [2, 0, 0]]", 2),
        ("4 RO => 4 LiEC", "[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]", 8),
    ],
)
def test_like_reactants_are_counted_by_the_symmetry_of_their_places(equation, geometry, ways):
    more = [] if geometry is None else [f"geometry: {geometry}"]
    assert like_placements(compiled((equation, FAST, *more)).processes[0]) == ways


# --- sources and notes ---


def test_every_value_is_cited_with_unit_method_and_source():
    line = "neighbours: [{species: [LEDC], energy: sei#contact}]"
    rows = compiled(
        ("electrolyte + LiEC+ + e- <=> LiEC", REDOX), ("LiEC => RO", "{law: eyring, barrier: sei#G2}", line)
    )
    rows = {(row.owner, row.parameter): row for row in rows.citations()}
    potential = rows["step 1", "standard-potential"]
    assert (potential.value, potential.unit) == (0.7697, "V")
    assert potential.source.endswith("doi:10.1021/acsenergylett.2c00517")
    assert rows["step 2", "barrier"].method == "DFT with implicit solvent"
    assert rows["step 2", "neighbours 1"].uncertainty == 0.02
    assert rows["LEDC", "molar-volume"].source == "Safari 2009"
    assert rows["LiEC+", "activity"].uncertainty == pytest.approx(0.02)
    assert not any("reverse" in owner for owner, _ in rows)


def test_notes_tell_what_is_odd_but_allowed():
    notes = "\n".join(
        compiled(
            ("RO => LiEC", "{law: eyring, barrier: 0.1 eV, reaction-free-energy: 0.3 eV}"),
            ("LiEC => RO", "{law: eyring, barrier: -0.1 eV}", "source: a paper"),
            ("RO + e- => RO-", "{law: eyring, barrier: sei#G2}"),
        ).notes
    )
    assert "process 'step 1': its barrier, 0.1 eV, is below its reaction free energy; 0.3 eV is used" in notes
    assert "process 'step 1': no source for barrier, reaction-free-energy" in notes
    assert "process 'step 2': its barrier, -0.1 eV, is negative; 0 eV is used" in notes
    assert "process 'step 2': no source" not in notes
    assert "process 'step 3': transfers an electron at a rate that knows no potential (eyring)" in notes
    assert "'EC': no source for its activity" in notes
    assert "'Li2CO3': no source for its molar volume" in notes


def test_the_ledger_of_a_mechanism_conserves_elements_and_charge():
    mechanism = compiled(
        ("electrolyte + LiEC+ + e- <=> LiEC", REDOX),
        ("2 RO => LEDC + electrolyte + C2H4", FAST),
        ("Li@Li2CO3 + electrolyte + EC => Li2CO3 + LiEC", FAST),
    )
    everyone = (*mechanism.species, *mechanism.solution)
    change = np.hstack([mechanism.count_change, mechanism.solution_change])
    for element in ("Li", "C", "H", "O"):
        atoms = np.array([each.formula.get(element, 0) for each in everyone])
        assert not (change @ atoms).any()
    charge = np.array([each.charge for each in everyone])
    assert (change @ charge + mechanism.electrons == 0).all()

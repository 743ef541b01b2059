# SPDX-License-Identifier: BSD-3-Clause
"""The chemistry of decks: how fast, detailed balance of pairs, where values come from, the ledger."""

import numpy as np
import pytest
from chemistry import FAST, FIRST_LINE, HEAD, REDOX, ROOM, SPACING, compiled, refused

from kmc.constants import BOLTZMANN_EV
from kmc.lattice import Lattice
from kmc.reversibility import like_placements

CUBIC = Lattice("simple cubic", SPACING, (6, 6, 6), (True, True, True))

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
    assert like_placements(compiled((equation, FAST, *more)).processes[0], CUBIC) == ways


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

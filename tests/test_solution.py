# SPDX-License-Identifier: BSD-3-Clause
"""Decks with a solution: what is compiled, what rate constants mean in it, and what is refused."""

import math
from itertools import product

import numpy as np
import pytest
from chemistry import HEAD, deck_of
from solution_decks import FREE, ROOM, SPECIES, VOLUME, solution_deck

from kmc.constants import AVOGADRO, BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism
from kmc.rates import RATE_LAWS
from kmc.solution_tables import compile_solution_tables

CAPACITY = AVOGADRO * VOLUME * 1000.0  # molecules at activity 1: 24.1
ENERGIES = {"A": 0.02, "B": -0.01, "C": -0.03, "D": 0.005, "E": 0.04}  # chemical potentials at activity 1 [eV]
NETWORK = {
    "A + B <=> C": -0.04,
    "2 A <=> D": -0.035,
    "A <=> E": 0.02,
    "A + E <=> D": -0.055,
    "3 A <=> B + 2 E": 0.01,
}


def molecular_rates(deck, potential=0.1, temperature=ROOM):
    """Rates of the solution processes per combination of molecules, and their tables."""
    mechanism = compile_mechanism(deck)
    tables = compile_solution_tables(mechanism)
    return tables.rates(mechanism, temperature, potential, math.nan), tables


def one_rate(equation, rate, compartment="", more=(), **rest):
    """Rate per combination of molecules of the first process."""
    return molecular_rates(solution_deck([(equation, rate, *more)], compartment, **rest))[0][0]


def propensity(tables, rates, reaction, count):
    """Rate constant times the number of distinct combinations of molecules."""
    part = slice(tables.reactant_ptr[reaction], tables.reactant_ptr[reaction + 1])
    pairs = zip(tables.reactant_species[part], tables.reactant_order[part], strict=True)
    return rates[reaction] * math.prod(math.comb(count[s], o) for s, o in pairs)


def changed(tables, reaction, count):
    after = list(count)
    part = slice(tables.change_ptr[reaction], tables.change_ptr[reaction + 1])
    for species, change in zip(tables.change_species[part], tables.change[part], strict=True):
        after[species] += change
    return tuple(after)


# --- what rate constants mean ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "per_pair", "per_activity"),
    [
        ("A => E", 3.0, 3.0),
        ("A + B => C", 3.0, 3.0 / CAPACITY),
        ("2 A => D", 3.0, 2 * 3.0 / CAPACITY),
        ("3 A => B + 2 E", 3.0, 6 * 3.0 / CAPACITY**2),
        ("2 A + B => C + E", 3.0, 2 * 3.0 / CAPACITY**2),
    ],
)
def test_rate_of_a_combination_is_that_of_the_convention(equation, per_pair, per_activity):
    rate = "law: constant, rate-constant: 3 1/s"
    assert one_rate(equation, rate) == per_pair
    assert one_rate(equation, rate, f"volume: {VOLUME} m^3") == per_pair
    found = one_rate(equation, rate, f"volume: {VOLUME} m^3, rate-constants: per activity")
    assert found == pytest.approx(per_activity, rel=1e-12)


def test_rates_per_activity_are_those_of_mass_action_in_a_large_volume():
    """v = N_A V c0 k a_A a_B and N_A V c0 k a_A^2, to the 1/n that tells pairs from squares."""
    count = 10**9
    for equation, activities in (("A + B => C", 2.0), ("2 A => D", 1.0)):
        deck = solution_deck(
            [(equation, "law: constant, rate-constant: 3 1/s")],
            "volume: 1e-15 L, rate-constants: per activity",
            SPECIES.replace("A: {formula: C, count: 4}", f"A: {{formula: C, count: {count}}}").replace(
                "B: {formula: C, count: 3}", f"B: {{formula: C, count: {2 * count}}}"
            ),
        )
        rates, tables = molecular_rates(deck)
        capacity = AVOGADRO * 1e-15
        expected = capacity * 3.0 * (count / capacity) ** 2 * activities
        assert propensity(tables, rates, 0, tables.count.tolist()) == pytest.approx(expected, rel=3e-9)


def test_held_species_multiply_by_their_activities():
    species = SPECIES.replace("B: {formula: C, count: 3}", "B: {formula: C, activity: 0.2}")
    rate = "law: constant, rate-constant: 3 1/s"
    for compartment in ("", f"volume: {VOLUME} m^3", f"volume: {VOLUME} m^3, rate-constants: per activity"):
        assert one_rate("A + B => C", rate, compartment, species=species) == pytest.approx(0.6, rel=1e-12)
    per_activity = f"volume: {VOLUME} m^3, rate-constants: per activity"
    both = "solution: {A: {formula: C, activity: 0.5}, C: {formula: C2}}\n"
    assert one_rate("2 A => C", rate, species=both) == pytest.approx(0.75)
    assert one_rate("2 A => C", rate, per_activity, species=both) == pytest.approx(0.75 * CAPACITY)


def test_height_over_the_electrode_is_a_volume():
    head = HEAD.replace("processes:\n", "compartment: {height: 30 +- 3 nm}\nprocesses:\n")
    mechanism = compile_mechanism(deck_of(("RO => LiEC", "{law: constant, rate-constant: 1 1/s}"), head=head))
    volume = mechanism.compartment.volume
    assert volume.value == pytest.approx(30e-9 * (4 * 0.5e-9) ** 2, rel=1e-12)
    assert volume.uncertainty == pytest.approx(0.1 * volume.value)


def test_concentration_is_the_next_whole_number_of_molecules():
    species = SPECIES.replace("B: {formula: C, count: 3}", "B: {formula: C, concentration: 0.1 mol/L}")
    mechanism = compile_mechanism(solution_deck([("A => E", f"{FREE}: 0 eV")], f"volume: {VOLUME} m^3", species))
    assert mechanism.solution[1].count == round(0.1 * CAPACITY) == 2
    assert "'B': 2.409 molecules are rounded to 2" in mechanism.notes


@pytest.mark.parametrize("law", ["collision", "encounter"])
@pytest.mark.parametrize("convention", ["per pair", "per activity"])
def test_volumetric_laws_are_divided_by_the_volume(law, convention):
    rate, values = {
        "collision": (
            "law: collision, radii: [0.2 nm, 0.3 nm], molar-masses: [0.012 kg/mol, 0.024 kg/mol]",
            {"radii": [0.2e-9, 0.3e-9], "molar-masses": [0.012, 0.024], "barrier": 0.0},
        ),
        "encounter": (
            "law: encounter, relative-diffusivity: 6e-10 m^2/s, encounter-distance: 0.6 nm",
            {"relative-diffusivity": 6e-10, "encounter-distance": 0.6e-9},
        ),
    }[law]
    expected = float(RATE_LAWS[law].rate_constant(values, temperature=ROOM)) / VOLUME
    compartment = f"volume: {VOLUME} m^3, rate-constants: {convention}"
    assert one_rate("A + B => C", rate, compartment) == pytest.approx(expected, rel=1e-12)
    assert one_rate("2 A => D", rate, compartment) == pytest.approx(expected, rel=1e-12)
    held = SPECIES.replace("B: {formula: C, count: 3}", "B: {formula: C, activity: 0.2}")
    found = one_rate("A + B => C", rate, compartment, species=held)
    assert found == pytest.approx(expected * 0.2 * CAPACITY, rel=1e-12)


def test_tunnelling_through_the_solution_takes_the_default_decay_and_the_distance():
    species = "solution: {A: {formula: C, count: 4}, B: {formula: C, charge: -1, count: 3}}\n"
    rate = "law: butler-volmer, prefactor: 5 1/s, standard-potential: 0.1 V"
    step = ("A + e- <=> B", rate, "tunnelling: true")
    rest = "tunnelling: {decay: {default: 12 1/nm}}\n"
    rates, _ = molecular_rates(solution_deck([step], "distance: 0.6 nm", species, rest))
    assert rates == pytest.approx([5 * math.exp(-7.2)] * 2, rel=1e-12)
    assert molecular_rates(solution_deck([step], "", species, rest))[0] == pytest.approx([5, 5], rel=1e-12)
    far = molecular_rates(solution_deck([step], "distance: 6 nm", species, rest))[0]
    assert far.tolist() == [0, 0]  # beyond the cutoff


def test_reorganization_of_the_solvent_is_that_at_the_distance_of_the_compartment():
    species = "solution: {A: {formula: C, count: 4}, B: {formula: C, charge: -1, count: 3}}\n"
    rate = (
        "law: marcus, standard-potential: 0.3 V, inner-reorganization-energy: 0.5 eV, outer-reorganization-energy: "
        "{{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: {}}}"
    )
    step = "A + e- => B"
    for distance in ("0.6 nm", "2 nm"):
        found = one_rate(step, rate.format("site"), f"distance: {distance}", species=species)
        assert found == pytest.approx(one_rate(step, rate.format(distance), species=species), rel=1e-12)


# --- detailed balance -----------------------------------------------------------------------------------------


def network(compartment):
    steps = [(equation, f"{FREE}: {energy} eV") for equation, energy in NETWORK.items()]
    return molecular_rates(solution_deck(steps, compartment))


def ideal_solution(count):
    """Weight of a state: prod_s (N_A V c0 exp(-g_s/kT))^n_s / n_s!."""
    parts = (
        (CAPACITY * math.exp(-g / (BOLTZMANN_EV * ROOM))) ** n / math.factorial(n)
        for g, n in zip(ENERGIES.values(), count, strict=True)
    )
    return math.prod(parts)


@pytest.mark.parametrize("convention", ["per pair", "per activity"])
def test_network_balances_in_counts_with_the_ideal_solution(convention):
    """Every process and its reverse, from every state, cycles and like molecules included."""
    rates, tables = network(f"volume: {VOLUME} m^3, rate-constants: {convention}")
    n_checked = 0
    for count in product(range(5), repeat=5):
        for forward in range(0, len(rates), 2):
            there = propensity(tables, rates, forward, count)
            if there > 0:
                after = changed(tables, forward, count)
                back = propensity(tables, rates, forward + 1, after)
                assert there * ideal_solution(count) == pytest.approx(back * ideal_solution(after), rel=1e-10)
                n_checked += 1
    assert n_checked > 5000


def test_both_conventions_agree_on_the_reverse_where_they_agree_on_the_process():
    """2 A <=> D with k per pair, and the same process with k per activity, k_pair N_A V c0/2."""
    steps = [("2 A <=> D", f"{FREE}: -0.035 eV")]
    pair, _ = molecular_rates(solution_deck(steps, f"volume: {VOLUME} m^3"))
    steps = [("2 A <=> D", f"law: constant, rate-constant: {3 * CAPACITY / 2} 1/s, reaction-free-energy: -0.035 eV")]
    activity, _ = molecular_rates(solution_deck(steps, f"volume: {VOLUME} m^3, rate-constants: per activity"))
    assert pair == pytest.approx(activity, rel=1e-12)


@pytest.mark.parametrize("equation", NETWORK)
def test_without_volume_the_ratio_is_between_combinations(equation):
    deck = solution_deck([(equation, f"{FREE}: {NETWORK[equation]} eV")])
    forward, backward = molecular_rates(deck)[0]
    assert forward == 3.0
    assert forward / backward == pytest.approx(math.exp(-NETWORK[equation] / (BOLTZMANN_EV * ROOM)), rel=1e-12)


def test_volumetric_process_balances_as_well():
    rate = "law: encounter, relative-diffusivity: 6e-10 m^2/s, encounter-distance: 0.6 nm, reaction-free-energy"
    steps = [("A + B <=> C", f"{rate}: -0.04 eV"), ("2 A <=> D", f"{rate}: -0.035 eV")]
    for convention in ("per pair", "per activity"):
        deck = solution_deck(steps, f"volume: {VOLUME} m^3, rate-constants: {convention}")
        rates, tables = molecular_rates(deck)
        count = (4, 3, 2, 2, 3)
        for forward in (0, 2):
            after = changed(tables, forward, count)
            there = propensity(tables, rates, forward, count) * ideal_solution(count)
            back = propensity(tables, rates, forward + 1, after) * ideal_solution(after)
            assert there == pytest.approx(back, rel=1e-10)


def test_exchange_with_the_lattice_balances_in_counts():
    """Adsorption of one molecule and of two: a = n/(N_A V c0), n (n - 1) for two of a kind, on the way back as well."""
    text = f"""\
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [20, 20], fill: vacant}}
protocol: {{temperature: {ROOM} K, potential: 0 V}}
compartment: {{volume: {VOLUME} m^3}}
species: {{vacant: {{phase: liquid}}, A*: {{formula: C, phase: dissolved}}, D*: {{formula: C2, phase: dissolved}}}}
solution: {{A: {{formula: C, count: 4}}, N2: {{formula: N2, activity: 0.5}}, H2: {{formula: H2, phase: gas}}}}
processes:
- {{name: one, equation: vacant + A <=> A*, rate: {{{FREE}: -0.05 eV}}}}
- {{name: two, equation: vacant + 2 A + N2 <=> D* + N2, rate: {{{FREE}: 0.02 eV}}}}
- {{name: exchange, equation: A* + A <=> D*, rate: {{{FREE}: 0.07 eV}}}}
"""
    mechanism = compile_mechanism(parse_deck(text))
    tables = compile_solution_tables(mechanism)
    rates = mechanism.rate_constants(ROOM, 0.0, 1e-9) * mechanism.molecular
    back = np.exp(np.array([-0.05, 0.02, 0.07]) / (BOLTZMANN_EV * ROOM))
    assert rates[0::2] == pytest.approx([3 / CAPACITY, 2 * 1.5 / CAPACITY**2, 3 / CAPACITY], rel=1e-12)
    assert rates[1::2] == pytest.approx([3 * back[0], 1.5 * back[1], 3 * back[2]], rel=1e-12)
    assert tables.exchange_order[:, 0].tolist() == [1, 0, 2, 0, 1, 0]
    assert tables.exchange_change[:, 0].tolist() == [-1, 1, -2, 2, -1, 1]
    assert tables.species.tolist() == [0, 2]  # N2 is held
    assert len(tables.rates(mechanism, ROOM, 0.0, 1e-9)) == 0


def test_pair_written_by_hand_is_judged_in_counts():
    rate = "law: arrhenius, prefactor: {} 1/s, barrier: {} eV, reaction-free-energy: {} eV"
    right = {
        "": 3.0,
        f"volume: {VOLUME} m^3": 3 * CAPACITY / 2,
        f"volume: {VOLUME} m^3, rate-constants: per activity": 3.0,
    }
    for compartment, prefactor in right.items():
        for factor, is_right in ((1, True), (2, False), (0.5, False)):
            back = rate.format(factor * prefactor, 0.235, 0.035)
            deck = solution_deck([("2 A => D", rate.format(3, 0.2, -0.035)), ("D => 2 A", back)], compartment)
            if is_right:
                compile_mechanism(deck)
            else:
                with pytest.raises(DeckError, match="is the reverse of 'step 1', but at"):
                    compile_mechanism(deck)


# --- what is compiled -----------------------------------------------------------------------------------------


def test_solution_processes_stand_behind_those_of_the_lattice():
    head = HEAD.replace("EC: {formula: C3H4O3, activity: 0.5}", "EC: {formula: C3H4O3, count: 9}\n  EC-: "
                        "{formula: C3H4O3, charge: -1, count: 0}")
    volt = "{law: butler-volmer, prefactor: 5 1/s, standard-potential: 0.1 V}"
    mechanism = compile_mechanism(deck_of(
        ("EC + e- <=> EC-", volt), ("electrolyte + LiEC+ + e- <=> LiEC", volt), ("RO => LiEC", "{law: constant, "
         "rate-constant: 1 1/s}"), head=head))
    assert [process.name for process in mechanism.processes] == [
        "step 2", "step 2 (reverse)", "step 3", "step 1", "step 1 (reverse)"]
    assert [process.index for process in mechanism.processes] == [0, 1, 2, 3, 4]
    assert [process.reverse_of for process in mechanism.processes] == [None, 0, None, None, 3]
    assert mechanism.n_lattice == 3
    assert mechanism.electrons.tolist() == [1, -1, 0, 1, -1]
    tables = compile_solution_tables(mechanism)
    assert tables.species.tolist() == [1, 2, 3]  # EC, EC- and the gas, which is produced and counted
    assert not tables.has_exchange


def test_deck_without_finite_species_has_no_solution_of_its_own():
    step = ("2 RO => LEDC + electrolyte + C2H4", "{law: constant, rate-constant: 1 1/s}")
    mechanism = compile_mechanism(deck_of(step))
    assert compile_solution_tables(mechanism) is None
    assert (mechanism.molecular == 1.0).all()


def test_catalyst_reacts_and_does_not_change():
    _, tables = molecular_rates(solution_deck([("A + C => E + C", "law: constant, rate-constant: 3 1/s")]))
    assert dict(zip(tables.reactant_species.tolist(), tables.reactant_order.tolist(), strict=True)) == {0: 1, 2: 1}
    assert dict(zip(tables.change_species.tolist(), tables.change.tolist(), strict=True)) == {0: -1, 4: 1}

# SPDX-License-Identifier: BSD-3-Clause
"""Lateral interactions from deck to dynamics: rates, detailed balance, and equilibrium against exact solutions.

Copies. A deck of a square lattice is run on many independent slabs at once (`physics.ensembles`), so that errors come
from copies and need no model of correlations.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from physics.ensembles import run_to, z_score
from physics.test_ising import CRITICAL, exact_energy
from reference_energy import ReferenceEnergy

from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.interactions import compile_interactions
from kmc.model import Model
from kmc.tables import compile_tables
from kmc_core import Engine

LIMIT = 3.0
"""float: standard errors beyond which a mean fails; a false alarm in 0.3 % of the seeds for each."""

# --- rates: three lattices, two species, clusters of one to four sites --------------------------------------

CLUSTERS = {
    "square": [
        ("alone", [(0, 0)], "B", -0.013),
        ("pair", [(0, 0), (1, 0)], "AA", -0.11),
        ("mixed pair", [(0, 0), (0, 1)], "AB", 0.07),
        ("diagonal", [(0, 0), (1, -1)], "AB", -0.0333333333),
        ("third shell", [(0, 0), (2, 0)], "BB", 0.021),
        ("corner", [(0, 0), (1, 0), (0, 1)], "AAB", 0.05),
        ("line", [(0, 0), (1, 0), (2, 0)], "ABA", -0.04),
        ("block", [(0, 0), (1, 0), (0, 1), (1, 1)], "AABB", 0.3),
    ],
    "simple cubic": [
        ("pair", [(0, 0, 0), (1, 0, 0)], "AA", -0.09),
        ("mixed pair", [(0, 0, 0), (0, 0, 1)], "AB", 0.05),
        ("diagonal", [(0, 0, 0), (1, 1, 0)], "BB", -0.03),
        ("space diagonal", [(0, 0, 0), (1, 1, 1)], "AA", 0.011),
        ("corner", [(0, 0, 0), (1, 0, 0), (0, 1, 0)], "BAA", 0.06),
        ("tripod", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], "BAAA", -0.2),
        ("wall", [(0, 0, 0), (0, 0, 1)], "EA", -0.15),
    ],
    "fcc": [
        ("pair", [(0, 0, 0), (1, 0, 0)], "AA", -0.08),
        ("mixed pair", [(0, 0, 0), (0, 1, 0)], "AB", 0.04),
        ("triangle", [(0, 0, 0), (1, 0, 0), (0, 1, 0)], "AAA", 0.09),
        ("tetrahedron", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], "AAAB", -0.25),
    ],
}
LATTICES = {
    "square": ("type: square, spacing: 1 nm, size: [6, 5], boundaries: {x: periodic, z: walls}", "[[0,0],[1,0],[1,1]]"),
    "simple cubic": (
        "type: simple cubic, spacing: 1 nm, size: [4, 3, 4], layers: [{species: E, from: 0, to: 0}]",
        "[[0,0,0],[1,0,0],[0,0,1]]",
    ),
    "fcc": ("type: fcc, surface: 111, spacing: 1 nm, size: [4, 4, 3]", "[[0,0,0],[1,0,0],[0,1,0]]"),
}
TEMPERATURE, POTENTIAL = 420.0, 0.13
THERMAL = BOLTZMANN_EV * TEMPERATURE
# name -> equation, rate, forward barrier E0 and free energy dG0 (None: no barrier) [eV], transfer coefficient
PROCESSES = {
    "adsorption": ("vacant + gas <=> A", "{law: arrhenius, prefactor: 1e3 1/s, barrier: 0.12 eV, "
                   "reaction-free-energy: -0.05 eV}", 0.12, -0.05, 0.3),
    "hidden": ("vacant + gas <=> B", "{law: eyring, barrier: -0.02 eV, reaction-free-energy: 0.08 eV}",
               -0.02, 0.08, 0.5),
    "dissociation": ("vacant + vacant + dimer <=> A + A", "{law: constant, rate-constant: 3 1/s, "
                     "reaction-free-energy: 0.1 eV}", None, 0.1, 0.8),
    "turn": ("A <=> B", "{law: arrhenius, prefactor: 50 1/s, barrier: 0.3 eV, reaction-free-energy: -0.1 eV}",
             0.3, -0.1, 0.0),
    "charge": ("vacant + cation + e- <=> A", "{law: butler-volmer, prefactor: 20 1/s, standard-potential: 0.1 V}",
               None, POTENTIAL - 0.1, 1.0),
    "hop": ("A + vacant => vacant + A", "{law: arrhenius, prefactor: 70 1/s, barrier: 0.04 eV}", 0.04, 0.0, 0.5),
    "swap": ("A + B => B + A", "{law: constant, rate-constant: 2 1/s}", None, 0.0, 0.5),
    "triple": ("A + B + vacant <=> B + vacant + A", "{law: arrhenius, prefactor: 9 1/s, barrier: 0.1 eV, "
               "reaction-free-energy: 0 eV}", 0.1, 0.0, 0.6),
}  # fmt: skip


def cluster_lines(clusters):
    """The section `interactions` of a deck."""
    text = "interactions:\n  transfer: 0.5\n  clusters:\n"
    for name, sites, species, energy in clusters:
        places = [list(site) for site in sites]
        text += f"  - {{name: {name}, sites: {places}, species: [{', '.join(species)}], energy: {energy!r} eV}}\n"
    return text


def mixed_model(kind):
    """Model of the processes above on a lattice."""
    lattice, bent = LATTICES[kind]
    electrode = "  E: {phase: electrode}\n" if kind == "simple cubic" else ""
    text = f"""\
run: {{duration: 1 s}}
lattice: {{{lattice}, fill: vacant}}
protocol: {{temperature: {TEMPERATURE} K, potential: {POTENTIAL} V}}
species:
  vacant: {{phase: liquid}}
  A: {{phase: dissolved, formula: C}}
  B: {{phase: dissolved, formula: C}}
{electrode}solution:
  gas: {{formula: C, activity: 0.4}}
  dimer: {{formula: C2, activity: 2}}
  cation: {{formula: C, charge: 1, activity: 0.5}}
{cluster_lines(CLUSTERS[kind])}processes:
"""
    for name, (equation, rate, _, _, transfer) in PROCESSES.items():
        text += f"- name: {name}\n  equation: {equation}\n  rate: {rate}\n  transfer: {transfer}\n"
        text += f"  geometry: {bent}\n" if name == "triple" else ""
    return Model.of(parse_deck(text))


def reference_of(kind, model):
    """Energies of configurations without sums around sites."""
    index = {each.name: each.index for each in model.mechanism.species}
    clusters = []
    for _, sites, species, energy in CLUSTERS[kind]:
        offsets = [(site[1], 0, site[0]) if len(site) == 2 else site[::-1] for site in sites]
        clusters.append((offsets, tuple(index[name] for name in species), energy))
    return ReferenceEnergy(clusters, model.lattice)


def engine_at(model, species, seed=1, tables=None, interactions=None):
    """Engine of a model with the given species."""
    tables, interactions = tables or model.tables, interactions or model.interactions
    engine = Engine(
        species, model.lattice.periodic, tables.rules, np.random.PCG64DXSM(seed), interactions=interactions
    )
    engine.set_rates(model.rates(0.0), interactions)
    return engine


def random_species(model, generator):
    """A configuration of vacant, A and B; the electrode stays."""
    initial = model.initial()
    species = generator.integers(0, 3, initial.shape, dtype=np.uint8)
    return np.where(initial == 0, species, initial)


def base_rate(model, process):
    """Rate constant for one placement without interactions [1/s]."""
    potential, temperature = model.protocol.at(0.0)
    constants = model.mechanism.rate_constants(temperature, potential, model.lattice.spacing)
    return constants[process.index] / model.tables.symmetry[process.index]


def expected_factor(process, change):
    """What an energy change [eV] makes of a rate: exp(-(E(dE) - E(0))/kT) with the floors, in either direction."""
    _, _, barrier, free_energy, transfer = PROCESSES[process.name.removesuffix(" (reverse)")]
    backward = process.reverse_of is not None
    ahead = -change if backward else change

    def crossed(energy):
        if barrier is None:
            return transfer * energy
        return max(barrier + transfer * energy, free_energy + energy, 0.0)

    shift = crossed(ahead) - crossed(0.0) - (ahead if backward else 0.0)
    return np.exp(-shift / THERMAL)


@pytest.mark.parametrize("kind", LATTICES)
def test_rates_of_a_deck_follow_the_energy_of_the_whole_lattice(kind):
    """Every event at every site of 6 configurations, rates to 1e-12, energies by distances alone."""
    model = mixed_model(kind)
    reference, generator = reference_of(kind, model), np.random.default_rng(11)
    configurations = [random_species(model, generator) for _ in range(6)]
    engine, firsts = stacked(model, configurations)
    seen, changes = set(), set()
    for species, first in zip(configurations, firsts, strict=True):
        for site in range(species.size):
            for number, rate, places, new in engine.rates_at(first + site):
                if max(places) >= first + species.size or min(places) < first:
                    continue  # it leaves the configuration
                process = model.mechanism.processes[number]
                change = reference.change(species, np.array(places) - first, new)
                expected = base_rate(model, process) * expected_factor(process, change)
                assert rate == pytest.approx(expected, rel=1e-12), (process.name, change)
                seen.add(number)
                changes.add(round(change, 9))
    assert seen == set(range(len(model.mechanism.processes)))
    assert len(changes) > 50
    assert min(changes) < -0.3 < 0.3 < max(changes)


def summed_events(engine, sites, first=0):
    """{(process, changed sites less `first`, their new species): rate}, summed over placements that do the same."""
    found = {}
    for site in sites:
        for number, rate, places, new in engine.rates_at(site + first):
            key = (number, *zip(*sorted((place - first, s) for place, s in zip(places, new, strict=True)), strict=True))
            found[key] = found.get(key, 0.0) + rate
    return found


def stacked(model, configurations):
    """One engine with many configurations above each other, too far apart to notice, and the first site of each."""
    gap = 3
    padded = [np.concatenate([each, np.zeros_like(each[:1]).repeat(gap, axis=0)]) for each in configurations]
    return engine_at(model, np.concatenate(padded)), [index * padded[0].size for index in range(len(padded))]


def log_activities(model, process):
    """ln of the activities that the forward process consumes."""
    forward = process if process.reverse_of is None else model.mechanism.processes[process.reverse_of]
    orders = forward.activity_orders.items()
    return sum(order * np.log(model.mechanism.solution[index].activity.value) for index, order in orders)


@pytest.mark.parametrize("kind", LATTICES)
def test_every_event_is_in_detailed_balance_with_its_way_back(kind):
    """ln k(s -> s') - ln k(s' -> s) = -(H(s') - H(s) + dG0)/kT for every third event of a configuration, to 1e-11."""
    model = mixed_model(kind)
    reference = reference_of(kind, model)
    species = random_species(model, np.random.default_rng(12))
    reverse_of = {process.reverse_of: process.index for process in model.mechanism.processes}
    events = list(summed_events(engine_at(model, species), range(species.size)).items())[::3]
    configurations = []
    for (_, places, new), _ in events:
        configurations.append(species.copy())
        configurations[-1].ravel()[list(places)] = new
    engine, first = stacked(model, configurations)
    on_a_floor = 0
    for index, ((number, places, new), rate) in enumerate(events):
        process = model.mechanism.processes[number]
        back = reverse_of.get(number, number) if process.reverse_of is None else process.reverse_of
        old = tuple(species.ravel()[list(places)].tolist())
        backward = summed_events(engine, places, first[index])[back, places, old]
        _, _, barrier, energy, transfer = PROCESSES[process.name.removesuffix(" (reverse)")]
        sign = 1.0 if process.reverse_of is None else -1.0
        change = sign * reference.change(species, places, new)
        expected = sign * (log_activities(model, process) - (change + energy) / THERMAL)
        assert np.log(rate / backward) == pytest.approx(expected, abs=1e-11), process.name
        on_a_floor += barrier is not None and barrier + transfer * change < max(energy + change, 0.0)
    assert on_a_floor > 5


# --- equilibrium: the Ising model ---------------------------------------------------------------------------

PAIR = -0.1  # eV; particles n = (1 + s)/2 have J = -PAIR/4 = 0.025 eV, and no field at dG0 = -2 PAIR
LATTICE_GAS = """\
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [{size}, {size}], fill: vacant, boundaries: {{x: periodic, z: {z}}}}}
protocol: {{temperature: {temperature!r} K, potential: 0 V}}
species: {{vacant: {{phase: liquid}}, A: {{phase: dissolved, formula: C}}, B: {{phase: dissolved, formula: C}}}}
solution: {{gas: {{formula: C, activity: 1}}}}
{interactions}processes:
{processes}"""
EXCHANGE = """\
- name: adsorption
  equation: vacant + gas <=> A
  rate: {law: arrhenius, prefactor: 8 1/s, barrier: 0.1 eV, reaction-free-energy: 0.2 eV}
  transfer: 0.3
- name: pair
  equation: 2 vacant + 2 gas <=> 2 A
  rate: {law: constant, rate-constant: 0.2 1/s, reaction-free-energy: 0.4 eV}
- name: hop
  equation: A + vacant => vacant + A
  rate: {law: arrhenius, prefactor: 0.5 1/s, barrier: 0.05 eV}
- name: turn around a corner
  equation: A + A + vacant => A + vacant + A
  geometry: [[0, 0], [1, 0], [0, 1]]
  rate: {law: constant, rate-constant: 0.1 1/s}
"""


def copies_of(text, n_copies, species, seed):
    """Engine with independent slabs of the box of a deck, one for each y."""
    model = Model.of(parse_deck(text))
    lattice = replace(model.lattice, shape=(model.lattice.shape[0], n_copies, model.lattice.shape[2]))
    tables = compile_tables(model.mechanism, lattice)
    temperature = model.protocol.at(0.0)[1]
    interactions = compile_interactions(model.mechanism, lattice, tables.rules, temperature)
    return engine_at(model, species.reshape(lattice.shape), seed, tables, interactions)


def ising_gas(size, coupling, n_copies, species, seed):
    """Engine at J/kT = coupling."""
    clusters = [("pair", [(0, 0), (1, 0)], "AA", PAIR)]
    temperature = float(-PAIR / 4 / coupling / BOLTZMANN_EV)
    text = LATTICE_GAS.format(
        size=size, z="periodic", temperature=temperature, interactions=cluster_lines(clusters), processes=EXCHANGE
    )
    return copies_of(text, n_copies, species, seed)


@pytest.mark.parametrize(
    ("coupling", "size", "start", "stop"),
    [
        (0.25, 8, 3, 13),
        (0.38, 8, 6, 30),
        (0.5, 8, 10, 40),
        pytest.param(CRITICAL, 8, 100, 400, marks=pytest.mark.verify),
    ],
)
def test_lattice_gas_of_one_two_and_three_site_processes_is_the_ising_model(coupling, size, start, stop):
    """Energy and coverage of 100 tori at particle-hole symmetry against Kaufman's finite torus, |z| < 3 (0.3 % each).

    Single, pair and hop rates follow different transfer coefficients and floors. Below the critical temperature half of
    the copies start full, half of them empty, so that the coverage is that of both phases together.
    """
    n_copies = 100
    species = np.random.default_rng(31).integers(0, 2, (size, n_copies, size), dtype=np.uint8)
    if coupling > CRITICAL:
        species[:, ::2], species[:, 1::2] = 0, 1
    engine = ising_gas(size, coupling, n_copies, species, seed=32)
    pairs, coverage = [], []
    for time in np.linspace(start, stop, 40):
        gas = run_to(engine, time).reshape(species.shape).astype(np.int64)
        pairs.append((gas * (np.roll(gas, 1, axis=0) + np.roll(gas, 1, axis=2))).mean(axis=(0, 2)))
        coverage.append(gas.mean(axis=(0, 2)))
    # With n = (1 + s)/2, H = PAIR sum n n - 2 PAIR sum n is -J sum s s + 2 J for each site.
    energy = PAIR * (np.mean(pairs, axis=0) - 2 * np.mean(coverage, axis=0))
    exact = -PAIR / 4 * (exact_energy(size, coupling) + 2)
    z = z_score(energy, exact), z_score(np.mean(coverage, axis=0), 0.5)
    print(f"J/kT {coupling:.4f}: {energy.mean():.6f} eV ({exact:.6f}), coverage {np.mean(coverage):.4f}, z {z}")
    assert max(map(abs, z)) < LIMIT
    assert (engine.event_count > 0).all()


# --- equilibrium: every state of a small box ----------------------------------------------------------------

SMALL = """\
- name: adsorption
  equation: vacant + gas <=> A
  rate: {law: arrhenius, prefactor: 10 1/s, barrier: 0.06 eV, reaction-free-energy: 0.02 eV}
- name: pair
  equation: 2 vacant + 2 gas <=> 2 A
  rate: {law: constant, rate-constant: 0.5 1/s, reaction-free-energy: 0.04 eV}
- name: hop
  equation: A + vacant => vacant + A
  rate: {law: arrhenius, prefactor: 3 1/s, barrier: 0.05 eV}
"""
OTHER = """\
- name: turn
  equation: A <=> B
  rate: {law: arrhenius, prefactor: 9 1/s, barrier: 0.02 eV, reaction-free-energy: -0.03 eV}
  transfer: 0.2
- name: swap
  equation: A + B => B + A
  rate: {law: constant, rate-constant: 1 1/s}
"""
TORUS = [
    ("pair", [(0, 0), (1, 0)], "AA", -0.06),
    ("diagonal", [(0, 0), (1, 1)], "AA", 0.03),
    ("corner", [(0, 0), (1, 0), (0, 1)], "AAA", 0.012),
]
SLAB = [
    ("pair", [(0, 0), (1, 0)], "AA", 0.02),
    ("mixed pair", [(0, 0), (1, 0)], "AB", -0.015),
    ("diagonal", [(0, 0), (1, 1)], "BB", -0.012),
    ("corner", [(0, 0), (1, 0), (0, 1)], "AAB", 0.02),
    ("block", [(0, 0), (1, 0), (0, 1), (1, 1)], "ABBA", -0.04),
]


def shares_of_states(text, clusters, n_copies, n_samples, interval, seed):
    """How often each state of a small box is met, and its Boltzmann share.

    Returns
    -------
    found, expected : int64, float64, shape (n_states,)
        Visits in snapshots of all copies, and what they should be.
    """
    model = Model.of(parse_deck(text))
    (nz, _, nx), n_species = model.lattice.shape, 2 + ("turn" in text)
    index = {each.name: each.index for each in model.mechanism.species}
    reference = ReferenceEnergy(
        [([(z, 0, x) for x, z in sites], [index[name] for name in species], e) for _, sites, species, e in clusters],
        model.lattice,
    )
    alone = np.array([0.0, 0.02, -0.01])  # free energies of vacant, A and B by themselves [eV]
    states = np.array(list(product(range(n_species), repeat=nz * nx)), dtype=np.uint8)
    thermal = BOLTZMANN_EV * model.protocol.at(0.0)[1]
    weight = np.exp([-(reference.energy(state) + alone[state].sum()) / thermal for state in states])
    start = np.random.default_rng(seed).integers(0, n_species, (nz, n_copies, nx), dtype=np.uint8)
    engine = copies_of(text, n_copies, start, seed)
    found = np.zeros(len(states), dtype=np.int64)
    place_value = n_species ** np.arange(nz * nx)[::-1]
    for sample in range(1, n_samples + 1):
        species = run_to(engine, interval * sample).reshape(start.shape)
        found += np.bincount(np.moveaxis(species, 1, 0).reshape(n_copies, -1) @ place_value, minlength=len(states))
    assert (engine.event_count > 0).all()
    return found, weight / weight.sum() * found.sum()


def chi_square_excess(found, expected):
    """Standard deviations by which chi-square over states exceeds its mean."""
    assert expected.min() > 5.0
    chi_square = ((found - expected) ** 2 / expected).sum()
    degrees = len(expected) - 1
    return (chi_square - degrees) / np.sqrt(2 * degrees)


@pytest.mark.parametrize("transfer", [0.0, 0.5, 1.0])
def test_every_state_of_a_small_torus_has_its_boltzmann_share(transfer):
    """Two shells and a three-body cluster on a 3 x 3 torus: all 512 states, whatever the barriers do.

    2000 copies, 10 snapshots 6 or more relaxation times apart. chi-square over the states within 4 standard deviations
    of its mean (1e-4 each).
    """
    text = LATTICE_GAS.format(
        size=3, z="periodic", temperature=1200.0, interactions=cluster_lines(TORUS), processes=SMALL
    ).replace("transfer: 0.5", f"transfer: {transfer}")
    found, expected = shares_of_states(text, TORUS, 2000, 10, 0.4, seed=41)
    excess = chi_square_excess(found, expected)
    print(f"transfer {transfer}: {expected.min():.1f} to {expected.max():.0f} visits, excess {excess:.2f}")
    assert abs(excess) < 4.0


def test_every_state_of_a_small_slab_of_two_species_has_its_boltzmann_share():
    """Clusters of two to four sites, A, B and vacant on 3 x 2 sites between walls: all 729 states.

    3000 copies; every process has a transfer coefficient and floors of its own; else as above.
    """
    text = LATTICE_GAS.format(
        size=3, z="walls", temperature=1800.0, interactions=cluster_lines(SLAB), processes=SMALL + OTHER
    ).replace("size: [3, 3]", "size: [3, 2]")
    found, expected = shares_of_states(text, SLAB, 3000, 10, 1.0, seed=42)
    excess = chi_square_excess(found, expected)
    print(f"{expected.min():.1f} to {expected.max():.0f} visits, excess {excess:.2f}")
    assert abs(excess) < 4.0
